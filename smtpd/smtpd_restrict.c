/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_restrict.h"

#include <string.h>

#include "log.h"
#include "param.h"
#include "restrict.h"
#include "smtpd_cert.h"
#include "smtpd_conn.h"
#include "smtpd_remote.h"

enum about {
	CLIENT,
	HELO,
	SENDER,
	RCPT
};

/* clang-format off */
static const struct {
	const char *name;
	const char *const *value;
	const char *stage; /* in replies */
	enum about about;  /* what they name */
} rows[] = {
	{ "smtpd_client_restrictions",    &params.smtpd_client_restrictions,    "Client host",       CLIENT },
	{ "smtpd_helo_restrictions",      &params.smtpd_helo_restrictions,      "Helo command",      HELO   },
	{ "smtpd_sender_restrictions",    &params.smtpd_sender_restrictions,    "Sender address",    SENDER },
	{ "smtpd_relay_restrictions",     &params.smtpd_relay_restrictions,     "Recipient address", RCPT   },
	{ "smtpd_recipient_restrictions", &params.smtpd_recipient_restrictions, "Recipient address", RCPT   },
};
/* clang-format on */

#define LISTS ARRAY_LEN(rows)

static struct restrictions *lists[LISTS];
static struct restrictions *etrn;
static struct tables owners;

static struct restrictions *
open_list(const char *name, const char *value)
{
	const char *why;
	struct restrictions *r = restrictions_open(value, &why);

	if (r == NULL)
		log_fatal("%s: %s", name, why);
	return r;
}

/* Postfix does not start without it either. */
static void
want_guard(void)
{
	for (size_t i = 0; i < LISTS; i++)
		if (rows[i].about == RCPT &&
		    restrictions_refuse_relay(lists[i]))
			return;
	log_fatal("smtpd_relay_restrictions, smtpd_recipient_restrictions: one "
		  "of them must have reject_unauth_destination, "
		  "defer_unauth_destination, reject or defer: else anybody "
		  "could send mail anywhere through this host");
}

void
smtpd_restrict_open(void)
{
	const char *why;

	for (size_t i = 0; i < LISTS; i++)
		lists[i] = open_list(rows[i].name, *rows[i].value);
	want_guard();
	etrn = open_list("smtpd_etrn_restrictions",
	    params.smtpd_etrn_restrictions);
	if (!tables_open(&owners, params.smtpd_sender_login_maps, &why))
		log_fatal("smtpd_sender_login_maps: %s", why);
}

/* ---- what is judged ---- */

static const char *
subject_of(const struct smtpd_conn *c, enum about about)
{
	switch (about) {
	case CLIENT:
		return c->s.client.peer;
	case HELO:
		return c->s.helo != NULL ? c->s.helo : "";
	case SENDER:
		return c->s.tx.sender != NULL ? c->s.tx.sender : "";
	case RCPT:
		break;
	}
	return c->passing.address;
}

/* What is the same for all lists. */
static struct restrict_case
case_of(const struct smtpd_conn *c)
{
	struct restrict_case what = {
		.client_name = c->s.client.name,
		.client_addr = c->s.client.addr,
		.trusted = c->trusted,
		.user = c->s.user,
		.helo = c->s.helo,
		.owners = &owners,
	};

	if (c->cert != NULL) {
		what.cert = c->cert->print;
		what.key = c->cert->key;
		what.cert_trusted = c->cert->trusted;
	}
	return what;
}

static struct restrict_case
rcpt_case(const struct smtpd_conn *c, size_t list)
{
	struct restrict_case what = case_of(c);

	what.stage = rows[list].stage;
	what.subject = subject_of(c, rows[list].about);
	what.sender = c->s.tx.sender;
	what.rcpt = c->passing.address;
	what.ours = c->passing.ours;
	return what;
}

/* The verdict lives as long as the transaction. */
static struct smtpd_verdict
refusal(struct smtpd_conn *c, struct restrict_reply *reply)
{
	struct smtpd_verdict v = {
		.code = reply->code,
		.status = arena_strdup(&c->s.tx.arena, reply->status),
		.text = arena_strdup(&c->s.tx.arena, buf_str(&reply->text)),
	};

	buf_free(&reply->text);
	return v;
}

/* ---- judging ---- */

struct smtpd_verdict
smtpd_restrict_go_on(struct smtpd_conn *c)
{
	struct smtpd_passing *p = &c->passing;

	p->asks = false;
	while (p->list < LISTS) {
		struct restrict_case what = rcpt_case(c, p->list);
		struct restrict_reply reply = { 0 };
		enum restrict_answer answer = restrictions_go_on(lists[p->list],
		    &what, &p->item, &reply);

		if (answer == RESTRICT_REFUSE)
			return refusal(c, &reply);
		if (answer == RESTRICT_ASK_RCPT) {
			struct smtpd_verdict v = smtpd_remote_verify(c,
			    p->address);

			p->asks = v.code == 0;
			if (v.code != 250)
				return v;
			continue;
		}
		p->list++;
		p->item = 0;
	}
	return SMTPD_FINE;
}

struct smtpd_verdict
smtpd_restrict_rcpt(struct smtpd_conn *c, const char *address, bool ours)
{
	c->passing = (struct smtpd_passing){ .address = address, .ours = ours };
	return c->local ? SMTPD_FINE : smtpd_restrict_go_on(c);
}

struct smtpd_verdict
smtpd_restrict_etrn(struct smtpd_conn *c, const char *node)
{
	struct restrict_reply reply = { 0 };
	struct restrict_case what = case_of(c);

	what.stage = "Etrn command";
	what.subject = node + strspn(node, "@#");
	return restrictions_judge(etrn, &what, &reply) == RESTRICT_REFUSE
	    ? refusal(c, &reply)
	    : SMTPD_FINE;
}
