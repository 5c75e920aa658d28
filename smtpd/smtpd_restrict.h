/*
 * smtpd_restrict - the lists of restrictions that a client has to pass:
 * smtpd_client_, helo_, sender_, relay_ and recipient_restrictions, each of
 * them judged at RCPT, in that order, as with Postfix's smtpd_delay_reject;
 * and smtpd_etrn_restrictions.
 *
 * What permits ends its list, and the next one begins; what refuses ends
 * all. Local programs pass.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

struct smtpd_conn;

/* Part of a connection: where the recipient stands that is being judged. */
struct smtpd_passing {
	const char *address; /* completed */
	size_t list, item;   /* to be judged next */
	bool ours;           /* mail for it is taken from anybody */
	bool asks;           /* whether a host has a recipient is asked */
	bool found;          /* the DNS has answered the item that is next */
};

/* Before the rights are given up.  Ends in log_fatal where a list is wrong, or
 * none of them keeps strangers from sending mail through this host. */
void smtpd_restrict_open(void);

/* May mail go to this recipient?  Perhaps later: smtpd_policy_passed() comes
 * then, unless it is refused. */
struct smtpd_verdict smtpd_restrict_rcpt(struct smtpd_conn *c,
    const char *address, bool ours);

/* A list's question was answered well: the rest of them. */
struct smtpd_verdict smtpd_restrict_go_on(struct smtpd_conn *c);

struct smtpd_verdict smtpd_restrict_etrn(struct smtpd_conn *c,
    const char *node);
