/*
 * seal_forward - messages that go on to another host for a recipient of ours:
 * what smtp puts on top of them, and who is their sender there.
 *
 * The sender is SRS's (seal_srs.h).  On top goes an ARC set (RFC 8617) that
 * says what this host found out when the message came, as its own
 * Authentication-Results have it; the body is read a piece of each message in
 * turn.  Where there is no key for arc_seal_domain, or the chain of the message
 * cannot go on, it goes without a set.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

chan_fn seal_forward_ask;
void seal_forward_peer_ended(const struct chan *c);
uint32_t seal_forward_busy(void);

/* So many were sealed. */
uint64_t seal_forward_count(void);
