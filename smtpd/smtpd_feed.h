/*
 * smtpd_feed - the way of a message to cleanup.
 *
 * A feed begins with the first recipient, gives the message its queue id,
 * and collects.  A small message goes to cleanup whole when its end has
 * come, a larger one streams as soon as it is known to be larger; a client
 * is not read while too much waits for cleanup.
 *
 * cleanup's answer ends the feed.  A cleanup that dies fails its feeds with
 * 451, so the client keeps the message; a client that is gone before the
 * answer changes nothing, because the message is cleanup's by then.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "smtpd_conn.h"

/* The recipient that was just accepted (tx.rcpt). */
void smtpd_feed_rcpt(struct smtpd_conn *c);

/* May content come? */
struct smtpd_verdict smtpd_feed_ready(struct smtpd_conn *c);

void smtpd_feed_content(struct smtpd_conn *c, const char *bytes, size_t n);
struct smtpd_verdict smtpd_feed_end(struct smtpd_conn *c);

/* A message of our own to the postmaster, header and all, for whose fate nobody
 * waits; false where cleanup is not there. */
MUST_CHECK bool smtpd_feed_notice(const char *to, struct buf *text);

/* The transaction is over for the client. */
void smtpd_feed_drop(struct smtpd_conn *c);

/* What arrives from cleanup, and its end. */
chan_fn smtpd_feed_done;
void smtpd_feed_peer_ended(const struct chan *c);

/* Lets those read on for whom cleanup has room again; once a round. */
void smtpd_feed_each_round(void);

/* How many wait for cleanup's answer and have no client any more. */
uint32_t smtpd_feed_orphans(void);
