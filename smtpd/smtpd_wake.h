/*
 * smtpd_wake - what qmgr is asked to try now: by ETRN, and for a client that it
 * watches for.
 *
 * qmgr decides both; here is only the way there.  Every question has a
 * deadline, and a qmgr that dies fails what it was asked.  qmgr sends the list
 * of addresses to watch for when it changes, so that a client which is not in
 * it costs nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

#include "chan.h"

#define WAKE_PATIENCE ((int64_t)10000)

typedef void smtpd_wake_fn(void *owner, struct smtpd_verdict v);

/* Asks, and calls back later: gives the number of the question, 0 where there
 * is nobody to ask. */
MUST_CHECK uint32_t smtpd_wake_etrn(const char *node, const char *client,
    smtpd_wake_fn *fn, void *owner);

/* The question is not answered any more; 0 is none. */
void smtpd_wake_drop(uint32_t *question);

/* A client has connected. */
void smtpd_wake_client(const char *address);

/* What arrives from qmgr, and its end. */
chan_fn smtpd_wake_answered;
chan_fn smtpd_wake_watch;
void smtpd_wake_peer_ended(const struct chan *c);

/* What is said where there is no answer. */
struct smtpd_verdict smtpd_wake_unable(void);
