/*
 * smtp_plan - what is asked of one host, worked out before it is connected to.
 *
 * First what is written for the next hop (smtp_policy).  At level dane the
 * host's TLSA records are looked up; where it has none, the level is may.  At
 * level may the domain's owner is asked, where somebody can do that
 * (smtp_plan_ask_sts()): what he says holds instead.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dane.h"
#include "dsn.h"
#include "smtp_hosts.h"
#include "smtp_outcome.h"
#include "smtp_policy.h"
#include "sts_policy.h"

/* What a message asks for beside (RFC 8689). */
enum smtp_wish {
	SMTP_WISH_USUAL,
	SMTP_WISH_REQUIRE,  /* a host that proves a name which is from no DNS */
	SMTP_WISH_OPTIONAL, /* whatever the domain's owner says */
};

typedef void smtp_planned_fn(void *owner);

struct smtp_plan {
	struct smtp_tls_policy tls;

	/* Why the host is left alone; NULL: it is not.  It can be reached all
	 * the same, and other next hops may ask less of it, so it is no fault
	 * of the destination. */
	const char *why;
	enum fault fault;
	enum smtp_tls_result result;

	struct dane_lookup dane;
	enum smtp_wish wish;
	struct arena *arena;
	const char *nexthop;
	const struct smtp_host *host;
	smtp_planned_fn *done;
	void *owner;
	void *question; /* of who asks for the policy of MTA-STS */
	bool unlisted;  /* a policy that is only tested does not name it */
};

/* Calls done when it is over, which may be before this returns.  Host and next
 * hop are borrowed; results are in the arena. */
void smtp_plan_start(struct smtp_plan *p, struct arena *a,
    const struct smtp_host *host, const char *nexthop, enum smtp_wish wish,
    smtp_planned_fn *done, void *owner);

/* Never calls done any more. */
void smtp_plan_stop(struct smtp_plan *p);

/* ---- MTA-STS (RFC 8461) ---- */

/* Who knows the policies of domains.  ask() leads to smtp_plan_sts_said() or
 * smtp_plan_sts_failed(), also before it returns, unless drop() is called;
 * p->question is its own, and NULL where nothing is under way. */
struct smtp_sts_calls {
	void (*ask)(struct smtp_plan *p, const char *domain);
	void (*drop)(struct smtp_plan *p);
};
void smtp_plan_ask_sts(const struct smtp_sts_calls *calls);

/* STS_NONE also where none could be had.  The mx patterns are parted by
 * blanks. */
void smtp_plan_sts_said(struct smtp_plan *p, enum sts_mode mode,
    const char *mx);

/* It cannot be known now: mail waits. */
void smtp_plan_sts_failed(struct smtp_plan *p);
