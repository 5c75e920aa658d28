/*
 * posthouse route: where a message to an address would go, and why.
 *
 * Sends nothing.  Each step is taken by the code that takes it for a
 * message: cleanup's virtual aliases, qmgr's routing, local's aliases and
 * .forward files, smtp's hosts.  Only the .forward files are read as
 * whoever runs the command.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "canonical.h"
#include "deliver.h"
#include "dns.h"
#include "forward.h"
#include "local_expand.h"
#include "local_place.h"
#include "local_virtual.h"
#include "local_world.h"
#include "lookup_user.h"
#include "map.h"
#include "param.h"
#include "posthouse.h"
#include "posthouse_tls.h"
#include "rewrite.h"
#include "route.h"
#include "smtp_policy.h"
#include "smtp_resolve.h"
#include "srs.h"
#include "sts_look.h"
#include "tls.h"

#define DEPTH_MAX 20    /* of expansions, as qmgr allows */
#define ROUND     1000  /* milliseconds that the loop waits at most */
#define STS_TIME  10000 /* for a policy to be fetched */

static struct arena arena;
static struct services services;
static struct map seen;           /* addresses whose way was shown */
static int depth;                 /* of what is printed */
static const char *for_whom = ""; /* the address that was asked about */
static int code = EX_OK;

static const char *const class_names[] = {
	[ROUTE_LOCAL] = "local (mydestination)",
	[ROUTE_VIRTUAL_ALIAS] = "virtual alias (virtual_alias_domains)",
	[ROUTE_VIRTUAL_MAILBOX] = "virtual mailbox (virtual_mailbox_domains)",
	[ROUTE_RELAY] = "relay (relay_domains)",
	[ROUTE_OTHER] = "other",
};

/* ---- printing ---- */

static void show(const char *fmt, ...) PRINTFLIKE(1, 2);

