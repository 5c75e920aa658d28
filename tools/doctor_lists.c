/*
 * The domains that this host takes mail for, and the clients that may send to
 * any: whether strangers can use it to relay.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "cidr.h"
#include "doctor.h"
#include "domains.h"
#include "listfile.h"
#include "route.h"
#include "table.h"

#define LIST(name, p)                                                       \
	{                                                                   \
		.parameter = #name, .value = offsetof(struct params, name), \
		.part = (p)                                                 \
	}

const struct doctor_list doctor_lists[] = {
	LIST(mydestination, PART_FINAL),
	LIST(virtual_alias_domains, PART_FINAL),
	LIST(virtual_mailbox_domains, PART_FINAL),
	LIST(relay_domains, PART_RELAY),
	LIST(backup_mx_domains, PART_BACKUP),
};
const size_t doctor_n_lists = ARRAY_LEN(doctor_lists);

const char *
doctor_value(const struct doctor_list *l)
{
	const char *const *at = (const void *)((const char *)&params +
	    l->value);

	return *at;
}

/* ---- walking ---- */

struct walk {
	struct doctor *d;
	const struct doctor_list *list;
	doctor_domain_fn *fn;
};

static void
on_domain(void *arg, const char *name)
{
	const struct walk *w = arg;

	w->fn(w->d, w->list, arena_strdup(&w->d->arena, name));
}

static void
on_closed(void *arg, const char *spec)
{
	const struct walk *w = arg;

	doctor_say(w->d, FINDING_OK, w->list->parameter, NULL,
	    "%s cannot be listed: its domains are not looked at", spec);
}

void
doctor_each_domain(struct doctor *d, const struct doctor_list *l,
    doctor_domain_fn *fn)
{
	struct walk w = { d, l, fn };
	const char *why = "";

	if (!domains_each(doctor_value(l), on_domain, on_closed, &w, &why))
		doctor_say(d, FINDING_FAIL, l->parameter, "mend the list", "%s",
		    why);
}

void
doctor_each_final(struct doctor *d, doctor_domain_fn *fn)
{
	for (size_t i = 0; i < doctor_n_lists; i++)
		if (doctor_lists[i].part == PART_FINAL)
			doctor_each_domain(d, &doctor_lists[i], fn);
}

/* ---- domains ---- */

static bool
list_has(const struct doctor_list *l, const char *domain)
{
	const char *why;
	struct namelist *n = namelist_open(doctor_value(l), &why);
	bool parents = param_has_word(params.parent_domain_matches_subdomains,
	    l->parameter);
	bool has = n != NULL && namelist_has(n, domain, parents) == FOUND_ONE;

	namelist_close(&n);
	return has;
}

/* A name that is in nobody's list, so a list that has it has every name. */
static const char nobodys[] = "nobody.posthouse-check.invalid";

/* The first list counts; what stands in a later one has no effect. */
static void
look_at_domain(struct doctor *d, const struct doctor_list *l,
    const char *domain)
{
	for (const struct doctor_list *other = doctor_lists; other < l; other++)
		if (list_has(other, domain)) {
			doctor_say(d, FINDING_WARN, domain,
			    "leave it in one of the two lists",
			    "it is in %s and in %s: only the first counts",
			    other->parameter, l->parameter);
			return;
		}
}

/* With parents, "org" would stand for every domain below it. */
static bool
on_relay_item(void *arg, struct slice item, bool negated, const char **why)
{
	(void)why;
	if (!negated && memchr(item.at, '.', item.len) == NULL &&
	    memchr(item.at, ':', item.len) == NULL && item.at[0] != '[' &&
	    !slice_eq_nocase(item, "localhost"))
		doctor_say(arg, FINDING_FAIL, "relay_domains",
		    "name the domains that are yours",
		    "%.*s stands for all domains that end so", (int)item.len,
		    item.at);
	return true;
}

void
doctor_domains(struct doctor *d)
{
	const char *why;
	bool open = false;

	for (size_t i = 0; i < ARRAY_LEN(doctor_lists); i++) {
		const struct doctor_list *l = &doctor_lists[i];

		if (list_has(l, nobodys)) {
			open = true;
			doctor_say(d, FINDING_FAIL, l->parameter,
			    "name the domains that are yours",
			    "it has every domain: anybody can send mail to "
			    "anybody through this host");
		} else {
			doctor_each_domain(d, l, look_at_domain);
		}
	}
	if (param_has_word(params.parent_domain_matches_subdomains,
		"relay_domains") &&
	    !listfile_each(slice_of(params.relay_domains), on_relay_item, d,
		&why))
		return; /* said by the walk above */
	if (!open)
		doctor_say(d, FINDING_OK, "domains", NULL,
		    "strangers can send to ours alone");
}

/* ---- clients ---- */

/* What a network of clients may be at most, in bits; private ones may be
 * whole. */
#define BITS_FAIL_IPV4 8
#define BITS_WARN_IPV4 16
#define BITS_FAIL_IPV6 20
#define BITS_WARN_IPV6 32

static bool
is_inner(const struct cidr *net)
{
	static const char *const inner[] = { "127.0.0.0/8", "10.0.0.0/8",
		"172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"169.254.0.0/16", "fc00::/7", "fe80::/10" };
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
		struct cidr whole;

		if (cidr_parse(slice_of(inner[i]), &whole, &why) &&
		    whole.bits <= net->bits && cidr_has(&whole, net))
			return true;
	}
	return false;
}

static bool
on_network(void *arg, struct slice item, bool negated, const char **why)
{
	struct doctor *d = arg;
	struct cidr net;

	if (negated || !cidr_parse(item, &net, why) || is_inner(&net))
		return true;
	bool six = strchr(arena_memdup(&d->arena, item.at, item.len), ':');
	unsigned int fail = six ? BITS_FAIL_IPV6 : BITS_FAIL_IPV4;
	unsigned int warn = six ? BITS_WARN_IPV6 : BITS_WARN_IPV4;

	if (net.bits < warn)
		doctor_say(d, net.bits < fail ? FINDING_FAIL : FINDING_WARN,
		    "mynetworks", "name only the networks whose hosts you know",
		    "%.*s is very wide: all in it may send to anybody",
		    (int)item.len, item.at);
	return true;
}

/* Strangers: addresses that are nobody's (RFC 5737, 3849). */
static const char *const strangers[] = { "192.0.2.77", "198.51.100.77",
	"203.0.113.77", "2001:db8::77" };

void
doctor_networks(struct doctor *d)
{
	const char *why;
	struct netlist *n = netlist_open(params.mynetworks, &why);
	size_t in = 0;

	for (size_t i = 0; n != NULL && i < ARRAY_LEN(strangers); i++)
		in += netlist_has(n, strangers[i]) == FOUND_ONE;
	netlist_close(&n);
	if (in == ARRAY_LEN(strangers) ||
	    (in > 1 && str_eq(params.inet_protocols, "ipv4"))) {
		doctor_say(d, FINDING_FAIL, "mynetworks",
		    "name only the networks whose hosts you know",
		    "every stranger is in it: this is an open relay");
		return;
	}
	if (!listfile_each(slice_of(params.mynetworks), on_network, d, &why))
		doctor_say(d, FINDING_FAIL, "mynetworks", "mend the list", "%s",
		    why);
	else if (in == 0)
		doctor_say(d, FINDING_OK, "mynetworks", NULL,
		    "strangers are not in it");
}
