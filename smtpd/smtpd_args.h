/*
 * smtpd_args - the arguments of MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3), VRFY
 * and ETRN.
 *
 *	"FROM:" Reverse-path [SP Mail-parameters]
 *	"TO:" Forward-path [SP Rcpt-parameters]
 *
 * On failure `why` is the reply, and the transaction is as it was but for
 * memory in its arena.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

/* Sets sender, announced and flags. */
MUST_CHECK bool smtpd_parse_mail(struct smtpd_transaction *tx, const char *args,
    struct smtpd_verdict *why);

/* Gives the recipient apart. */
MUST_CHECK bool smtpd_parse_rcpt(struct smtpd_transaction *tx, const char *args,
    struct addr *rcpt, struct smtpd_verdict *why);

/* The argument of VRFY: a path, with or without its brackets. */
MUST_CHECK bool smtpd_parse_vrfy(struct arena *a, const char *args,
    struct addr *rcpt, struct smtpd_verdict *why);

/* The argument of ETRN, one option and a domain or address literal, in lower
 * case (RFC 1985 5.2). */
MUST_CHECK bool smtpd_parse_etrn(struct arena *a, const char *args,
    const char **node, struct smtpd_verdict *why);
