/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_policy.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "recipients.h"
#include "route.h"
#include "smtpd_ask.h"
#include "smtpd_limit.h"
#include "smtpd_remote.h"
#include "smtpd_space.h"
#include "smtpd_srs.h"
#include "srs.h"
#include "table.h"

static struct netlist *trusted_nets;
static struct netlist *unlimited_nets;
static struct netlist *nameless_nets; /* who does not authenticate */
static struct smtpd_limits *limits;
static struct smtpd_limits *users; /* NULL: they have no limits */
static struct loop_timer beat;

static const struct smtpd_verdict no_room = {
	.code = 452,
	.status = "4.3.1",
	.text = "Insufficient system storage",
};

static const char failures[] = "many authentication failures";

/* What is said of a recipient that nobody has, by class. */
static const char *const unknown_in[] = {
	[ROUTE_LOCAL] = "User unknown in local recipient table",
	[ROUTE_VIRTUAL_ALIAS] = "User unknown in virtual alias table",
	[ROUTE_VIRTUAL_MAILBOX] = "User unknown in virtual mailbox table",
	[ROUTE_RELAY] = "User unknown in relay recipient table",
	[ROUTE_OTHER] = "User unknown",
};

static void
open_nets(struct netlist **nets, const char *name, const char *value)
{
	const char *why;

	*nets = netlist_open(value, &why);
	if (*nets == NULL)
		log_fatal("%s: %s", name, why);
}

static struct smtpd_limits *
open_limits(const char *name)
{
	CLEAN_BUF struct buf path = { 0 };
	const char *why;

	buf_addf(&path, "%s/%s", params.run_directory, name);
	struct smtpd_limits *l = smtpd_limits_open(buf_str(&path), clock_mono(),
	    &why);
	if (why != NULL)
		log_warn("%s: %s: this process counts alone", buf_str(&path),
		    why);
	return l;
}

void
smtpd_policy_open(const char *service)
{
	CLEAN_BUF struct buf name = { 0 };
	const char *why;

	if (!route_open(&why))
		log_fatal("%s", why);
	if (!recipients_open(&why))
		log_warn("recipient_lists: %s: no list is in force", why);
	open_nets(&trusted_nets, "mynetworks", params.mynetworks);
	open_nets(&unlimited_nets, "smtpd_client_event_limit_exceptions",
	    params.smtpd_client_event_limit_exceptions);
	open_nets(&nameless_nets, "smtpd_sasl_exceptions_networks",
	    params.smtpd_sasl_exceptions_networks);
	smtpd_restrict_open();
	buf_addf(&name, "clients.%s", service);
	limits = open_limits(buf_str(&name));
	if (params.smtpd_user_message_rate_limit > 0 ||
	    params.smtpd_user_recipient_rate_limit > 0)
		users = open_limits("users");
}

static void
on_beat(struct loop_timer *t)
{
	smtpd_limits_beat(limits, loop_now());
	if (users != NULL)
		smtpd_limits_beat(users, loop_now());
	loop_timer(t, LIMIT_BEAT, on_beat);
}

void
smtpd_policy_run(void)
{
	on_beat(&beat);
}

/* ---- clients ---- */

static bool
over(struct smtpd_conn *c, int64_t limit, uint32_t count, const char *what)
{
	if (limit <= 0 || count <= (uint64_t)limit)
		return false;
	log_warn("%s limit exceeded: %u from %s for service %s", what, count,
	    c->s.client.peer, program_service());
	return true;
}

static bool
over_rate(struct smtpd_conn *c, enum smtpd_rate rate, int64_t limit,
    const char *what)
{
	if (!c->limited || limit <= 0)
		return false;
	return over(c, limit,
	    smtpd_limits_count(limits, c->s.client.addr, rate,
		params.anvil_rate_time_unit, loop_now()),
	    what);
}

static struct smtpd_verdict
too_much(struct smtpd_conn *c, int code, const char *status, const char *what)
{
	return (struct smtpd_verdict){
		.code = code,
		.status = status,
		.text = arena_printf(&c->s.tx.arena, "Error: too %s from %s",
		    what, c->s.client.addr),
	};
}

