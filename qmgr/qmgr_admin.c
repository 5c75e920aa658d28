/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_admin.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "log.h"
#include "map.h"
#include "qline.h"
#include "qmgr_agent.h"
#include "qmgr_events.h"
#include "qmgr_fate.h"
#include "qmgr_list.h"
#include "qmgr_mail.h"
#include "rights.h"
#include "str.h"

/* Messages looked at in one go, and bytes that may wait for who asked. */
#define AT_ONCE     100
#define WAITING_MAX ((size_t)262144)
#define PAUSE       5 /* milliseconds, while they wait */
#define ASKERS_MAX  100
#define DOMAINS_MAX 100 /* of one flush */

struct ask {
	struct chan chan;
	struct list link;
	struct loop_timer timer;
	const struct verb *verb;
	struct queueid *ids;
	size_t n, at;
	uint64_t done; /* messages that it was done to */
	bool trusted;
};

struct verb {
	const char *name;
	bool open; /* to everybody */
	bool all;  /* without ids: every message */
	bool (*each)(struct ask *a, struct sched_msg *m);
	void (*once)(struct ask *a); /* without ids, in place of `each` */
};

static struct {
	struct loop_watch watch;
	int fd;
	struct list askers;
	uint32_t n;
	uid_t users[ROLES];
	size_t n_users;
} admin = { .fd = -1 };

static void
say(struct ask *a, enum qline_kind kind, const struct buf *fields)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_q_line m = {
		.kind = (uint8_t)kind,
		.fields = { buf_str(fields), fields->len },
	};

	msg_put_q_line(&packet, &m);
	chan_send(&a->chan, &packet, -1, false);
}

static void
say_text(struct ask *a, const char *text)
{
	CLEAN_BUF struct buf fields = { 0 };

	wire_put_str(&fields, text);
	say(a, QLINE_TEXT, &fields);
}

static void
say_done(struct ask *a, int code, const char *text)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_q_done m = { .exit = (uint32_t)code, .text = text };

	msg_put_q_done(&packet, &m);
	chan_send(&a->chan, &packet, -1, false);
	a->verb = NULL;
	free(a->ids);
	a->ids = NULL;
	a->n = a->at = 0;
}

/* ---- listing ---- */

static void
say_line(void *arg, enum qline_kind kind, const struct buf *fields)
{
	say(arg, kind, fields);
}

static bool
list_one(struct ask *a, struct sched_msg *m)
{
	return list_mail(m, !a->trusted, say_line, a);
}

static bool
id_one(struct ask *a, struct sched_msg *m)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, "%s %u", m->id.text, sched_count(m));
	say_text(a, buf_str(&text));
	return true;
}

/* ---- doing ---- */

static bool
flush_one(struct ask *a, struct sched_msg *m)
{
	(void)a; /* whoever may ask */
	sched_flush(qmgr.sched, m);
	return (m->flags & SCHED_HELD) == 0;
}

static bool
is_down(const struct dest *d, const void *arg)
{
	(void)arg;
	return d->down != 0;
}

static bool
hold_one(struct ask *a, struct sched_msg *m)
{
	(void)a;
	if ((m->flags & SCHED_HELD) != 0)
		return false;
	sched_hold(qmgr.sched, m);
	log_info("%s: placed on hold", m->id.text);
	if (m->loaded != NULL)
		fate_progress(m->loaded);
	else
		(void)mail_move(m, SPOOL_HOLD); /* a failure was said */
	return true;
}

static bool
release_one(struct ask *a, struct sched_msg *m)
{
	(void)a;
	if ((m->flags & SCHED_HELD) == 0)
		return false;
	(void)mail_move(m, SPOOL_CUR);
	sched_release(qmgr.sched, m);
	log_info("%s: released from hold", m->id.text);
	return true;
}

static bool
requeue_one(struct ask *a, struct sched_msg *m)
{
	(void)a;
	if ((m->flags & SCHED_HELD) != 0)
		(void)mail_move(m, SPOOL_CUR);
	m->rounds = 0;
	sched_release(qmgr.sched, m);
	log_info("%s: requeued", m->id.text);
	return true;
}

