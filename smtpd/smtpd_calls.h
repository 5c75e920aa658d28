/*
 * smtpd_calls - what a session asks of the program, and what that says.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

struct addr;
struct smtpd_session;

/* What the program says.  A fine verdict without text gets the usual reply. */
struct smtpd_verdict {
	int code;           /* of SMTP; 0: not known yet */
	const char *status; /* "5.1.1" */
	const char *text;   /* copied when it is said */
};

#define SMTPD_LATER ((struct smtpd_verdict){ 0 })
#define SMTPD_FINE  ((struct smtpd_verdict){ .code = 250 })

/* Whether a mechanism of AUTH may be used, or could be under TLS. */
enum smtpd_offer {
	SMTPD_OFFER_NO,
	SMTPD_OFFER_YES,
	SMTPD_OFFER_TLS,
};

struct smtpd_calls {
	/* The clock, in milliseconds. */
	int64_t (*now)(void);

	/* Could hands be shaken now?  Asked where the policy allows it. */
	bool (*can_tls)(const struct smtpd_session *s);

	/* The mechanisms that this client may use now, with a blank in front of
	 * each; whether it may use this one. */
	void (*mechs)(const struct smtpd_session *s, struct buf *out);
	enum smtpd_offer (
	    *offers)(const struct smtpd_session *s, const char *mech);

	/* AUTH, with the initial response or NULL, and each answer: 334 with
	 * the next challenge, in base64, 235 with s->user and s->mech set, or
	 * a refusal.  drop: the client has lost interest. */
	struct smtpd_verdict (*auth)(struct smtpd_session *s, const char *mech,
	    const struct slice *response);
	struct smtpd_verdict (
	    *auth_next)(struct smtpd_session *s, struct slice response);
	void (*auth_drop)(struct smtpd_session *s);

	/* A sender was given (s->tx): may a transaction begin? */
	struct smtpd_verdict (*mail)(struct smtpd_session *s);

	/* May mail go to this recipient (s->tx.rcpt)? */
	struct smtpd_verdict (
	    *rcpt)(struct smtpd_session *s, const struct addr *rcpt);

	/* Does it exist?  The same question outside of a transaction. */
	struct smtpd_verdict (
	    *vrfy)(struct smtpd_session *s, const struct addr *rcpt);

	/* Mail for this node (ETRN's argument in lower case) is to go on
	 * its way now (RFC 1985).  Fine comes with its text. */
	struct smtpd_verdict (*etrn)(struct smtpd_session *s, const char *node);

	/* May content come? */
	struct smtpd_verdict (*data)(struct smtpd_session *s);

	/* Canonical lines, cut anywhere.  May pause the port, or spoil the
	 * transaction. */
	void (*content)(struct smtpd_session *s, const char *bytes, size_t n);

	/* All content was given: is it safe?  Fine comes with its text. */
	struct smtpd_verdict (*end)(struct smtpd_session *s);

	/* The transaction is over, or spoilt: drop what belongs to it.  Comes
	 * more than once, and where there was nothing. */
	void (*forget)(struct smtpd_session *s);
};
