/*
 * qmgr_wake - destinations that somebody says may be up again.
 *
 * ETRN (RFC 1985) is answered here and not in smtpd: the list of domains for
 * which it may be said, and how often that does something, are checked behind
 * the program that speaks with strangers.  An smtpd in wrong hands can try the
 * domains of fast_flush_domains now and then, and nothing else.
 *
 * A domain's destination is found by its route, in no more time than that
 * takes.  The domains below one ("@example.org"), and those of a transport that
 * takes one recipient at a time, are looked for among all destinations.  The
 * messages of the queue are never gone through.
 *
 * A connection from a host that is down says as much as ETRN does.  So each
 * smtpd is told the addresses of those hosts, as far as they are of domains for
 * which we are backup or relay (qmgr_provider.h), and tells of a client that
 * has one; of others it says nothing.
 *
 * Who asks again too soon gets the same answer, and nothing is done: a domain
 * is tried once in destination_probe_time, and a client has WAKE_BURST tries a
 * minute.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

#define WAKE_BURST 100

/* Before the rights are given up; ends in log_fatal where a list is wrong. */
void wake_open(void);

/* A `wake` from smtpd. */
chan_fn wake_asked;

/* An smtpd has come: it is told what to watch for. */
void wake_peer(struct chan *c);

/* All are told, where that has changed; call it after events. */
void wake_tell(void);
