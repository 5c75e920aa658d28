/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_parts.h"

#include <string.h>

#include "clock.h"
#include "dsn.h"
#include "param.h"
#include "qmgr_mail.h"
#include "route.h"

/* Jobs of our own transports are answered on the spot. */
#define OWN_ROOM 1000

/* With more parts than this they are made anew rather than compared. */
#define COMPARE_MAX 8

bool
parts_is_own(const char *transport)
{
	return str_eq(transport, "error") || str_eq(transport, "retry") ||
	    str_eq(transport, "discard");
}

static uint32_t
limit(const char *transport, const char *suffix)
{
	return (uint32_t)param_for_transport(transport, suffix);
}

/* Parameters are looked up by name, which takes a while: once a transport. */
static struct transport *
make_transport(const char *name)
{
	bool own = parts_is_own(name);
	struct sched_limits limits = {
		.first = limit(name, "initial_destination_concurrency"),
		.concurrency = limit(name, "destination_concurrency_limit"),
		.shared = limit(name, "provider_concurrency_limit"),
		.together =
		    (uint32_t)params.default_destination_concurrency_limit,
		.rcpts = limit(name, "destination_recipient_limit"),
		.delay = param_for_transport(name, "destination_rate_delay"),
	};
	if (limits.concurrency == 1)
		limits.together = 1; /* that is meant */
	if (own)
		limits = (struct sched_limits){ .first = OWN_ROOM };

	struct transport *t = sched_transport(qmgr.sched, name, &limits);
	if (own)
		sched_room(qmgr.sched, t, OWN_ROOM);
	return t;
}

struct transport *
parts_transport(const char *name)
{
	struct transport *t = sched_find_transport(qmgr.sched, name);

	return t != NULL ? t : make_transport(name);
}

/* Where a transport takes one recipient at a time, the recipient is the
 * destination, without its extension (as in Postfix). */
static const char *
nexthop_for(struct mail *mail, const struct spool_rcpt *r,
    const struct route *route, const struct transport *t)
{
	struct arena *a = &mail->arena;

	if (t->limits.rcpts != 1)
		return route->nexthop;

	struct addr addr = addr_split(a, route->address);
	const char *user = r->env.user, *ext;
	if (user[0] == '\0')
		addr_split_extension(a, addr.local, params.recipient_delimiter,
		    &user, &ext);
	return arena_printf(a, "%s@%s", user, route->nexthop);
}

static struct dest *
dest_for(struct mail *mail, const struct spool_rcpt *r,
    const struct route *route)
{
	struct transport *t = parts_transport(route->transport);
	struct dest *d = sched_dest(qmgr.sched, t,
	    nexthop_for(mail, r, route, t));

	d->patient = route->class == ROUTE_RELAY;
	return d;
}

static void
refuse(struct mail *mail, uint32_t i, struct dsn *why)
{
	why->outcome = OUTCOME_BOUNCE;
	mail_note(mail, i, why, "none");
	mail_log_rcpt(mail, i);
	mail_settle(mail, i, RCPT_FAILED);
}

static const char *
sender_of(const struct mail *mail, const struct spool_rcpt *r)
{
	return r->env.sender[0] != '\0' ? r->env.sender : mail->m.env.sender;
}

/* What local has found out: the mailbox of a user, a file, a command. */
static enum found
find_local_route(struct mail *mail, const struct rec_env_rcpt *env,
    struct route *route)
{
	enum route_box which = env->kind == RCPT_NOBODY ? ROUTE_BOX_NOBODY
							: ROUTE_BOX_USER;
	enum found f = FOUND_NONE;

	if (env->kind == RCPT_MAILBOX || env->kind == RCPT_NOBODY)
		f = route_mailbox(&mail->arena, which, env->user, env->address,
		    route);
	if (f != FOUND_NONE)
		return f;
	*route = (struct route){
		.class = ROUTE_LOCAL,
		.transport = "local",
		.nexthop = params.myhostname,
		.address = env->address,
	};
	return FOUND_ONE;
}

static enum found
find_route(struct mail *mail, const struct spool_rcpt *r, struct route *route,
    struct dsn *why)
{
	if (r->env.kind == RCPT_ADDRESS)
		return route_resolve(&mail->arena, sender_of(mail, r),
		    r->env.address, route, why);
	return find_local_route(mail, &r->env, route);
}

struct dest *
parts_find(struct mail *mail, uint32_t i)
{
	const struct spool_rcpt *r = &mail->m.rcpts[i];
	struct route route = { 0 };
	struct dsn why = { .text = "" };

	if (find_route(mail, r, &route, &why) != FOUND_ONE)
		return NULL;
	return sched_find_dest(qmgr.sched, route.transport,
	    nexthop_for(mail, r, &route, parts_transport(route.transport)));
}

