/*
 * Postfix's trivial-rewrite(8), as functions.
 *
 * A domain has the class of the first list that it stands in; the class gives
 * transport and next hop; transport_maps may change both.  A value of any of
 * these has the form [transport][:[nexthop]] of transport(5).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "route.h"

#include <string.h>

#include "own.h"
#include "param.h"
#include "table.h"

#define PARAM(name) .parameter = #name, .value = offsetof(struct params, name)

/* ---- what is open ---- */

static struct domains {
	const char *parameter;
	size_t value; /* offset in params */
	enum route_class class;
	struct namelist *names;
	bool parents; /* an entry matches subdomains too */
	bool backup;
} domains[] = {
	{ PARAM(mydestination), .class = ROUTE_LOCAL },
	{ PARAM(virtual_alias_domains), .class = ROUTE_VIRTUAL_ALIAS },
	{ PARAM(virtual_mailbox_domains), .class = ROUTE_VIRTUAL_MAILBOX },
	{ PARAM(relay_domains), .class = ROUTE_RELAY },
	{ PARAM(backup_mx_domains), .class = ROUTE_RELAY, .backup = true },
};

enum maps {
	MAPS_TRANSPORT,
	MAPS_ALIAS,
	MAPS_MAILBOX,
	MAPS_RELAY,
	MAPS_LOCAL,
	MAPS_RELOCATED,
	MAPS_RELAYHOST,
	MAPS_SENDER_BCC,
	MAPS_RECIPIENT_BCC,
	MAPS_BOX,
	MAPS_FALLBACK,
};

static struct maps_open {
	const char *parameter;
	size_t value;
	struct tables all;
	struct tables here; /* of these, those that answer in this process */
} maps[] = {
	[MAPS_TRANSPORT] = { PARAM(transport_maps) },
	[MAPS_ALIAS] = { PARAM(virtual_alias_maps) },
	[MAPS_MAILBOX] = { PARAM(virtual_mailbox_maps) },
	[MAPS_RELAY] = { PARAM(relay_recipient_maps) },
	[MAPS_LOCAL] = { PARAM(local_recipient_maps) },
	[MAPS_RELOCATED] = { PARAM(relocated_maps) },
	[MAPS_RELAYHOST] = { PARAM(sender_dependent_relayhost_maps) },
	[MAPS_SENDER_BCC] = { PARAM(sender_bcc_maps) },
	[MAPS_RECIPIENT_BCC] = { PARAM(recipient_bcc_maps) },
	[MAPS_BOX] = { PARAM(mailbox_transport_maps) },
	[MAPS_FALLBACK] = { PARAM(fallback_transport_maps) },
};

static struct buf fault;

static const char *
value_of(size_t offset)
{
	const char *const *at = (const void *)((const char *)&params + offset);

	return *at;
}

static bool
fail(const char *parameter, const char *text, const char **why)
{
	buf_reset(&fault);
	buf_addf(&fault, "%s: %s", parameter, text);
	*why = buf_str(&fault);
	return false;
}

static bool
open_maps(struct maps_open *m, const char **why)
{
	if (!tables_open(&m->all, value_of(m->value), why))
		return fail(m->parameter, *why, why);
	m->here.at = xcalloc(m->all.n, sizeof(m->all.at[0]));
	for (size_t i = 0; i < m->all.n; i++)
		if (!table_is_remote(m->all.at[i]))
			m->here.at[m->here.n++] = m->all.at[i];
	return true;
}

bool
route_open(const char **why)
{
	route_close();
	if (!own_open(why))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		struct domains *d = &domains[i];

		d->names = namelist_open(value_of(d->value), why);
		if (d->names == NULL)
			return fail(d->parameter, *why, why);
		d->parents =
		    param_has_word(params.parent_domain_matches_subdomains,
			d->parameter);
	}
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		if (!open_maps(&maps[i], why))
			return false;
	return true;
}

void
route_close(void)
{
	for (size_t i = 0; i < ARRAY_LEN(domains); i++)
		namelist_close(&domains[i].names);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		free(maps[i].here.at);
		tables_free(&maps[i].all);
		maps[i].here = (struct tables){ 0 };
	}
	own_close();
}

/* ---- classes ---- */

