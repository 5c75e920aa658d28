/*
 * cleanup_seal - what seal has to say about a message, before it is written.
 *
 * Of one from outside the verifying role is asked what its signatures are
 * worth; one of ours is signed by the signing role.  A seal that dies is asked
 * anew when there is another one, once; what is not answered within
 * SEAL_PATIENCE is in doubt: mail from outside is taken and marked so, or put
 * off where DMARC is enforced, and mail of ours is put off, because unsigned it
 * might be refused by others.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "cleanup_mail.h"

#define SEAL_PATIENCE ((int64_t)30000)

/* Before the rights are given up; `done` is called for each message that has
 * its answer, or is lost.  Ends in log_fatal where keys are named and nobody
 * signs. */
void cleanup_seal_open(void (*done)(struct cleanup_mail *m));

/* A message that has come whole.  False: there is nothing to ask. */
MUST_CHECK bool cleanup_seal_ask(struct cleanup_mail *m);

/* Forgets the question. */
void cleanup_seal_drop(struct cleanup_mail *m);

chan_fn cleanup_seal_judged, cleanup_seal_sealed;
void cleanup_seal_peer(struct chan *c);
void cleanup_seal_peer_ended(const struct chan *c);
