/*
 * smtpd_policy - who may send, and to whom.
 *
 * Strangers may send to recipients of ours that exist, whom the
 * restrictions let pass to everybody.  Whatever cannot be known now is
 * refused for now (451), and never for good.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_conn.h"

/* Before the rights are given up: the tables, and the counts that the
 * processes of the service share.  Ends in log_fatal where one is wrong. */
void smtpd_policy_open(const char *service);

/* Shows that this process is alive to those that share the counts; from the
 * loop, and again and again by itself. */
void smtpd_policy_run(void);

/* May this client connect?  Also finds out whether it is trusted. */
struct smtpd_verdict smtpd_policy_connect(struct smtpd_conn *c);
void smtpd_policy_leave(struct smtpd_conn *c);

struct smtpd_verdict smtpd_policy_mail(struct smtpd_conn *c);

/* May it try to authenticate?  And: it has failed to. */
struct smtpd_verdict smtpd_policy_auth(struct smtpd_conn *c);
void smtpd_policy_auth_failed(struct smtpd_conn *c);

/* Perhaps answered later, by smtpd_conn_judged(). */
struct smtpd_verdict smtpd_policy_rcpt(struct smtpd_conn *c,
    const struct addr *rcpt);

/* All restrictions are passed: does the recipient exist? */
struct smtpd_verdict smtpd_policy_passed(struct smtpd_conn *c);

/* What seal says of an address of SRS; NULL: nothing. */
struct msg_srs_found;
void smtpd_policy_srs(struct smtpd_conn *c, const struct msg_srs_found *said);

/* May it say ETRN for this node?  What qmgr says of it comes behind. */
struct smtpd_verdict smtpd_policy_etrn(struct smtpd_conn *c, const char *node);

struct smtpd_verdict smtpd_policy_data(struct smtpd_conn *c);