/* At once, or when its agents have answered. */
static bool
end_one(struct sched_msg *m, enum owner_bit wish)
{
	struct mail *mail = mail_load(m);

	if (mail == NULL)
		return false;
	m->owner |= (uint8_t)wish;
	if (mail->jobs > 0)
		agent_cancel(mail);
	fate_end(mail);
	return true;
}

static bool
delete_one(struct ask *a, struct sched_msg *m)
{
	(void)a;
	return end_one(m, OWNER_WISH_DELETE);
}

static bool
bounce_one(struct ask *a, struct sched_msg *m)
{
	(void)a;
	if ((m->flags & SCHED_HELD) != 0)
		(void)release_one(a, m);
	return end_one(m, OWNER_WISH_BOUNCE);
}

static void
books(struct ask *a)
{
	const struct books *b = &qmgr.books;
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = {
		{ "accepted", b->accepted },
		{ "found", b->found },
		{ "added", b->expanded_in },
		{ "sent", b->sent },
		{ "bounced", b->bounced },
		{ "expired", b->expired },
		{ "deleted", b->deleted },
		{ "expanded", b->expanded },
		{ "messages", qmgr.sched->n_msgs },
		{ "held", qmgr.held },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf text = { 0 };

		buf_addf(&text, "%s %llu", rows[i].name,
		    (unsigned long long)rows[i].n);
		say_text(a, buf_str(&text));
	}
}

/* clang-format off */
static const struct verb verbs[] = {
	/* name      everybody  all    each          once */
	{ "list",    true,      true,  list_one,     NULL  },
	{ "flush",   true,      true,  flush_one,    NULL  },
	{ "hold",    false,     false, hold_one,     NULL  },
	{ "release", false,     false, release_one,  NULL  },
	{ "requeue", false,     false, requeue_one,  NULL  },
	{ "delete",  false,     false, delete_one,   NULL  },
	{ "bounce",  false,     false, bounce_one,   NULL  },
	{ "ids",     false,     true,  id_one,       NULL  },
	{ "books",   false,     false, NULL,         books },
};
/* clang-format on */

/* ---- a question ---- */

static void
work(struct loop_timer *t)
{
	struct ask *a = container_of(t, struct ask, timer);
	CLEAN_BUF struct buf count = { 0 };

	for (int i = 0; i < AT_ONCE && a->at < a->n; i++) {
		struct sched_msg *m = sched_find(qmgr.sched,
		    a->ids[a->at++].text);

		if (m != NULL && a->verb->each(a, m))
			a->done++;
	}
	if (a->at < a->n) {
		bool full = chan_waiting(&a->chan) > WAITING_MAX;

		loop_timer(t, full ? PAUSE : 0, work);
	} else {
		if (a->verb->each == flush_one)
			agent_again(is_down, NULL);
		buf_addf(&count, "%llu", (unsigned long long)a->done);
		say_done(a, EX_OK, buf_str(&count));
	}
	qmgr_soon();
}

static void
add_id(struct ask *a, const char *id)
{
	if ((a->n & (a->n - 1)) == 0)
		a->ids = xrealloc(a->ids, MAX(2 * a->n, 1), sizeof(a->ids[0]));
	bool fits = str_copy(a->ids[a->n].text, sizeof(a->ids[0].text), id);
	a->n += fits;
}

/* The destinations of a domain. */
static void
add_dests(struct map *dests, const char *domain)
{
	MAP_EACH(&qmgr.sched->dests, e) {
		struct dest *d = e->value;

		if (sched_goes_to(d, domain, false))
			*map_put(dests, &d, sizeof(d)) = d;
	}
}

/* What has a part for one of them, in one pass: anybody may ask. */
static void
add_mail_for(struct ask *a, const struct map *dests)
{
	if (dests->len == 0)
		return;
	for (struct sched_msg *m = sched_each(qmgr.sched, NULL); m != NULL;
	     m = sched_each(qmgr.sched, m))
		for (struct sched_part *p = m->parts; p != NULL; p = p->next)
			if (map_get(dests, &p->dest, sizeof(p->dest)) != NULL) {
				add_id(a, m->id.text);
				break;
			}
}

/* False for an argument that is neither an id nor (for flush) a domain, and for
 * too many of these. */