/* Has the client tried too many passwords that were wrong?  Then it costs us no
 * more than this. */
static bool
has_failed_too_often(struct smtpd_conn *c)
{
	int64_t most = params.smtpd_client_auth_failure_limit;

	if (!c->s.authenticates || !c->limited || most <= 0 ||
	    smtpd_limits_look(limits, c->s.client.addr, RATE_AUTH_FAILURES,
		params.anvil_rate_time_unit, loop_now()) < most)
		return false;
	log_warn("Authentication failure limit exceeded: %lld from %s for "
		 "service %s",
	    (long long)most, c->s.client.peer, program_service());
	return true;
}

struct smtpd_verdict
smtpd_policy_connect(struct smtpd_conn *c)
{
	const char *addr = c->s.client.addr;

	c->networks = netlist_has(trusted_nets, addr);
	c->s.authenticates = params.smtpd_sasl_auth_enable &&
	    netlist_has(nameless_nets, addr) != FOUND_ONE;
	/* Where the list cannot be read, nobody is in it. */
	c->limited = netlist_has(unlimited_nets, addr) != FOUND_ONE;
	if (!c->limited)
		return SMTPD_FINE;
	c->counted = true;
	uint32_t count = smtpd_limits_join(limits, addr,
	    params.anvil_rate_time_unit, loop_now());
	if (over(c, params.smtpd_client_connection_count_limit, count,
		"Connection concurrency") ||
	    over_rate(c, RATE_CONNECTIONS,
		params.smtpd_client_connection_rate_limit, "Connection rate"))
		return too_much(c, 421, "4.7.0", "many connections");
	return has_failed_too_often(c) ? too_much(c, 421, "4.7.0", failures)
				       : SMTPD_FINE;
}

void
smtpd_policy_leave(struct smtpd_conn *c)
{
	if (c->counted)
		smtpd_limits_leave(limits, c->s.client.addr);
	c->counted = false;
}

/* ---- users ---- */

static bool
user_is_over(struct smtpd_conn *c, enum smtpd_rate rate, int64_t limit,
    const char *what)
{
	if (users == NULL || c->s.user == NULL || limit <= 0)
		return false;
	uint32_t count = smtpd_limits_count(users, c->s.user, rate,
	    params.anvil_rate_time_unit, loop_now());
	if (count <= (uint64_t)limit)
		return false;
	if (!c->over_limit)
		log_warn("%s rate limit exceeded: %u from user %s at %s for "
			 "service %s",
		    what, count, c->s.user, c->s.client.peer,
		    program_service());
	return true;
}

/* Fine where it goes on, perhaps into hold. */
static struct smtpd_verdict
limit_user(struct smtpd_conn *c, enum smtpd_rate rate, int64_t limit,
    const char *what)
{
	if (!user_is_over(c, rate, limit, what))
		return SMTPD_FINE;
	if (str_eq(params.smtpd_user_limit_action, "hold")) {
		c->over_limit = true;
		return SMTPD_FINE;
	}
	return (struct smtpd_verdict){
		.code = 450,
		.status = "4.7.1",
		.text = arena_printf(&c->s.tx.arena,
		    "Error: too much mail from user %s", c->s.user),
	};
}

/* ---- the transaction ---- */

struct smtpd_verdict
smtpd_policy_mail(struct smtpd_conn *c)
{
	if (over_rate(c, RATE_MESSAGES, params.smtpd_client_message_rate_limit,
		"Message delivery request rate"))
		return too_much(c, 450, "4.7.1", "much mail");
	if (!smtpd_space_is_enough(c->s.tx.announced, loop_now()))
		return no_room;
	c->over_limit = false;
	return limit_user(c, RATE_MESSAGES,
	    params.smtpd_user_message_rate_limit, "Message");
}

struct smtpd_verdict
smtpd_policy_data(struct smtpd_conn *c)
{
	if (!smtpd_space_is_enough(c->s.tx.announced, loop_now()))
		return no_room;
	return SMTPD_FINE;
}

