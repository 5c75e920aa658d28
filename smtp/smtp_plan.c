/*
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_plan.h"

#include "str.h"

static const struct smtp_sts_calls *sts;

void
smtp_plan_ask_sts(const struct smtp_sts_calls *calls)
{
	sts = calls;
}

/* ---- the end ---- */

static void
settle(struct smtp_plan *p)
{
	smtp_policy_settle(&p->tls, p->tls.level);
	p->done(p->owner);
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

/* ---- MTA-STS ---- */

/* A policy is about the MX hosts of a domain, not about hosts that were
 * named. */
static bool
may_have_sts(const struct smtp_plan *p)
{
	return sts != NULL && p->tls.level == SMTP_TLS_MAY &&
	    p->nexthop[0] != '[' && p->host->port == SMTP_PORT;
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
	if (sts_mx_matches(mx, p->host->name) || p->tls.testing)
		settle(p);
	else
		leave_alone(p, FAULT_DESTINATION, SMTP_TLS_FAILED,
		    arena_printf(p->arena,
			"host %s[%s] is not among the MX hosts that the "
			"MTA-STS policy of the domain lists",
			p->host->name, p->host->address));
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

/* ---- the interface ---- */

void
smtp_plan_start(struct smtp_plan *p, struct arena *a,
    const struct smtp_host *host, const char *nexthop, smtp_planned_fn *done,
    void *owner)
{
	const char *why;

	*p = (struct smtp_plan){
		.arena = a,
		.host = host,
		.nexthop = nexthop,
		.done = done,
		.owner = owner,
	};
	if (smtp_policy_find(a, nexthop, &p->tls, &why) != FOUND_ONE)
		leave_alone(p, FAULT_LOCAL, SMTP_TLS_FAILED, why);
	else if (p->tls.level == SMTP_TLS_DANE ||
	    p->tls.level == SMTP_TLS_DANE_ONLY)
		leave_alone(p, FAULT_LOCAL, SMTP_TLS_FAILED,
		    "TLS policy error: level dane is not known here");
	else
		ask_owner(p);
}

void
smtp_plan_stop(struct smtp_plan *p)
{
	if (p->question != NULL)
		sts->drop(p);
	p->question = NULL;
}
