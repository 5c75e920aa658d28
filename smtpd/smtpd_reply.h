/*
 * smtpd_reply - what the client hears, and what the log says of it.
 *
 * Text from outside may be put into a reply as it is: everything passes
 * str_printable() here.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

/* Queues one line and gives its code, so that a refusal is one line of code.
 * An empty status is left out (RFC 2034: 220, 354 and EHLO have none). */
int smtpd_reply(struct smtpd_session *s, int code, const char *status,
    const char *fmt, ...) PRINTFLIKE(4, 5);

/* A line of a longer reply, which goes on. */
void smtpd_reply_more(struct smtpd_session *s, int code, const char *fmt, ...)
    PRINTFLIKE(3, 4);

/* Says a verdict that is not fine, and logs it as "reject".  421 also ends the
 * session. */
int smtpd_refuse(struct smtpd_session *s, struct smtpd_verdict v);

/* Only logs it, as "reject_warning". */
void smtpd_refuse_not(const struct smtpd_session *s, struct smtpd_verdict v);

/* The same for one that was found here. */
#define smtpd_refuse_with(s, c, st, t)           \
	smtpd_refuse(s,                          \
	    (struct smtpd_verdict){ .code = (c), \
		.status = (st),                  \
		.text = (t) })
