/*
 * smtp_resolve - from a next hop to the hosts to try, by the DNS.
 *
 * RFC 5321 5.1: the MX records of a domain, or the domain itself where it has
 * none; RFC 7505: one that wants no mail.  No answer is never taken for "none".
 * Zero is one that was not started.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dns.h"
#include "dsn.h"
#include "smtp_hosts.h"

typedef void smtp_resolved_fn(void *owner);

struct smtp_lookup;

struct smtp_resolve {
	struct smtp_hosts hosts; /* in the order to try */
	struct dsn fate;         /* OUTCOME_NONE where there are hosts */
	struct smtp_target target;

	const char *nexthop;
	struct arena *arena;
	smtp_resolved_fn *done;
	void *owner;
	struct dns_query *mx;
	struct smtp_lookup *lookups; /* of addresses */
	size_t n_lookups, waiting;
	struct dsn failure; /* the worst of those that found nothing */
	bool mx_secure;     /* DNSSEC proves who the hosts are */
	bool probe;         /* do not look at what failed before */
};

/* Calls done when it is over, which may be before this returns; then nothing in
 * r is touched any more.  Results are in the arena. */
void smtp_resolve_start(struct smtp_resolve *r, struct arena *a,
    const char *nexthop, bool probe, smtp_resolved_fn *done, void *owner);

/* Never calls done any more. */
void smtp_resolve_stop(struct smtp_resolve *r);
