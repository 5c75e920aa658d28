/*
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_plan.h"

#include "param.h"
#include "smtp_anchor.h"
#include "str.h"

static const struct smtp_sts_calls *sts;

void
smtp_plan_ask_sts(const struct smtp_sts_calls *calls)
{
	sts = calls;
}

/* ---- the end ---- */

/* What the domain's owner promises is proof enough; else the name must be one
 * that nobody could have slipped in. */
static bool
is_proof(const struct smtp_tls_policy *p)
{
	return p->level > SMTP_TLS_ENCRYPT && !p->testing;
}

static void
leave_alone(struct smtp_plan *p, enum fault fault, enum smtp_tls_result result,
    const char *why)
{
	p->why = why;
	p->fault = fault;
	p->result = result;
	p->done(p->owner);
}

static void
settle(struct smtp_plan *p)
{
	const char *why;

	if (p->wish == SMTP_WISH_OPTIONAL && p->tls.level == SMTP_TLS_DANE)
		p->tls.level = SMTP_TLS_MAY;
	if (p->wish == SMTP_WISH_REQUIRE && !is_proof(&p->tls)) {
		p->tls.testing = false;
		p->tls.match = NULL;
		p->tls.level = SMTP_TLS_SECURE;
	}
	/* Where TLS comes first there is no clear text to go back to. */
	if (params.smtp_tls_wrappermode && p->tls.level < SMTP_TLS_ENCRYPT)
		p->tls.level = SMTP_TLS_ENCRYPT;
	smtp_policy_settle(&p->tls, p->tls.level);
	if (smtp_anchor_has(p->arena, p->tls.anchors, &why))
		p->done(p->owner);
	else
		leave_alone(p, FAULT_LOCAL, SMTP_TLS_FAILED, why);
}

/* ---- MTA-STS ---- */

/* A policy is about the MX hosts of a domain, not about hosts that were
 * named. */
static bool
may_have_sts(const struct smtp_plan *p)
{
	return sts != NULL && p->tls.level == SMTP_TLS_MAY &&
	    p->wish != SMTP_WISH_OPTIONAL && p->nexthop[0] != '[' &&
	    p->host->port == SMTP_PORT;
}

void
smtp_plan_sts_said(struct smtp_plan *p, enum sts_mode mode, const char *mx)
{
	p->question = NULL;
	if (mode == STS_NONE) {
		settle(p);
		return;
	}
	smtp_policy_obey_sts(&p->tls);
	p->tls.testing = mode == STS_TESTING;
	p->unlisted = !sts_mx_matches(mx, p->host->name);
	if (!p->unlisted || p->tls.testing)
		settle(p);
	else
		leave_alone(p, FAULT_MESSAGE, SMTP_TLS_FAILED,
		    arena_printf(p->arena,
			"host %s[%s] is not among the MX hosts that the "
			"MTA-STS policy of the domain lists",
			p->host->name, p->host->address));
}

void
smtp_plan_sts_failed(struct smtp_plan *p)
{
	p->question = NULL;
	leave_alone(p, FAULT_LOCAL, SMTP_TLS_FAILED,
	    "MTA-STS policy lookup failure");
}

static void
ask_owner(struct smtp_plan *p)
{
	struct smtp_target t;
	const char *why;

	if (may_have_sts(p) &&
	    smtp_target_parse(p->arena, p->nexthop, &t, &why))
		sts->ask(p, t.host); /* p may be gone */
	else
		settle(p);
}

/* ---- DANE ---- */

static bool
is_must(const struct smtp_plan *p)
{
	return p->tls.level == SMTP_TLS_DANE_ONLY;
}

static void
without_dane(struct smtp_plan *p, const char *why)
{
	if (is_must(p)) {
		leave_alone(p, FAULT_MESSAGE, SMTP_TLS_DANE_REQUIRED,
		    arena_printf(p->arena,
			"DANE is required, but of host %s[%s] %s",
			p->host->name, p->host->address, why));
		return;
	}
	p->tls.level = SMTP_TLS_MAY;
	ask_owner(p);
}

/* Whether the host has to prove anything, besides being encrypted to (RFC 7672
 * 2.2). */
static bool
must_prove(const struct smtp_plan *p)
{
	return p->dane.result.found == DANE_RECORDS &&
	    (p->host->mx_secure ||
		!str_eq(params.smtp_tls_dane_insecure_mx_policy, "encrypt"));
}

static void
use_dane(struct smtp_plan *p)
{
	p->tls.origin = SMTP_TLS_BY_DANE;
	p->tls.dane = &p->dane.result;
	if (must_prove(p)) {
		p->tls.level = SMTP_TLS_DANE;
		settle(p);
	} else if (is_must(p)) {
		leave_alone(p, FAULT_MESSAGE, SMTP_TLS_TLSA_INVALID,
		    arena_printf(p->arena,
			"DANE is required, but of host %s[%s] no TLSA record "
			"is usable",
			p->host->name, p->host->address));
	} else {
		p->tls.level = SMTP_TLS_ENCRYPT;
		settle(p);
	}
}

static void
on_dane(void *owner)
{
	struct smtp_plan *p = owner;
	const struct dane *d = &p->dane.result;

	switch (d->found) {
	case DANE_NONE:
		without_dane(p, d->why);
		break;
	case DANE_RECORDS:
	case DANE_UNUSABLE:
		use_dane(p);
		break;
	case DANE_FAILED:
		leave_alone(p,
		    d->resolver_down ? FAULT_RESOLVER : FAULT_MESSAGE,
		    SMTP_TLS_DNSSEC_INVALID, d->why);
		break;
	}
}

/* Where the MX records may be forged, the host may be anybody's. */
static bool
mx_will_do(const struct smtp_plan *p)
{
	return p->host->mx_secure ||
	    (!is_must(p) &&
		!str_eq(params.smtp_tls_dane_insecure_mx_policy, "may"));
}

static void
ask_dane(struct smtp_plan *p)
{
	if (!str_eq(params.smtp_dns_support_level, "dnssec"))
		without_dane(p, "nothing is proved (smtp_dns_support_level)");
	else if (!dns_is_trusted())
		without_dane(p, "nothing is proved (dns_trusted_servers)");
	else if (!mx_will_do(p))
		without_dane(p, "the MX record is not signed");
	else
		dane_start(&p->dane, p->arena, p->host, on_dane, p);
}

/* ---- the interface ---- */

void
smtp_plan_start(struct smtp_plan *p, struct arena *a,
    const struct smtp_host *host, const char *nexthop, enum smtp_wish wish,
    smtp_planned_fn *done, void *owner)
{
	const char *why;

	*p = (struct smtp_plan){
		.arena = a,
		.host = host,
		.nexthop = nexthop,
		.wish = wish,
		.done = done,
		.owner = owner,
	};
	if (smtp_policy_find(a, nexthop, &p->tls, &why) != FOUND_ONE)
		leave_alone(p, FAULT_LOCAL, SMTP_TLS_FAILED, why);
	else if (p->tls.level == SMTP_TLS_DANE_ONLY ||
	    (p->tls.level == SMTP_TLS_DANE && p->wish != SMTP_WISH_OPTIONAL))
		ask_dane(p);
	else
		ask_owner(p);
}

void
smtp_plan_stop(struct smtp_plan *p)
{
	dane_stop(&p->dane);
	if (p->question != NULL)
		sts->drop(p);
	p->question = NULL;
}