/* ---- authentication ---- */

struct smtpd_verdict
smtpd_policy_auth(struct smtpd_conn *c)
{
	if (over_rate(c, RATE_AUTHS, params.smtpd_client_auth_rate_limit,
		"Authentication rate"))
		return too_much(c, 450, "4.7.1", "many AUTH commands");
	return has_failed_too_often(c) ? too_much(c, 421, "4.7.0", failures)
				       : SMTPD_FINE;
}

void
smtpd_policy_auth_failed(struct smtpd_conn *c)
{
	if (c->limited)
		(void)smtpd_limits_count(limits, c->s.client.addr,
		    RATE_AUTH_FAILURES, params.anvil_rate_time_unit,
		    loop_now());
}

/* ---- recipients ---- */

static struct smtpd_verdict
refuse(struct smtpd_conn *c, const char *address, int code, const char *status,
    const char *reason, const char *text)
{
	CLEAN_BUF struct buf shown = { 0 };

	addr_put_internal(&shown, address);
	return (struct smtpd_verdict){
		.code = code,
		.status = status,
		.text = arena_printf(&c->s.tx.arena, "<%s>: %s%s",
		    buf_str(&shown), reason, text),
	};
}

static struct smtpd_verdict
refuse_for_now(struct smtpd_conn *c, const char *address)
{
	return refuse(c, address, 451, "4.3.0", "", "Temporary lookup failure");
}

static struct smtpd_verdict
refuse_unknown(struct smtpd_conn *c, const char *address,
    enum route_class class)
{
	return refuse(c, address, 550, "5.1.1",
	    "Recipient address rejected: ", unknown_in[class]);
}

static struct smtpd_verdict ask_user(struct smtpd_conn *c, const char *address,
    const char *user);

/* What lookup says of a local user: of the whole local part, then, where that
 * is nobody, of the user without the extension. */
static void
on_user(void *owner, enum found found, const char *value)
{
	struct smtpd_conn *c = owner;
	const char *address = c->asked;
	struct smtpd_verdict v;

	(void)value;
	c->question = NULL;
	c->asked = NULL;
	if (found == FOUND_ONE)
		v = SMTPD_FINE;
	else if (found == FOUND_FAILED)
		v = refuse_for_now(c, address);
	else if (c->then != NULL)
		v = ask_user(c, address, TAKE_PTR(c->then));
	else
		v = refuse_unknown(c, address, ROUTE_LOCAL);
	if (c->question == NULL)
		smtpd_conn_judged(c, v);
}

static struct smtpd_verdict
ask_user(struct smtpd_conn *c, const char *address, const char *user)
{
	const char *value;
	enum found found;

	c->question = smtpd_ask(LOOKUP_USER, user, on_user, c, &found, &value);
	if (c->question != NULL) {
		c->asked = address;
		return SMTPD_LATER;
	}
	return found == FOUND_ONE ? SMTPD_FINE : refuse_for_now(c, address);
}

static struct smtpd_verdict
refuse_moved(struct smtpd_conn *c, const char *address, const char *to)
{
	CLEAN_BUF struct buf text = { 0 };

	str_printable(&text, to, strlen(to), 200);
	return refuse(c, address, 550, "5.1.6", "Recipient address rejected: ",
	    arena_printf(&c->s.tx.arena, "User has moved to %s",
		buf_str(&text)));
}

/* A recipient of ours: does it exist? */
static struct smtpd_verdict
judge_known(struct smtpd_conn *c, const char *address, enum route_class class)
{
	bool remote = false;
	const char *user = NULL, *to = "";

	switch (route_moved(&c->s.tx.arena, address, &to)) {
	case FOUND_ONE:
		return refuse_moved(c, address, to);
	case FOUND_FAILED:
		return refuse_for_now(c, address);
	case FOUND_NONE:
		break;
	}
	switch (
	    route_rcpt_known(&c->s.tx.arena, address, class, &remote, &user)) {
	case FOUND_ONE:
		return class == ROUTE_RELAY && !smtpd_conn_is_ours(c)
		    ? smtpd_remote_rcpt(c, address)
		    : SMTPD_FINE;
	case FOUND_FAILED:
		return refuse_for_now(c, address);
	case FOUND_NONE:
		break;
	}
	if (remote) {
		c->then = route_user_base(&c->s.tx.arena, user);
		return ask_user(c, address, user);
	}
	return refuse_unknown(c, address, class);
}

