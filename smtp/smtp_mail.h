/*
 * smtp_mail - one message on its way to one host: who shall have it, and what
 * became of each.
 *
 * The fate of a recipient: SENT and BOUNCE are final; DEFER may be tried at the
 * next host.  `fault` is FAULT_DESTINATION where the host could not be talked
 * with at all, FAULT_MESSAGE where it did not want this.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dsn.h"
#include "msg.h"
#include "smtp_content.h"
#include "smtp_offer.h"
#include "smtp_plan.h"

struct smtp_rcpt {
	const char *address; /* internal form */
	const char *shown;   /* what the host is told instead, or NULL */
	struct dsn fate;     /* OUTCOME_NONE: to be tried */
	int code;            /* of the reply to RCPT that decided, of a probe */
	enum vetted verdict; /* what that says of the address */
	bool accepted;       /* by RCPT */
	bool tried;          /* is part of this attempt */
};

struct smtp_mail {
	const char *sender; /* internal form, "" is null */
	const char *shown;  /* what the host is told instead, or NULL */
	uint64_t size;
	struct smtp_source source;
	struct smtp_rcpt *rcpts;
	size_t n_rcpts;
	struct arena *arena; /* for texts of fates */
	int64_t began;       /* when MAIL was said; 0: not yet */
	bool probe; /* no message: only asks whether a recipient exists */
	bool etrn;  /* no message: the addresses are domains, for each of which
		       ETRN is said; texts of fates are the replies */
	bool over;
	bool stale; /* the connection was an old one and ended before the
		       server said anything to this mail: try a fresh one */
};

/* What is said in MAIL and RCPT. */
static inline const char *
smtp_mail_from(const struct smtp_mail *m)
{
	return m->shown != NULL ? m->shown : m->sender;
}

static inline const char *
smtp_mail_to(const struct smtp_rcpt *r)
{
	return r->shown != NULL ? r->shown : r->address;
}

/* Starts an attempt: those without a fate are tried. */
void smtp_mail_begin(struct smtp_mail *m);

/* The next recipient from i on that this attempt is about, or n_rcpts. */
size_t smtp_mail_next(const struct smtp_mail *m, size_t i);

/* Decides about one who is tried and has no fate yet; about all of them.  The
 * text is copied. */
void smtp_mail_decide(struct smtp_mail *m, struct smtp_rcpt *r,
    enum outcome outcome, enum fault fault, const char *status,
    const char *text);
void smtp_mail_decide_rest(struct smtp_mail *m, enum outcome outcome,
    enum fault fault, const char *status, const char *text);

/* Nobody may have it but who proves his name under TLS and promises to ask the
 * same of the next (RFC 8689); but a notification, which has no sender to go
 * back to, is rather sent than lost. */
bool smtp_mail_insists(const struct smtp_mail *m);

/* The host does not do that.  Where no other one does either, it is for
 * ever. */
#define SMTP_MAIL_LACKS "4.7.30"
bool smtp_mail_lacks(const struct smtp_mail *m);

/* What it asks of the way to a host. */
enum smtp_wish smtp_mail_wish(const struct smtp_mail *m);

/* What can be said before the host is asked: size, 8-bit content, addresses.
 * False where nobody is left to be tried.  Where the content must be converted,
 * `content` is ready for it after. */
MUST_CHECK bool smtp_mail_check(struct smtp_mail *m,
    const struct smtp_offer *offer, const char *host,
    struct smtp_content *content);
