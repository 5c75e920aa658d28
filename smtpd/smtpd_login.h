/*
 * smtpd_login - which mechanisms a client may use, and its dialogue with the
 * program auth: smtpd hands octets on, both ways, and is told who it is.
 *
 * Every answer has a deadline; where auth is not there, or dies, the client
 * hears 454 and may try again.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "smtpd_conn.h"

/* Reads the parameters. */
void smtpd_login_open(void);

/* What struct smtpd_calls asks; the answer comes by smtpd_conn_answer(). */
void smtpd_login_mechs(const struct smtpd_conn *c, struct buf *out);
enum smtpd_offer smtpd_login_offers(const struct smtpd_conn *c,
    const char *mech);
struct smtpd_verdict smtpd_login_begin(struct smtpd_conn *c, const char *mech,
    const struct slice *response);
struct smtpd_verdict smtpd_login_next(struct smtpd_conn *c,
    struct slice response);

/* Nobody waits for an answer any more. */
void smtpd_login_drop(struct smtpd_conn *c);

/* What arrives from auth, and its end. */
chan_fn smtpd_login_told, smtpd_login_answered;
void smtpd_login_peer_ended(const struct chan *c);
