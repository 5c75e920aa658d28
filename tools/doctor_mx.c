/*
 * The MX records of every domain that this host serves, and its own place in
 * them, by the same code that the SMTP client uses.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "doctor.h"
#include "dsn.h"
#include "route.h"

/* What the DNS says of a domain. */
struct place {
	struct smtp_resolve r;
	const struct smtp_host *self;   /* our best place, NULL: not listed */
	const struct smtp_host *better; /* the best of those in front of us, or
					   of all where we are not listed */
	bool by_mx; /* our own mail for it goes by its MX records too */
};

static void
find_place(struct doctor *d, const char *domain, struct place *p)
{
	struct route route;
	struct dsn why;

	*p = (struct place){ 0 };
	doctor_resolve(d, domain, &p->r);
	p->self = smtp_hosts_self(&p->r.hosts);
	p->better = p->r.hosts.n > 0 ? &p->r.hosts.at[0] : NULL;
	const char *address = arena_printf(&d->arena, "postmaster@%s", domain);
	p->by_mx = route_resolve(&d->arena, "", address, &route, &why) ==
		FOUND_ONE &&
	    str_eq(route.nexthop, domain);
}

/* ---- the hosts of the list ---- */

/* True where the host was seen before in the list, with another address. */
static bool
is_again(const struct smtp_hosts *h, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(h->at[k].name, h->at[i].name))
			return true;
	return false;
}

static void
look_at_hosts(struct doctor *d, const char *domain, const struct place *p)
{
	const struct smtp_hosts *h = &p->r.hosts;
	size_t n = h->n + h->dropped;

	for (size_t i = 0; i < n; i++)
		if (!is_again(h, i) && !str_eq(h->at[i].name, domain) &&
		    doctor_ask(d, h->at[i].name, DNS_CNAME).status == DNS_OK)
			doctor_say(d, FINDING_WARN, domain,
			    "let the MX record name what the alias leads to",
			    "its MX host %s is an alias (RFC 2181 10.3)",
			    h->at[i].name);
	if (n == 0 || p->r.failure.outcome == OUTCOME_NONE ||
	    p->r.failure.text == NULL)
		return;
	/* One family of addresses is enough. */
	for (size_t i = 0; i < n; i++)
		if (strstr(p->r.failure.text,
			arena_printf(&d->arena, "name=%s ", h->at[i].name)) !=
		    NULL)
			return;
	doctor_say(d, FINDING_WARN, domain,
	    "mend the MX record or give the host an address",
	    "one of its MX hosts is not found: %s", p->r.failure.text);
}

/* ---- what our place means ---- */

static void
say_final(struct doctor *d, const char *domain, const struct place *p)
{
	if (p->self == NULL)
		doctor_say(d, FINDING_WARN, domain,
		    "let an MX record name this host, or set proxy_interfaces "
		    "where it stands behind one",
		    "mail for it goes to %s, and this host is not in the list",
		    p->better->name);
	else if (p->better != NULL)
		doctor_say(d, FINDING_WARN, domain,
		    "give this host the smallest number, or take the domain "
		    "for a backup (backup_mx_domains)",
		    "its best MX is %s (%u), this host has %u", p->better->name,
		    p->better->preference, p->self->preference);
	else
		doctor_say(d, FINDING_OK, domain, NULL,
		    "MX %u %s, this host, is the best", p->self->preference,
		    p->self->name);
}

/* Without a better host, mail that we take for it has nowhere to go. */
static void
say_relay(struct doctor *d, const char *domain, const struct place *p)
{
	if (p->self == NULL)
		doctor_say(d, FINDING_WARN, domain,
		    "take it out of relay_domains, or let an MX record name "
		    "this host",
		    "mail for it goes to %s, and this host is not in the list",
		    p->better->name);
	else if (p->better == NULL && p->by_mx)
		doctor_say(d, FINDING_FAIL, domain,
		    "say where it goes in transport_maps, or take it for one "
		    "of your own",
		    "this host is its best MX, so mail that it takes for it "
		    "loops back");
	else
		doctor_say(d, FINDING_OK, domain, NULL,
		    "MX %u %s, this host, passes it on", p->self->preference,
		    p->self->name);
}

static void
say_backup(struct doctor *d, const char *domain, const struct place *p)
{
	if (p->self == NULL)
		doctor_say(d, FINDING_FAIL, domain,
		    "add an MX record for this host, set proxy_interfaces "
		    "where it stands behind another address, or take the "
		    "domain out of backup_mx_domains",
		    "the DNS does not list this host, which is told to back "
		    "it up: its best MX is %s (%u)",
		    p->better->name, p->better->preference);
	else if (p->better == NULL)
		doctor_say(d, FINDING_FAIL, domain,
		    "give this host a bigger number than the host that keeps "
		    "the mail, or take the domain for one of your own",
		    "the DNS lists this host as best (%u), which is told to "
		    "back it up",
		    p->self->preference);
	else
		doctor_say(d, FINDING_OK, domain, NULL,
		    "MX %u %s, this host, is the backup of %s (%u)",
		    p->self->preference, p->self->name, p->better->name,
		    p->better->preference);
}

static void
look_at(struct doctor *d, const struct doctor_list *l, const char *domain)
{
	static void (*const say[])(struct doctor * d, const char *domain,
	    const struct place *p) = {
		[PART_FINAL] = say_final,
		[PART_RELAY] = say_relay,
		[PART_BACKUP] = say_backup,
	};
	struct place p;

	find_place(d, domain, &p);
	if (p.self == NULL && p.better == NULL) {
		bool later = p.r.fate.outcome == OUTCOME_DEFER;

		doctor_say(d, later ? FINDING_WARN : FINDING_FAIL, domain,
		    later ? "see to the name servers"
			  : "add an MX record, or take it out of the list",
		    "in %s: %s", l->parameter, p.r.fate.text);
		return;
	}
	say[l->part](d, domain, &p);
	look_at_hosts(d, domain, &p);
}

void
doctor_mx(struct doctor *d)
{
	for (size_t i = 0; i < doctor_n_lists; i++)
		doctor_each_domain(d, &doctor_lists[i], look_at);
}