/* The destination of a recipient; NULL where it has failed. */
static struct dest *
find_dest(struct mail *mail, uint32_t i)
{
	struct spool_rcpt *r = &mail->m.rcpts[i];
	struct route route = { 0 };
	struct dsn why = { .text = "" };

	switch (find_route(mail, r, &route, &why)) {
	case FOUND_ONE:
		mail->places[i].address = route.address;
		mail->places[i].backup = route.backup;
		return dest_for(mail, r, &route);
	case FOUND_NONE:
		refuse(mail, i, &why);
		return NULL;
	case FOUND_FAILED:
		break;
	}
	mail->places[i].address = r->env.address;
	return sched_dest(qmgr.sched, parts_transport("retry"),
	    "4.3.0 address resolver failure");
}

static bool
is_open(const struct mail *mail, uint32_t i)
{
	return mail->m.rcpts[i].state == RCPT_QUEUED &&
	    mail->places[i].mark != PLACE_BUSY &&
	    mail->places[i].mark != PLACE_ANSWERED;
}

/* Its last attempt failed for its own sake: it goes by the message's clock. */
static bool
has_own_clock(const struct spool_rcpt *r)
{
	return r->last_attempt != 0 && r->last.fault != FAULT_DESTINATION &&
	    r->last.fault != FAULT_RESOLVER;
}

static uint32_t
count_for(const struct mail *mail, const struct dest *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		n += is_open(mail, i) && mail->places[i].dest == d;
	return n;
}

/* True where the scheduler's parts are what the routes say now. */
static bool
parts_agree(const struct mail *mail, uint32_t n_open)
{
	uint32_t n_parts = 0, n = 0;

	for (struct sched_part *p = mail->msg->parts; p; p = p->next) {
		if (++n_parts > COMPARE_MAX ||
		    count_for(mail, p->dest) != p->ready + p->waiting)
			return false;
		n += p->ready + p->waiting;
	}
	return n == n_open;
}

void
parts_ready(struct mail *mail, uint32_t i)
{
	mail->places[i].mark = PLACE_READY;
	mail->first = MIN(mail->first, i);
}

static void
take_place(struct mail *mail, uint32_t i, struct sched_part *p, bool ready)
{
	mail->places[i].part = p;
	if (ready) {
		parts_ready(mail, i);
		return;
	}
	mail->places[i].mark = PLACE_WAITING;
	mail->waiting = true;
}

static void
make_anew(struct mail *mail)
{
	struct sched_msg *m = mail->msg;

	for (struct sched_part *p = m->parts, *after; p != NULL; p = after) {
		after = p->next;
		sched_leave(qmgr.sched, p, p->ready + p->waiting, false);
	}
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		if (!is_open(mail, i))
			continue;
		bool waits = has_own_clock(&mail->m.rcpts[i]) &&
		    (m->flags & SCHED_TIMED) != 0;
		struct sched_part *p = sched_join(qmgr.sched, m,
		    mail->places[i].dest, 1, waits);
		take_place(mail, i, p, !waits);
	}
}

void
parts_mark(struct mail *mail, struct sched_part *p, uint32_t ready)
{
	for (int own = 0; own < 2; own++)
		for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
			if (!is_open(mail, i) ||
			    mail->places[i].dest != p->dest ||
			    has_own_clock(&mail->m.rcpts[i]) != (own == 1))
				continue;
			take_place(mail, i, p, ready > 0);
			ready -= ready > 0;
		}
}

/* The message lives as long as those who are left in it may wait. */
static void
set_life(struct mail *mail)
{
	bool backup = false;

	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		if (mail->m.rcpts[i].state == RCPT_QUEUED) {
			backup = mail->places[i].backup;
			if (!backup)
				break;
		}
	sched_backup(qmgr.sched, mail->msg, backup);
}

void
parts_sort(struct mail *mail)
{
	uint32_t n_open = 0;

	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		if (!is_open(mail, i))
			continue;
		mail->places[i].dest = find_dest(mail, i);
		n_open += mail->places[i].dest != NULL;
	}
	set_life(mail);
	if (!parts_agree(mail, n_open)) {
		make_anew(mail);
		return;
	}
	for (struct sched_part *p = mail->msg->parts; p != NULL; p = p->next)
		parts_mark(mail, p, p->ready);
}

void
parts_add(struct mail *mail, size_t first)
{
	for (uint32_t i = (uint32_t)first; i < mail->m.n_rcpts; i++) {
		struct dest *d = find_dest(mail, i);

		if (d == NULL)
			continue;
		mail->places[i].dest = d;
		take_place(mail, i,
		    sched_join(qmgr.sched, mail->msg, d, 1, false), true);
	}
}