static bool
is_own_literal(const char *domain)
{
	static const char tag[] = "[IPv6:";
	CLEAN_BUF struct buf text = { 0 };

	if (domain[0] != '[')
		return false;
	buf_adds(&text,
	    domain + (str_starts_nocase(domain, tag) ? strlen(tag) : 1));
	buf_cut(&text, text.len > 0 ? text.len - 1 : 0);
	return own_has(buf_str(&text));
}

static enum found
classify(const char *domain, enum route_class *class, bool *backup)
{
	*backup = false;
	if (domain[0] == '\0' || is_own_literal(domain)) {
		*class = ROUTE_LOCAL;
		return FOUND_ONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		const struct domains *d = &domains[i];
		enum found f = namelist_has(d->names, domain, d->parents);

		if (f == FOUND_FAILED)
			return FOUND_FAILED;
		if (f == FOUND_ONE) {
			*class = d->class;
			*backup = d->backup;
			return FOUND_ONE;
		}
	}
	*class = ROUTE_OTHER;
	return FOUND_ONE;
}

enum found
route_classify(const char *domain, enum route_class *out)
{
	bool backup;

	return classify(domain, out, &backup);
}

static bool
is_postmaster(const char *local)
{
	return str_eq_nocase(local, "postmaster");
}

/* The look-up of virtual(5): a mere local part counts in domains of ours. */
static enum found
find_address(struct arena *a, enum maps which, const char *address,
    struct buf *out, struct buf *ext)
{
	const struct tables *ts = &maps[which].all;
	enum route_class class = ROUTE_OTHER;

	if (ts->n == 0)
		return FOUND_NONE;

	struct addr addr = addr_split(a, address);
	if (route_classify(addr.domain, &class) == FOUND_FAILED)
		return FOUND_FAILED;
	bool local = class == ROUTE_LOCAL ||
	    str_eq_nocase(addr.domain, params.myorigin);
	return tables_get_address(ts, address, local, out, ext);
}

enum found
route_virtual_alias(struct arena *a, const char *address, struct buf *out,
    struct buf *ext)
{
	return find_address(a, MAPS_ALIAS, address, out, ext);
}

enum found
route_bcc(struct arena *a, enum route_bcc which, const char *address,
    struct buf *out)
{
	return find_address(a,
	    which == ROUTE_SENDER_BCC ? MAPS_SENDER_BCC : MAPS_RECIPIENT_BCC,
	    address, out, NULL);
}

enum found
route_moved(struct arena *a, const char *address, const char **to)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found f = find_address(a, MAPS_RELOCATED, address, &value, NULL);

	if (f == FOUND_ONE)
		*to = arena_strdup(a, buf_str(&value));
	return f;
}

static enum found
has_address(const struct tables *ts, const char *address, bool local)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf ext = { 0 };

	return tables_get_address(ts, address, local, &value, &ext);
}

/* ---- transports ---- */

static const struct dsn later = {
	.outcome = OUTCOME_DEFER,
	.fault = FAULT_LOCAL,
	.status = "4.3.0",
	.text = "Temporary lookup failure",
};
static const struct dsn bad_syntax = {
	.outcome = OUTCOME_BOUNCE,
	.fault = FAULT_MESSAGE,
	.status = "5.1.3",
	.text = "Bad recipient address syntax",
};
static const struct dsn unknown_alias = {
	.outcome = OUTCOME_BOUNCE,
	.fault = FAULT_MESSAGE,
	.status = "5.1.1",
	.text = "User unknown in virtual alias table",
};

static const size_t class_transports[] = {
	[ROUTE_LOCAL] = offsetof(struct params, local_transport),
	[ROUTE_VIRTUAL_MAILBOX] = offsetof(struct params, virtual_transport),
	[ROUTE_RELAY] = offsetof(struct params, relay_transport),
	[ROUTE_OTHER] = offsetof(struct params, default_transport),
};

/* Applies [transport][:[nexthop]].  A transport without a next hop resets
 * that to the domain; a next hop alone leaves the transport. */
static void
apply(struct arena *a, const char *value, const char *domain, struct route *out)
{
	size_t n = strcspn(value, ":");
	const char *nexthop = value[n] == ':' ? value + n + 1 : "";

	if (n > 0) {
		out->transport = arena_memdup(a, value, n);
		out->nexthop = str_eq(out->transport, "error") ||
			str_eq(out->transport, "retry")
		    ? "Address is undeliverable"
		    : domain;
	}
	if (nexthop[0] != '\0')
		out->nexthop = arena_strdup(a, nexthop);
}