static bool
add_args(struct ask *a, struct slice args)
{
	struct wire w = wire_open(args.at, args.len);
	struct map dests = { 0 };
	size_t domains = 0;
	bool good = true;

	while (good && wire_more(&w)) {
		const char *arg = wire_get_str(&w);

		if (queueid_valid(arg))
			add_id(a, arg);
		else if (a->verb->each == flush_one && domains++ < DOMAINS_MAX)
			add_dests(&dests, arg);
		else
			good = false;
	}
	add_mail_for(a, &dests);
	map_free(&dests);
	return good && wire_done(&w);
}

static void
begin(struct ask *a, const struct verb *verb, struct slice args)
{
	a->verb = verb;
	a->done = 0;
	if (!verb->open && !a->trusted) {
		say_done(a, EX_NOPERM, "only root may do that");
		return;
	}
	if (verb->once != NULL) {
		verb->once(a);
		say_done(a, EX_OK, "");
		return;
	}
	if (!add_args(a, args)) {
		say_done(a, EX_USAGE, "not a queue id, or too many domains");
		return;
	}
	if (args.len == 0 && verb->all)
		for (struct sched_msg *m = sched_each(qmgr.sched, NULL);
		     m != NULL; m = sched_each(qmgr.sched, m))
			add_id(a, m->id.text);
	work(&a->timer);
}

/* What is in our memory is no longer the queue; and who reads his answer slowly
 * must not keep the successor waiting. */
static void
say_replaced(struct ask *a)
{
	say_done(a, EX_TEMPFAIL,
	    "the queue manager is being replaced: ask again");
}

static bool
on_ask(struct chan *c, const void *body, size_t len, int fd)
{
	struct ask *a = container_of(c, struct ask, chan);
	struct msg_q_ask m;

	close_fd(&fd);
	if (!msg_get_q_ask(&m, body, len) || a->verb != NULL)
		return false;
	if (qmgr.draining) {
		say_replaced(a);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (str_eq(verbs[i].name, m.verb)) {
			begin(a, &verbs[i], m.args);
			events_run();
			return true;
		}
	return false;
}

static const struct chan_rule rules[] = {
	{ MSG_q_ask, 1u << ROLE_ADMIN, on_ask },
};

/* ---- connections ---- */

static void
on_ended(struct chan *c)
{
	struct ask *a = container_of(c, struct ask, chan);

	loop_cancel(&a->timer);
	list_drop(&a->link);
	free(a->ids);
	free(a);
	admin.n--;
}

static bool
is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0)
		return true;
	for (size_t i = 0; i < admin.n_users; i++)
		if (admin.users[i] == peer.uid)
			return true;
	return false;
}

static void
on_connection(struct loop_watch *w, int what)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what; /* it can only be read */
	if (fd < 0)
		return;
	/* Others may hold on to theirs: there is always one for root. */
	bool trusted = is_trusted(fd);
	if (admin.n >= (trusted ? 2 * ASKERS_MAX : ASKERS_MAX)) {
		(void)close(fd);
		return;
	}
	struct ask *a = xcalloc(1, sizeof(*a));
	a->trusted = trusted;
	list_append(&admin.askers, &a->link);
	admin.n++;
	chan_start(&a->chan, fd, ROLE_ADMIN, "mqueue", rules, ARRAY_LEN(rules),
	    on_ended);
}

void
admin_open(void)
{
	for (int role = ROLE_MASTER; role < ROLES; role++) {
		const struct rights *r = rights_of((enum role)role);
		const struct passwd *pw;

		if (r == NULL || r->user == NULL)
			continue;
		pw = getpwnam(r->user);
		if (pw != NULL && pw->pw_uid != 0)
			admin.users[admin.n_users++] = pw->pw_uid;
	}
}

void
admin_listen(int fd, const char *address)
{
	(void)address; /* there is only one */
	admin.fd = fd;
	loop_watch(&admin.watch, fd, LOOP_READ, on_connection);
}

void
admin_stop(void)
{
	LIST_EACH(struct ask, a, &admin.askers, link) {
		if (a->verb == NULL)
			continue;
		loop_cancel(&a->timer);
		say_replaced(a);
	}
	if (admin.fd < 0)
		return;
	loop_unwatch(&admin.watch);
	close_fd(&admin.fd);
}

uint32_t
admin_busy(void)
{
	uint32_t n = 0;

	LIST_EACH(struct ask, a, &admin.askers, link)
		n += a->verb != NULL;
	return n;
}
