/*
 * cleanup_header - the header of a message: what is taken out, completed, and
 * put in front.
 *
 * Received goes in front of everything that passes.  Date, Message-ID and From
 * are added, where they are missing, to what is submitted on this host or with
 * authentication; addresses without a domain are completed in what is submitted
 * on this host.  Mail of others is passed on as it came, but for the fields
 * that no message in transit may have (Return-Path, Bcc).
 *
 * Authentication-Results (RFC 8601) goes on top of what comes from outside, and
 * fields that claim to be ours are taken out of whatever does not come from a
 * host of mynetworks, which may have written them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "cleanup_mail.h"

/* The collected header is complete: what stays goes to the draft, with the
 * empty line behind it, and what was taken of the body. */
void cleanup_header_end(struct cleanup_mail *m);

/* The fields that are missing in what is submitted here. */
void cleanup_header_missing(struct cleanup_mail *m, struct buf *out);

/* The fields that stand in front of the content: signatures of ours, results,
 * Received, and those that were missing. */
void cleanup_header_front(const struct cleanup_mail *m, struct buf *out);