/* transport(5): the address, the address without its extension, the domain
 * and its parents, "*". */
static enum found
find_transport(struct arena *a, const struct addr *addr, struct buf *value)
{
	const struct tables *ts = &maps[MAPS_TRANSPORT].all;
	bool parents = param_has_word(params.parent_domain_matches_subdomains,
	    "transport_maps");
	const char *user, *ext;
	enum found f = tables_get(ts, addr_internal(a, addr), value);

	addr_split_extension(a, addr->local, params.recipient_delimiter, &user,
	    &ext);
	if (f == FOUND_NONE && ext[0] != '\0')
		f = tables_get_part(ts,
		    arena_printf(a, "%s@%s", user, addr->domain), value);
	if (f == FOUND_NONE)
		f = tables_get_domain(ts, addr->domain, parents, value);
	if (f == FOUND_NONE)
		f = tables_get(ts, "*", value);
	return f;
}

/* RFC 5321 4.5.1: mail to postmaster of any domain of ours gets through;
 * where a virtual domain has none it is ours. */
static enum found
adopt_postmaster(struct arena *a, struct addr *addr, enum route_class *class)
{
	if (!is_postmaster(addr->local) ||
	    (*class != ROUTE_VIRTUAL_ALIAS && *class != ROUTE_VIRTUAL_MAILBOX))
		return FOUND_ONE;
	if (*class == ROUTE_VIRTUAL_MAILBOX) {
		enum found f = maps[MAPS_MAILBOX].all.n == 0
		    ? FOUND_ONE
		    : has_address(&maps[MAPS_MAILBOX].all,
			  addr_internal(a, addr), false);

		if (f != FOUND_NONE)
			return f;
	}
	*class = ROUTE_LOCAL;
	addr->domain = params.myhostname;
	return FOUND_ONE;
}

/* A recipient without a local part is the null address. */
static struct addr
recipient(struct arena *a, const char *address)
{
	struct addr addr = addr_split(a, address);

	if (addr.local[0] == '\0')
		addr = (struct addr){ "MAILER-DAEMON", "" };
	return addr;
}

/* What relays the mail of this sender; "" where nothing does. */
static enum found
find_relayhost(struct arena *a, const char *sender, const char **host)
{
	const struct tables *ts = &maps[MAPS_RELAYHOST].all;
	CLEAN_BUF struct buf value = { 0 };

	*host = params.relayhost;
	if (ts->n == 0)
		return FOUND_NONE;
	enum found f = sender[0] == '\0'
	    ? tables_get(ts, "<>", &value)
	    : tables_get_address(ts, sender, false, &value, NULL);
	if (f == FOUND_ONE && !str_eq_nocase(buf_str(&value), "DUNNO"))
		*host = arena_strdup(a, buf_str(&value));
	return f;
}

/* Transport and next hop of a class, before transport_maps; FOUND_FAILED where
 * a table could not say. */
static enum found
route_class(struct arena *a, const char *sender, const char *domain,
    struct route *r)
{
	const char *value = value_of(class_transports[r->class]);
	const char *nexthop = strchr(value, ':');
	const char *relayhost = "";

	apply(a, value, domain, r);
	if ((r->class != ROUTE_RELAY && r->class != ROUTE_OTHER) ||
	    (nexthop != NULL && nexthop[1] != '\0'))
		return FOUND_NONE;
	if (find_relayhost(a, sender, &relayhost) == FOUND_FAILED)
		return FOUND_FAILED;
	if (relayhost[0] != '\0')
		r->nexthop = relayhost;
	return FOUND_ONE;
}

/* FOUND_ONE with why: nobody is there any more. */
static enum found
has_moved(struct arena *a, const char *address, struct dsn *why)
{
	const char *to = "";
	enum found f = route_moved(a, address, &to);

	if (f == FOUND_ONE)
		*why = (struct dsn){
			.outcome = OUTCOME_BOUNCE,
			.fault = FAULT_MESSAGE,
			.status = "5.1.6",
			.text = arena_printf(a, "User has moved to %s", to),
		};
	return f;
}

enum found
route_resolve(struct arena *a, const char *sender, const char *address,
    struct route *out, struct dsn *why)
{
	CLEAN_BUF struct buf value = { 0 };
	struct addr addr = recipient(a, address);
	struct route r = { 0 };

