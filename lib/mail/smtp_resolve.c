/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "param.h"
#include "smtp_memory.h"

/* MX hosts that are looked at, the best first. */
#define MX_MAX 30

/* A host whose addresses of one family are asked for. */
struct smtp_lookup {
	struct smtp_resolve *of;
	struct dns_query *query;
	const char *name;
	uint16_t preference;
	enum dns_type type;
};

/* ---- results ---- */

static void
decide(struct smtp_resolve *r, enum outcome outcome, enum fault fault,
    const char *status, const char *text)
{
	r->fate = (struct dsn){
		.outcome = outcome,
		.fault = fault,
		.text = text,
	};
	(void)snprintf(r->fate.status, DSN_STATUS_MAX, "%s", status);
}

/* What an answer without records means; a "don't know" outweighs a "no". */
static void
note_failure(struct smtp_resolve *r, const char *name, const char *type,
    const struct dns_answer *answer)
{
	bool later = answer->status == DNS_FAILED;
	struct dsn *f = &r->failure;

	if (f->outcome == OUTCOME_DEFER ||
	    (f->outcome == OUTCOME_BOUNCE && !later))
		return;
	f->outcome = later ? OUTCOME_DEFER : OUTCOME_BOUNCE;
	f->fault = later && answer->resolver_down ? FAULT_RESOLVER
						  : FAULT_DESTINATION;
	(void)snprintf(f->status, DSN_STATUS_MAX, "%s",
	    later ? "4.4.3" : "5.4.4");
	f->text = arena_printf(r->arena,
	    "Host or domain name not found. Name service error for name=%s "
	    "type=%s: %s",
	    name, type, answer->text);
}

static enum smtp_family
leading_family(void)
{
	if (str_eq(params.smtp_address_preference, "ipv4"))
		return SMTP_FAMILY_IPV4;
	if (str_eq(params.smtp_address_preference, "ipv6"))
		return SMTP_FAMILY_IPV6;
	return SMTP_FAMILY_ANY;
}

/* Where we stand in the list ourselves and a better host could not be looked
 * up, it must not be called a loop. */
static void
finish(struct smtp_resolve *r)
{
	if (r->fate.outcome == OUTCOME_NONE) {
		bool loop = smtp_hosts_drop_self(&r->hosts);

		if (r->hosts.n > 0)
			smtp_hosts_order(&r->hosts, leading_family(),
			    params.smtp_randomize_addresses,
			    arc4random_uniform);
		else if (loop && r->failure.outcome != OUTCOME_DEFER)
			decide(r, OUTCOME_BOUNCE, FAULT_NONE, "5.4.6",
			    arena_printf(r->arena,
				"mail for %s loops back to myself",
				r->nexthop));
		else
			r->fate = r->failure;
	}
	r->done(r->owner);
}

/* ---- addresses ---- */

static void
add_host(struct smtp_resolve *r, struct smtp_host h)
{
	h.port = r->target.port;
	h.name = arena_strdup(r->arena, h.name);
	h.address = arena_strdup(r->arena, h.address);
	if (h.canonical != NULL)
		h.canonical = arena_strdup(r->arena, h.canonical);
	h.mx_secure = r->mx_secure;
	h.ipv6 = strchr(h.address, ':') != NULL;
	h.self = h.port == SMTP_PORT &&
	    (own_has(h.address) || str_eq(h.name, params.myhostname));
	h.failed = !r->probe && smtp_memory_has(h.address, h.port, loop_now());
	smtp_hosts_add(&r->hosts, r->arena, &h);
}

static void
on_address(void *owner, const struct dns_answer *answer)
{
	struct smtp_lookup *l = owner;
	struct smtp_resolve *r = l->of;

	l->query = NULL;
	for (size_t i = 0; i < answer->n; i++)
		add_host(r,
		    (struct smtp_host){
			.name = l->name,
			.address = answer->records[i].address,
			.preference = l->preference,
			.canonical = answer->name,
			.secure = answer->authentic,
		    });
	if (answer->status != DNS_OK)
		note_failure(r, l->name, l->type == DNS_A ? "A" : "AAAA",
		    answer);
	if (--r->waiting == 0)
		finish(r);
}

static bool
family_is_used(const char *family)
{
	struct slice rest = slice_of(params.inet_protocols), word;

	while (slice_next_item(&rest, &word))
		if (slice_eq_nocase(word, "all") ||
		    slice_eq_nocase(word, family))
			return true;
	return false;
}