static void
show(const char *fmt, ...)
{
	va_list ap;

	printf("%*s", depth * 4, "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* What ends a way; the worst of all is the command's exit code. */
static void
end_way(enum outcome outcome, const char *status, const char *text)
{
	bool later = outcome == OUTCOME_DEFER;

	show("%s: %s %s", later ? "later" : "refused", status, text);
	if (later)
		code = EX_TEMPFAIL;
	else if (code == EX_OK)
		code = EX_NOUSER;
}

/* ---- to other hosts ---- */

static void
on_resolved(void *owner)
{
	bool *done = owner;

	*done = true;
}

static void
show_host(const struct smtp_resolve *r, size_t i)
{
	const struct smtp_host *h = &r->hosts.at[i];
	const char *note = i < r->hosts.n
	    ? ""
	    : "  not used: worse than or equal to ourselves";

	if (r->target.mx)
		show("MX %u %s[%s]:%u%s%s", h->preference, h->name, h->address,
		    h->port, note, h->self ? " (this host)" : "");
	else
		show("host %s[%s]:%u%s", h->name, h->address, h->port, note);
}

/* What smtp would be told, but for a policy that it remembers. */
static void
show_sts(const struct smtp_resolve *r)
{
	struct sts_look l = { 0 };
	bool done = false;

	if (!params.smtp_mta_sts || !r->target.mx ||
	    r->target.port != SMTP_PORT)
		return;
	sts_look_start(&l, r->target.host, STS_TIME, on_resolved, &done);
	while (!done)
		loop_once(ROUND);
	if (l.found == FOUND_ONE)
		show("MTA-STS policy of %s: mode %s, max_age %lld, mx %s",
		    r->target.host, sts_mode_name(l.policy.mode),
		    (long long)l.policy.max_age, l.policy.mx);
	else if (l.found == FOUND_FAILED)
		show("MTA-STS policy of %s: not to be had now: %s",
		    r->target.host, l.why);
	for (size_t i = 0; l.found == FOUND_ONE && i < r->hosts.n; i++)
		if (l.policy.mode != STS_NONE &&
		    !sts_mx_matches(l.policy.mx, r->hosts.at[i].name))
			show("%s is not in the policy%s", r->hosts.at[i].name,
			    l.policy.mode == STS_ENFORCE ? ": gets no mail"
							 : "");
	sts_look_free(&l);
}

static void
show_tls(const struct smtp_resolve *r, const struct smtp_host *h)
{
	CLEAN_BUF struct buf tls = { 0 };

	posthouse_tls_show(&tls, &arena, r->nexthop, h);
	show("    TLS %s", buf_str(&tls));
}

static void
show_hosts(const char *nexthop)
{
	struct smtp_resolve r = { 0 };
	bool done = false;

	smtp_resolve_start(&r, &arena, nexthop, true, on_resolved, &done);
	while (!done)
		loop_once(ROUND);
	if (r.fate.outcome != OUTCOME_NONE)
		end_way(r.fate.outcome, r.fate.status, r.fate.text);
	for (size_t i = 0; i < r.hosts.n + r.hosts.dropped; i++) {
		show_host(&r, i);
		if (i < r.hosts.n)
			show_tls(&r, &r.hosts.at[i]);
	}
	if (r.fate.outcome == OUTCOME_NONE)
		show_sts(&r);
}

/* ---- to mailboxes ---- */

/* "name:uid:gid:home:shell:gecos", or "" where there is no such user. */
static enum found
find_user(const char *name, const char **value)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why;
	enum found f = lookup_user(name, &out, &why);

	*value = arena_strdup(&arena, buf_str(&out));
	return f;
}

static void
show_mailbox(const char *user)
{
	struct msg_deliver m = { 0 };
	struct local_user who;
	const char *value;
	enum found f = find_user(user, &value);

	if (f == FOUND_NONE) {
		end_way(OUTCOME_BOUNCE, "5.1.1", "unknown user");
		return;
	}
	if (f == FOUND_FAILED || !local_user_parse(&arena, value, &who)) {
		end_way(OUTCOME_DEFER, "4.3.0", "the user cannot be looked up");
		return;
	}
	if (!local_place_mailbox(&arena, &who, &m)) {
		end_way(OUTCOME_DEFER, "4.3.0",
		    "mailbox_command_maps cannot be asked");
		return;
	}
	show("%s of user %s: %s",
	    m.kind == DELIVER_COMMAND ? "mailbox_command" : "mailbox", m.user,
	    m.target);
}

static void
show_virtual(const char *address)
{
	struct local_virtual v;
	struct dsn fate;

	if (local_virtual_find(&arena, address, &v, &fate))
		show("virtual mailbox: %s (uid %u, gid %u)", v.path, v.uid,
		    v.gid);
	else
		end_way(fate.outcome, fate.status, fate.text);
}

/* ---- local recipients ---- */

static enum found
show_alias(struct arena *a, const char *name, const char **value,
    const char **rights)
{
	enum found f = local_world.alias(a, name, value, rights);

	if (f == FOUND_ONE)
		show("alias %s: %s", name, *value);
	return f;
}

static void
answer_user(struct expand *e)
{
	const char *value;
	enum found f = find_user(e->user, &value);

	local_expand_user(e, f, value);
}

/* Reads the file as deliver does. */
static void
answer_file(struct expand *e)
{
	struct deliver_result r = { 0 };
	bool include = local_expand_wants_include(e);
	struct deliver_user user = { .name = e->user };
	struct local_user who;
	const char *value;

	if (find_user(e->user, &value) == FOUND_ONE &&
	    local_user_parse(&arena, value, &who))
		user.uid = (uid_t)who.uid;
	deliver_forward(e->paths, !include, &user, &r);
	if (r.outcome == OUTCOME_SENT)
		show("%s %s", include ? "included" : "forwarded by",
		    buf_str(&r.text));
	else if (r.text.len > 0)
		show("%s", buf_str(&r.text));
	local_expand_file(e, r.outcome, r.status, buf_str(&r.text),
	    (struct slice){ buf_str(&r.answer), r.answer.len });
	buf_free(&r.text);
	buf_free(&r.answer);
}

static void show_way(const char *address);
static void show_transport(const struct route *r, const char *user);

/* Members that are users of ours, or nobody. */
static void
show_box(const struct expand_member *m)
{
	bool nobody = m->kind == RCPT_NOBODY;
	struct route r = { .transport = "local" };
	enum found f = route_mailbox(&arena,
	    nobody ? ROUTE_BOX_NOBODY : ROUTE_BOX_USER, m->user, m->address,
	    &r);

	if (f == FOUND_FAILED) {
		end_way(OUTCOME_DEFER, "4.3.0", "a table cannot be asked");
		return;
	}
	if (f == FOUND_NONE || str_eq(r.transport, "local")) {
		show_mailbox(m->user);
		return;
	}
	show("%s of %s: transport %s, next hop %s",
	    nobody ? "fallback_transport" : "mailbox_transport", m->address,
	    r.transport, r.nexthop);
	show_transport(&r, m->user);
}

static void
show_member(const struct expand_member *m)
{
	switch (m->kind) {
	case RCPT_ADDRESS:
		show_way(m->address);
		break;
	case RCPT_MAILBOX:
	case RCPT_NOBODY:
		show_box(m);
		break;
	case RCPT_FILE:
		show("file %s (as %s)", m->address, m->user);
		break;
	case RCPT_COMMAND:
		show("command |%s (as %s)", m->address, m->user);
		break;
	case RCPT_KINDS:
		break;
	}
}

static void
show_local(const char *address)
{
	struct expand_world world = local_world;
	struct expand e;
	enum expand_want want;

	world.alias = show_alias;
	local_expand_start(&e, &arena, &world, address);
	while ((want = local_expand_next(&e)) != EXPAND_DONE)
		if (want == EXPAND_USER)
			answer_user(&e);
		else
			answer_file(&e);
	if (e.warning != NULL)
		show("warning: %s", e.warning);
	if (e.fate.outcome != OUTCOME_NONE)
		end_way(e.fate.outcome, e.fate.status, e.fate.text);
	for (size_t i = 0; i < e.n; i++)
		show_member(&e.members[i]);
	local_expand_free(&e);
}

/* ---- one address ---- */

/* The program that serves a transport, "" where none does. */
static const char *
program_of(const char *transport)
{
	for (size_t i = 0; i < services.n; i++) {
		struct slice rest = slice_of(services.at[i].listen), item;
		struct listen_item parsed;
		const char *why;

		while (services.at[i].enabled && slice_next_item(&rest, &item))
			if (listen_parse(item, &parsed, &why) &&
			    str_eq(parsed.name, transport))
				return services.at[i].program;
	}
	return "";
}

/* What the host is told instead of the address. */
static void
show_generic(const char *address)
{
	const char *shown = address;

	if (!canonical_has_generic())
		return;
	switch (canonical_generic(&arena, address, &shown)) {
	case FOUND_ONE:
		show("other hosts see %s (smtp_generic_maps)", shown);
		break;
	case FOUND_FAILED:
		end_way(OUTCOME_DEFER, "4.3.0",
		    "smtp_generic_maps cannot be asked");
		break;
	case FOUND_NONE:
		break;
	}
}

static void
show_relay(const struct route *r)
{
	show_generic(r->address);
	show_hosts(r->nexthop);
}

/* user: whose mailbox it is, or NULL where that is still to be found out. */
static void
show_transport(const struct route *r, const char *user)
{
	const char *program = program_of(r->transport);

	if (str_eq(r->transport, "error"))
		end_way(OUTCOME_BOUNCE, "error:", r->nexthop);
	else if (str_eq(r->transport, "retry"))
		end_way(OUTCOME_DEFER, "retry:", r->nexthop);
	else if (str_eq(r->transport, "discard"))
		show("discarded: %s", r->nexthop);
	else if (str_eq(program, "smtp"))
		show_relay(r);
	else if (str_eq(program, "local") && str_eq(r->transport, "virtual"))
		show_virtual(r->address);
	else if (str_eq(program, "local") && user != NULL)
		show_mailbox(user);
	else if (str_eq(program, "local"))
		show_local(r->address);
	else if (program[0] == '\0')
		end_way(OUTCOME_DEFER, "4.3.5",
		    "no service in master.conf has this transport");
}

/* Whether a stranger's RCPT would be taken. */
static bool
show_known(const char *address, enum route_class class)
{
	bool remote = false;
	const char *user = "", *value;
	enum found f = route_rcpt_known(&arena, address, class, &remote, &user);

	if (remote)
		f = find_user(user, &value);
	if (remote && f == FOUND_NONE) {
		user = route_user_base(&arena, user);
		if (user != NULL)
			f = find_user(user, &value);
	}
	if (f == FOUND_FAILED)
		end_way(OUTCOME_DEFER, "4.3.0", "a table cannot be asked");
	else if (f == FOUND_NONE)
		end_way(OUTCOME_BOUNCE, "5.1.1", "unknown recipient");
	return f == FOUND_ONE;
}

/* The secrets are root's, and whom it stands for is not shown here. */
static bool
is_srs(const char *address)
{
	return params.srs_domain[0] != '\0' && srs_is(address) &&
	    str_eq_nocase(addr_split(&arena, address).domain,
		params.srs_domain);
}

static void
show_route(const char *address)
{
	struct route r;
	struct dsn why;

	if (is_srs(address)) {
		show("stands for a sender whose mail was forwarded: "
		     "posthouse srs says whom");
		return;
	}
	enum found f = route_resolve(&arena, "", address, &r, &why);
	if (f != FOUND_ONE) {
		end_way(why.outcome, why.status, why.text);
		return;
	}
	show("class %s", class_names[r.class]);
	if (!str_eq(r.address, address))
		show("as %s", r.address);
	show("transport %s, next hop %s", r.transport, r.nexthop);
	if (r.class == ROUTE_OTHER && forward_is_changed() &&
	    forward_is(RCPT_ADDRESS, address, for_whom, ""))
		show("forwarded: the sender becomes one of %s (SRS)",
		    params.srs_domain);
	if (show_known(address, r.class))
		show_transport(&r, NULL);
}

/* From an address in internal form, complete, to where its mail ends. */
static void
show_way(const char *address)
{
	struct rewrite_members members;
	const char *why;

	show("%s", address);
	depth++;
	if (!rewrite_is_new(&seen, address) || depth > DEPTH_MAX) {
		show("see above");
		depth--;
		return;
	}
	enum found f = rewrite_virtual(&arena, address, &members, &why);
	if (f == FOUND_FAILED)
		end_way(OUTCOME_DEFER, "4.3.0", why);
	else if (f == FOUND_NONE)
		show_route(address);
	if (f == FOUND_ONE)
		show("virtual alias:");
	for (size_t i = 0; f == FOUND_ONE && i < members.n; i++)
		if (str_eq_nocase(members.at[i], address))
			show_route(address);
		else
			show_way(members.at[i]);
	depth--;
}

/* What was asked about, in internal form and complete. */
static void
show_recipient(const char *address)
{
	const char *to = address;
	enum found f = canonical_address(&arena, CANONICAL_ENVELOPE_RCPT,
	    address, &to);

	if (f != FOUND_NONE) {
		show("%s", address);
		depth++;
	}
	if (f == FOUND_FAILED)
		end_way(OUTCOME_DEFER, "4.3.0",
		    "the canonical tables cannot be asked");
	else if (f == FOUND_ONE)
		show("canonical:");
	if (f != FOUND_FAILED)
		show_way(to);
	depth -= f != FOUND_NONE;
}

static bool
open_all(void)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char *why = "";

	if (!param_load(posthouse_conf_dir(), NULL, &errors) ||
	    !services_load(posthouse_conf_dir(), &services, &errors)) {
		posthouse_say(buf_str(&errors));
		return false;
	}
	if (!local_world_open(&why) || !local_virtual_open(&why) ||
	    !canonical_open(&why) || !canonical_open_generic(&why) ||
	    !smtp_policy_open(&why)) {
		fprintf(stderr, "posthouse: %s\n", why);
		return false;
	}
	loop_start();
	dns_start();
	tls_start();
	if (!https_open(params.smtp_tls_CAfile, &why))
		show("smtp_tls_CAfile: %s: %s: no policy can be fetched",
		    params.smtp_tls_CAfile, why);
	return true;
}

int
posthouse_route(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-')
		return posthouse_usage("route");
	if (!open_all())
		return EX_CONFIG;
	for (int i = 1; i < argc; i++) {
		struct addr_list list = addr_parse_list(&arena,
		    slice_of(argv[i]));

		if (list.n == 0 || list.bad > 0) {
			show("%s", argv[i]);
			show("    refused: malformed address");
			code = EX_DATAERR;
		}
		for (size_t k = 0; k < list.n; k++) {
			struct addr whole = rewrite_complete(&arena,
			    list.at[k]);

			for_whom = addr_internal(&arena, &whole);
			show_recipient(for_whom);
		}
	}
	return code;
}