	*why = later;
	if (classify(addr.domain, &r.class, &r.backup) == FOUND_FAILED ||
	    adopt_postmaster(a, &addr, &r.class) == FOUND_FAILED)
		return FOUND_FAILED;
	if (addr.domain[0] == '\0')
		addr.domain = params.myhostname;
	if (!addr_domain_valid(slice_of(addr.domain))) {
		*why = bad_syntax;
		return FOUND_NONE;
	}
	if (r.class == ROUTE_VIRTUAL_ALIAS) {
		*why = unknown_alias;
		return FOUND_NONE;
	}

	enum found f = route_class(a, sender, addr.domain, &r);
	if (f != FOUND_FAILED)
		f = find_transport(a, &addr, &value);
	if (f == FOUND_FAILED)
		return FOUND_FAILED;
	if (f == FOUND_ONE)
		apply(a, buf_str(&value), addr.domain, &r);
	r.address = addr_internal(a, &addr);
	f = has_moved(a, r.address, why);
	if (f != FOUND_NONE)
		return f == FOUND_ONE ? FOUND_NONE : FOUND_FAILED;
	*out = r;
	return FOUND_ONE;
}

/* ---- local users ---- */

static const struct {
	enum maps maps;
	size_t transport; /* offset in params */
} boxes[] = {
	[ROUTE_BOX_USER] = { MAPS_BOX,
	    offsetof(struct params, mailbox_transport) },
	[ROUTE_BOX_NOBODY] = { MAPS_FALLBACK,
	    offsetof(struct params, fallback_transport) },
};

enum found
route_mailbox(struct arena *a, enum route_box which, const char *user,
    const char *address, struct route *out)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found f = tables_get(&maps[boxes[which].maps].all, user, &value);
	struct addr addr = addr_split(a, address);

	if (f == FOUND_NONE)
		buf_adds(&value, value_of(boxes[which].transport));
	if (f == FOUND_FAILED || value.len == 0)
		return f == FOUND_FAILED ? f : FOUND_NONE;
	*out = (struct route){
		.class = ROUTE_LOCAL,
		.transport = "local",
		.nexthop = addr.domain,
		.address = arena_strdup(a, address),
	};
	apply(a, buf_str(&value), addr.domain, out);
	return FOUND_ONE;
}

/* ---- known recipients ---- */

static enum found
known_in(enum maps which, const char *address)
{
	const struct tables *ts = &maps[which].all;

	return ts->n == 0 ? FOUND_ONE : has_address(ts, address, false);
}

static enum found
known_locally(struct arena *a, const char *address, bool *remote,
    const char **user)
{
	const struct maps_open *m = &maps[MAPS_LOCAL];
	struct addr addr = addr_split(a, address);

	if (m->all.n == 0 || params.luser_relay[0] != '\0')
		return FOUND_ONE;
	enum found f = has_address(&m->here, address, true);
	if (f != FOUND_NONE || m->here.n == m->all.n)
		return f;

	char *name = arena_strdup(a, addr.local);
	str_lower(name);
	*user = name;
	*remote = true;
	return FOUND_NONE;
}

const char *
route_user_base(struct arena *a, const char *user)
{
	const char *base, *ext;

	addr_split_extension(a, user, params.recipient_delimiter, &base, &ext);
	return str_eq(base, user) ? NULL : base;
}

enum found
route_rcpt_known(struct arena *a, const char *address, enum route_class class,
    bool *remote, const char **user)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf ext = { 0 };
	struct addr addr = addr_split(a, address);

	*remote = false;
	if (is_postmaster(addr.local) || class == ROUTE_OTHER)
		return FOUND_ONE;
	enum found f = route_virtual_alias(a, address, &value, &ext);
	if (f != FOUND_NONE)
		return f;

	switch (class) {
	case ROUTE_LOCAL:
		return known_locally(a, address, remote, user);
	case ROUTE_VIRTUAL_ALIAS:
		return FOUND_NONE;
	case ROUTE_VIRTUAL_MAILBOX:
		return known_in(MAPS_MAILBOX, address);
	case ROUTE_RELAY:
		return known_in(MAPS_RELAY, address);
	case ROUTE_OTHER:
		break;
	}
	return FOUND_ONE;
}