static void
add_lookups(struct smtp_resolve *r, const char *name, uint16_t preference)
{
	static const struct {
		const char *family;
		enum dns_type type;
	} families[] = { { "ipv6", DNS_AAAA }, { "ipv4", DNS_A } };

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (family_is_used(families[i].family))
			r->lookups[r->n_lookups++] = (struct smtp_lookup){
				.of = r,
				.name = arena_strdup(r->arena, name),
				.preference = preference,
				.type = families[i].type,
			};
}

/* All at once.  An answer may come before dns_ask() returns, so what is waited
 * for is counted before, and one more for ourselves. */
static void
ask_addresses(struct smtp_resolve *r)
{
	r->waiting = r->n_lookups + 1;
	for (size_t i = 0; i < r->n_lookups; i++) {
		struct smtp_lookup *l = &r->lookups[i];

		l->query = dns_ask(l->name, l->type, on_address, l);
	}
	if (--r->waiting == 0)
		finish(r);
}

static void
ask_for_one(struct smtp_resolve *r)
{
	r->lookups = arena_new(r->arena, 2 * sizeof(*r->lookups));
	add_lookups(r, r->target.host, 0);
	ask_addresses(r);
}

/* ---- MX records ---- */

static int
by_preference(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;

	return (x->preference > y->preference) -
	    (x->preference < y->preference);
}

/* "." stands for no host at all (RFC 7505 3). */
static bool
is_null_mx(const struct dns_answer *answer)
{
	return answer->n == 1 && answer->records[0].name[0] == '\0';
}

static void
use_mx(struct smtp_resolve *r, const struct dns_answer *answer)
{
	size_t size = answer->n * sizeof(struct dns_record);
	struct dns_record *sorted = arena_new(r->arena, size);
	size_t used = 0;

	memcpy(sorted, answer->records, size);
	qsort(sorted, answer->n, sizeof(*sorted), by_preference);
	r->lookups = arena_new(r->arena, 2 * MX_MAX * sizeof(*r->lookups));
	for (size_t i = 0; i < answer->n && used < MX_MAX; i++)
		if (sorted[i].name[0] != '\0') {
			add_lookups(r, sorted[i].name, sorted[i].preference);
			used++;
		}
	ask_addresses(r);
}

static void
on_mx(void *owner, const struct dns_answer *answer)
{
	struct smtp_resolve *r = owner;

	r->mx = NULL;
	r->mx_secure = answer->authentic;
	if (answer->status == DNS_OK && is_null_mx(answer)) {
		decide(r, OUTCOME_BOUNCE, FAULT_NONE, "5.1.10",
		    arena_printf(r->arena,
			"Domain %s does not accept mail (nullMX)",
			r->target.host));
		finish(r);
	} else if (answer->status == DNS_OK) {
		use_mx(r, answer);
	} else if (answer->status == DNS_NODATA ||
	    (answer->status == DNS_FAILED && params.ignore_mx_lookup_error)) {
		ask_for_one(r);
	} else {
		note_failure(r, r->target.host, "MX", answer);
		finish(r);
	}
}

/* ---- the interface ---- */

void
smtp_resolve_start(struct smtp_resolve *r, struct arena *a, const char *nexthop,
    bool probe, smtp_resolved_fn *done, void *owner)
{
	const char *why;

	*r = (struct smtp_resolve){
		.nexthop = nexthop,
		.arena = a,
		.done = done,
		.owner = owner,
		.probe = probe,
		.mx_secure = true, /* as long as none are asked for */
	};
	if (!smtp_target_parse(a, nexthop, &r->target, &why)) {
		decide(r, OUTCOME_BOUNCE, FAULT_NONE, "5.4.4",
		    arena_printf(a, "%s: %s", why, nexthop));
		finish(r);
	} else if (r->target.literal) {
		add_host(r,
		    (struct smtp_host){
			.name = r->target.host,
			.address = r->target.host,
		    });
		finish(r);
	} else if (!r->target.mx) {
		ask_for_one(r);
	} else {
		struct dns_query *q = dns_ask(r->target.host, DNS_MX, on_mx, r);

		if (q != NULL) /* else r may be gone */
			r->mx = q;
	}
}

void
smtp_resolve_stop(struct smtp_resolve *r)
{
	dns_drop(&r->mx);
	for (size_t i = 0; i < r->n_lookups; i++)
		dns_drop(&r->lookups[i].query);
}
