/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "posthouse_export.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "map.h"
#include "param.h"
#include "route.h"
#include "table.h"
#include "table_type.h"

/* One domain's list in the making. */
struct export
{
	struct recipients *to;
	struct recipients_domain *domain;
	struct map seen;
	bool local; /* names without a domain are its recipients too */
};

static void
add(struct export *x, const char *address)
{
	CLEAN_STR char *folded = xstrdup(address);

	str_lower(folded);
	void **place = map_puts(&x->seen, folded);
	if (*place != NULL)
		return;
	*place = x;
	recipients_add(x->to, x->domain, folded);
}

static void
add_local(struct export *x, const char *user)
{
	CLEAN_BUF struct buf address = { 0 };

	buf_addf(&address, "%s@%s", user, x->domain->name);
	add(x, buf_str(&address));
}

/* A key of a table: an address of the domain, the domain as a whole, or a local
 * name. */
static bool
add_key(void *arg, const char *key, const char *value __attribute__((unused)))
{
	struct export *x = arg;
	const char *at = strrchr(key, '@');

	if (at == NULL && x->local)
		add_local(x, key);
	else if (at != NULL && str_eq_nocase(at + 1, x->domain->name))
		add(x, key);
	return true;
}

static void
add_accounts(struct export *x)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL)
		add_local(x, pw->pw_name);
	endpwent();
}

static void
miss(struct export *x, const char *what, const char *why)
{
	x->domain->complete = false;
	fprintf(stderr, "posthouse: %s: %s: %s: the list is partial\n",
	    x->domain->name, what, why);
}

static void
add_table(struct export *x, const char *spec)
{
	const char *why = "its entries cannot be listed";

	if (str_starts(spec, "passwd:")) {
		add_accounts(x);
		return;
	}
	struct table *t = table_open(spec, &why);
	if (t == NULL || table_whole_keys(t) || table_is_remote(t) ||
	    !table_each(t, add_key, x))
		miss(x, spec, why);
	if (t != NULL)
		table_close(&t);
}

static void
add_tables(struct export *x, const char *list)
{
	struct slice rest = slice_of(list);
	struct slice item;

	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf spec = { 0 };

		buf_add(&spec, item.at, item.len);
		add_table(x, buf_str(&spec));
	}
}

/* Where a class has no tables of its recipients, every one is accepted. */
static void
add_class(struct export *x, const char *list, bool all)
{
	if (all || list[0] == '\0')
		add_local(x, "");
	else
		add_tables(x, list);
}

bool
export_domain(struct recipients *r, const char *domain)
{
	enum route_class class;

	if (route_classify(domain, &class) != FOUND_ONE ||
	    class == ROUTE_RELAY || class == ROUTE_OTHER)
		return false;
	struct export x = {
		.to = r,
		.domain = recipients_add_domain(r, domain),
		.local = class == ROUTE_LOCAL,
	};
	add_local(&x, "postmaster");
	add_tables(&x, params.virtual_alias_maps);
	if (class == ROUTE_LOCAL)
		add_class(&x, params.local_recipient_maps,
		    params.luser_relay[0] != '\0');
	else if (class == ROUTE_VIRTUAL_MAILBOX)
		add_class(&x, params.virtual_mailbox_maps, false);
	map_free(&x.seen);
	return true;
}

/* ---- which domains ---- */

static void
export_once(struct recipients *r, const char *domain)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq_nocase(r->domains[i].name, domain))
			return;
	/* Names of this host alone are no domains that anybody backs up. */
	if (strchr(domain, '.') == NULL || domain[0] == '[' ||
	    str_starts_nocase(domain, "localhost."))
		return;
	(void)export_domain(r, domain); /* a list may have exceptions */
}

static bool
export_key(void *arg, const char *key,
    const char *value __attribute__((unused)))
{
	if (strchr(key, '@') == NULL)
		export_once(arg, key);
	return true;
}

static void
export_item(struct recipients *r, const char *item)
{
	const char *why = "its domains cannot be listed: name them";

	if (item[0] == '!' || item[0] == '.')
		return;
	if (strchr(item, ':') == NULL && item[0] != '/') {
		export_once(r, item);
		return;
	}
	struct table *t = item[0] == '/' ? NULL : table_open(item, &why);
	if (t == NULL || !table_each(t, export_key, r))
		fprintf(stderr, "posthouse: %s: %s\n", item, why);
	if (t != NULL)
		table_close(&t);
}

void
export_own_domains(struct recipients *r)
{
	const char *const lists[] = { params.mydestination,
		params.virtual_alias_domains, params.virtual_mailbox_domains };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct slice rest = slice_of(lists[i]);
		struct slice item;

		while (slice_next_item(&rest, &item)) {
			CLEAN_BUF struct buf name = { 0 };

			buf_add(&name, item.at, item.len);
			export_item(r, buf_str(&name));
		}
	}
}