static struct smtpd_verdict
judge(struct smtpd_conn *c, const struct addr *rcpt)
{
	struct addr whole = *rcpt;
	enum route_class class;

	/* cleanup completes it in the same way. */
	if (whole.domain[0] == '\0')
		whole.domain = params.myorigin;
	const char *address = addr_internal(&c->s.tx.arena, &whole);
	if (smtpd_srs_is(rcpt))
		return smtpd_srs_ask(c, address);
	if (route_classify(whole.domain, &class) == FOUND_FAILED)
		return refuse_for_now(c, address);
	bool ours = class != ROUTE_OTHER && !addr_has_route(rcpt->local);
	c->class = (uint8_t) class;
	struct smtpd_verdict v = smtpd_restrict_rcpt(c, address, ours);
	return v.code == 250 ? smtpd_policy_passed(c) : v;
}

struct smtpd_verdict
smtpd_policy_passed(struct smtpd_conn *c)
{
	const char *address = c->passing.address;
	struct addr rcpt = addr_split(&c->s.tx.arena, address);

	/* Local programs hear of unknown users by mail, as they are used to. */
	if (c->class == ROUTE_OTHER || c->local ||
	    str_eq_nocase(rcpt.local, "postmaster"))
		return SMTPD_FINE;
	return judge_known(c, address, (enum route_class)c->class);
}

/* Its hash is as good as a domain of ours; a sender of ours must exist. */
static struct smtpd_verdict
judge_true(struct smtpd_conn *c, const char *address)
{
	enum route_class class;

	c->stands_for = address;
	if (route_classify(addr_split(&c->s.tx.arena, address).domain,
		&class) == FOUND_FAILED)
		return refuse_for_now(c, address);
	c->class = (uint8_t) class;
	struct smtpd_verdict v = smtpd_restrict_rcpt(c, address, true);
	return v.code == 250 ? smtpd_policy_passed(c) : v;
}

void
smtpd_policy_srs(struct smtpd_conn *c, const struct msg_srs_found *said)
{
	static const char *const reasons[] = {
		[SRS_NONE] = "Not an address of a forwarded sender",
		[SRS_MALFORMED] = "Not an address of a forwarded sender",
		[SRS_FORGED] = "Bad hash in the address of a forwarded sender",
		[SRS_EXPIRED] = "Expired address of a forwarded sender",
	};
	const char *address = c->asked;
	struct smtpd_verdict v;

	c->asked = NULL;
	if (said == NULL)
		v = refuse_for_now(c, address);
	else if (said->verdict == SRS_GOOD)
		v = judge_true(c, arena_strdup(&c->s.tx.arena, said->address));
	else
		v = refuse(c, address, 550, "5.1.1",
		    "Recipient address rejected: ", reasons[said->verdict]);
	if (v.code != 0)
		smtpd_conn_judged(c, v);
}

struct smtpd_verdict
smtpd_policy_rcpt(struct smtpd_conn *c, const struct addr *rcpt)
{
	if (over_rate(c, RATE_RCPTS, params.smtpd_client_recipient_rate_limit,
		"Recipient address rate"))
		return too_much(c, 450, "4.7.1", "many recipients");
	struct smtpd_verdict v = limit_user(c, RATE_RCPTS,
	    params.smtpd_user_recipient_rate_limit, "Recipient");
	return v.code == 250 ? judge(c, rcpt) : v;
}

/* ---- ETRN ---- */

struct smtpd_verdict
smtpd_policy_etrn(struct smtpd_conn *c, const char *node)
{
	return smtpd_restrict_etrn(c, node);
}
