/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_restrict.h"

#include <string.h>

#include "log.h"
#include "param.h"
#include "restrict.h"
#include "route.h"
#include "smtpd_cert.h"
#include "smtpd_conn.h"
#include "smtpd_policy.h"
#include "smtpd_remote.h"
#include "smtpd_reply.h"

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
	if (restrictions_ask(etrn))
		log_fatal("smtpd_etrn_restrictions: what has to ask the DNS or "
			  "another host cannot be used here");
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
		.reverse_name = c->s.client.reverse != NULL
		    ? c->s.client.reverse
		    : c->s.client.name,
		.name_doubt = c->s.client.name_doubt,
		.reverse_doubt = c->s.client.reverse_doubt,
		.client_addr = c->s.client.addr,
		.trusted = c->networks,
		.tls = c->s.tls != NULL,
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
	if (c->passing.found)
		what.found = &c->domain.found;
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

/* ---- questions ---- */

/* Mail for domains of ours is delivered here, whatever the DNS has of them. */
static enum found
is_delivered_here(const char *domain)
{
	enum route_class class;

	if (route_classify(domain, &class) == FOUND_FAILED)
		return FOUND_FAILED;
	return class == ROUTE_RELAY || class == ROUTE_OTHER ? FOUND_NONE
							    : FOUND_ONE;
}

static void
on_known(struct smtpd_domain *d)
{
	struct smtpd_conn *c = container_of(d, struct smtpd_conn, domain);

	c->passing.found = true;
	struct smtpd_verdict v = smtpd_restrict_go_on(c);
	if (v.code == 250)
		v = smtpd_policy_passed(c);
	if (v.code != 0)
		smtpd_conn_judged(c, v);
}

/* True where what is asked for is known now. */
static bool
ask_dns(struct smtpd_conn *c, struct restrict_reply *reply)
{
	struct arena *a = &c->s.tx.arena;
	const char *name = arena_strdup(a, buf_str(&reply->text));
	enum found here = FOUND_NONE;

	buf_free(&reply->text);
	if (reply->question == RESTRICT_MAIL_DOMAIN)
		here = is_delivered_here(name);
	if (here == FOUND_NONE)
		return c->passing.found = smtpd_domain_ask(&c->domain, a,
			   reply->question, name, on_known);
	c->domain = (struct smtpd_domain){ .found = { .found = here } };
	return c->passing.found = true;
}

/* ---- judging ---- */

/* The lists let pass what they would perhaps not let pass, did one know who the
 * client is. */
static struct smtpd_verdict
passed(struct smtpd_conn *c)
{
	if (c->networks != FOUND_FAILED || c->s.user != NULL)
		return SMTPD_FINE;
	return (struct smtpd_verdict){
		.code = 451,
		.status = "4.3.0",
		.text = "mynetworks: Temporary lookup failure",
	};
}

/* What an item has answered: code 0 where it waits, or, with *more, where the
 * list goes on. */
static struct smtpd_verdict
obey(struct smtpd_conn *c, enum restrict_answer answer,
    struct restrict_reply *reply, bool *more)
{
	struct smtpd_passing *p = &c->passing;
	struct smtpd_verdict v = SMTPD_LATER;

	*more = false;
	switch (answer) {
	case RESTRICT_REFUSE:
		return refusal(c, reply);
	case RESTRICT_WARN:
		smtpd_refuse_not(&c->s, refusal(c, reply));
		*more = true;
		break;
	case RESTRICT_ASK_DNS:
		*more = ask_dns(c, reply);
		break;
	case RESTRICT_ASK_RCPT:
		v = smtpd_remote_verify(c, p->address);
		p->asks = v.code == 0;
		*more = v.code == 250;
		break;
	case RESTRICT_NONE:
	case RESTRICT_PERMIT:
		p->list++;
		p->item = 0;
		*more = true;
	}
	return v;
}

struct smtpd_verdict
smtpd_restrict_go_on(struct smtpd_conn *c)
{
	struct smtpd_passing *p = &c->passing;

	p->asks = false;
	while (p->list < LISTS) {
		struct restrict_case what = rcpt_case(c, p->list);
		struct restrict_reply reply = { 0 };
		bool more;

		p->found = false;
		enum restrict_answer answer = restrictions_go_on(lists[p->list],
		    &what, &p->item, &reply);
		struct smtpd_verdict v = obey(c, answer, &reply, &more);
		if (!more)
			return v;
	}
	return passed(c);
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
