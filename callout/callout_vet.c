/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "callout_vet.h"

#include <stdlib.h>
#include <string.h>

#include "callout_cache.h"
#include "callout_limit.h"
#include "log.h"
#include "map.h"
#include "param.h"
#include "program.h"

#define PROBES_MAX  200   /* in flight, to all destinations */
#define WAITING_MAX 50    /* for one destination */
#define ASKERS_MAX  10000 /* further ones get no answer but "unknown" */
#define DESTS_MAX   10000
#define HELD_MAX    10000
#define HELD_TIME   ((int64_t)60000) /* a host said "later" */

/* Who is asked: a next hop by a transport. */
struct dest {
	struct callout_limit limit;
	struct list waiting; /* probes, until others are over */
	size_t n_waiting;
};

struct probe {
	struct list link; /* among all, or in dest->waiting */
	char *key, *address, *transport, *nexthop;
	struct dest *dest;
	struct list askers;
	struct chan *to; /* the agent; NULL while it waits */
	uint32_t number;
	int64_t began;
	struct buf stale_room; /* an old refusal that holds until there is */
	struct callout_entry stale; /* another answer; verdict VETTED_UNKNOWN:
				       there is none */
};

struct asker {
	struct list link;    /* in the probe's */
	struct list in_time; /* among all, the oldest first */
	struct probe *probe;
	struct chan *from;
	uint32_t stream;
	int64_t deadline;
};

struct held {
	int64_t until;
};

static struct list asked;  /* probes in flight */
static struct list askers; /* the oldest first: all have the same patience */
static struct map probes;  /* by key */
static struct map dests;   /* by transport and next hop */
static struct map held;    /* by key */
static struct loop_timer timer;
static uint32_t last_number;
static size_t n_asked, n_askers;

static void start_waiting(struct dest *d);

/* ---- answers ---- */

static void
send_answer(struct chan *c, uint32_t stream, const struct callout_entry *e)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_vetted m = {
		.stream = stream,
		.verdict = (uint8_t)e->verdict,
		.code = e->code,
		.status = e->status,
		.text = e->text,
	};

	msg_put_vetted(&packet, &m);
	chan_send(c, &packet, -1, false);
}

static void
send_unknown(struct chan *c, uint32_t stream, enum vetted verdict,
    const char *text)
{
	struct callout_entry e = { .verdict = verdict, .text = text };

	send_answer(c, stream, &e);
}

static void
asker_free(struct asker *a)
{
	list_drop(&a->link);
	list_drop(&a->in_time);
	n_askers--;
	free(a);
}

/* An old refusal counts where there is nothing better. */
static void
tell(struct asker *a, const struct callout_entry *e)
{
	const struct callout_entry *stale = &a->probe->stale;

	send_answer(a->from, a->stream,
	    e->verdict != VETTED_GOOD && stale->verdict == VETTED_BAD &&
		    e->verdict != VETTED_BAD
		? stale
		: e);
	asker_free(a);
}

static void
tell_all(struct probe *p, const struct callout_entry *e)
{
	LIST_EACH(struct asker, a, &p->askers, link)
		tell(a, e);
}

/* ---- what was said a moment ago, and may be otherwise in the next ---- */

static void
forget_held(void)
{
	MAP_EACH(&held, e)
		free(e->value);
	map_free(&held);
}

static void
hold(const char *key)
{
	if (held.len >= HELD_MAX)
		forget_held();
	void **place = map_puts(&held, key);
	struct held *h = *place;
	if (h == NULL)
		h = xcalloc(1, sizeof(*h));
	h->until = loop_now() + HELD_TIME;
	*place = h;
}

static bool
is_held(const char *key)
{
	const struct held *h = map_gets(&held, key);

	return h != NULL && h->until > loop_now();
}

/* ---- destinations ---- */

static void
forget_idle_dests(void)
{
	MAP_EACH(&dests, e) {
		struct dest *d = e->value;

		if (d->n_waiting > 0 ||
		    !callout_limit_idle(&d->limit,
			params.backup_verify_rate_limit, loop_now()))
			continue;
		(void)map_drop(&dests, e->key, e->len);
		free(d);
	}
}

/* NULL where there are too many. */
static struct dest *
dest_of(const char *transport, const char *nexthop)
{
	CLEAN_BUF struct buf name = { 0 };

	buf_addf(&name, "%s:%s", transport, nexthop);
	str_lower(name.text);
	struct dest *d = map_gets(&dests, buf_str(&name));
	if (d != NULL)
		return d;
	if (dests.len >= DESTS_MAX)
		forget_idle_dests();
	if (dests.len >= DESTS_MAX)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	*map_puts(&dests, buf_str(&name)) = d;
	return d;
}

/* The same process each time for a next hop, which so can use a connection
 * again. */
static struct chan *
agent_for(const char *transport, const char *nexthop)
{
	struct chan *c = NULL, *chosen = NULL;
	size_t n = 0;

	while ((c = program_next_peer(ROLE_SMTP, c)) != NULL)
		n += str_eq(c->name, transport);
	if (n == 0)
		return NULL;
	n = map_hash(nexthop, strlen(nexthop)) % n;
	while ((c = program_next_peer(ROLE_SMTP, c)) != NULL)
		if (str_eq(c->name, transport) && n-- == 0)
			chosen = c;
	return chosen;
}

/* ---- probes ---- */

static void
probe_free(struct probe *p)
{
	list_drop(&p->link);
	(void)map_drops(&probes, p->key);
	buf_free(&p->stale_room);
	free(p->key);
	free(p->address);
	free(p->transport);
	free(p->nexthop);
	free(p);
}

static struct probe *
probe_new(const char *key, const struct msg_vet *m, struct dest *d)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	p->key = xstrdup(key);
	p->address = xstrdup(m->address);
	p->transport = xstrdup(m->transport);
	p->nexthop = xstrdup(m->nexthop);
	p->dest = d;
	*map_puts(&probes, key) = p;
	return p;
}

static void
put_sender(struct buf *out)
{
	const char *sender = params.address_verify_sender;

	if (sender[0] == '\0' || str_eq(sender, "<>"))
		return;
	buf_adds(out, sender);
	if (strchr(sender, '@') == NULL)
		buf_addf(out, "@%s", params.myorigin);
}

static void
send_probe(struct probe *p, struct chan *agent)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf sender = { 0 };

	if (++last_number == 0)
		last_number = 1;
	p->number = last_number;
	p->to = agent;
	p->began = loop_now();
	list_append(&asked, &p->link);
	n_asked++;
	put_sender(&sender);
	struct msg_probe_rcpt m = {
		.stream = p->number,
		.nexthop = p->nexthop,
		.sender = buf_str(&sender),
		.address = p->address,
	};
	msg_put_probe_rcpt(&packet, &m);
	chan_send(agent, &packet, -1, false);
}

/* The probe is over without an answer about the address. */
static void
give_up(struct probe *p, enum vetted verdict, const char *text)
{
	struct callout_entry e = { .verdict = verdict, .text = text };

	tell_all(p, &e);
	probe_free(p);
}

static void
start(struct probe *p)
{
	struct chan *agent = agent_for(p->transport, p->nexthop);
	struct dest *d = p->dest;

	if (agent == NULL) {
		give_up(p, VETTED_UNKNOWN, "its transport is not asked");
		return;
	}
	if (n_asked >= PROBES_MAX) {
		give_up(p, VETTED_LIMITED, "too many questions");
		return;
	}
	switch (callout_limit_ask(&d->limit, params.backup_verify_rate_limit,
	    loop_now())) {
	case LEAVE_ASK:
		send_probe(p, agent);
		break;
	case LEAVE_WAIT:
		if (d->n_waiting >= WAITING_MAX) {
			give_up(p, VETTED_LIMITED, "too many questions");
			break;
		}
		list_append(&d->waiting, &p->link);
		d->n_waiting++;
		break;
	case LEAVE_TOO_MUCH:
		give_up(p, VETTED_LIMITED, "too many questions");
		break;
	case LEAVE_RESTING:
		give_up(p, VETTED_UNKNOWN,
		    "its host did not answer a moment ago");
		break;
	}
}

/* One is over: those that wait may start, until one of them waits again. */
static void
start_waiting(struct dest *d)
{
	for (size_t n = d->n_waiting; n > 0; n--) {
		struct list *l = list_take(&d->waiting);

		d->n_waiting--;
		start(container_of(l, struct probe, link));
	}
}

static struct probe *
find_asked(const struct chan *to, uint32_t number)
{
	LIST_EACH(struct probe, p, &asked, link)
		if (p->to == to && p->number == number)
			return p;
	return NULL;
}

static void
over(struct probe *p, bool answered)
{
	n_asked--;
	list_drop(&p->link);
	callout_limit_over(&p->dest->limit, answered, loop_now());
}

static void
log_probe(const struct probe *p, const struct msg_probe_done *m)
{
	static const char *const words[] = {
		[VETTED_UNKNOWN] = "unverified",
		[VETTED_GOOD] = "deliverable",
		[VETTED_BAD] = "undeliverable",
	};
	CLEAN_BUF struct buf to = { 0 };
	int64_t delay = loop_now() - p->began;

	str_printable(&to, p->address, strlen(p->address), 320);
	log_info("to=<%s>, relay=%s, delay=%lld.%02lld, dsn=%s, status=%s (%s)",
	    buf_str(&to), m->relay[0] != '\0' ? m->relay : "none",
	    (long long)(delay / 1000), (long long)(delay % 1000 / 10),
	    m->status, words[m->verdict], m->text);
}

/* What only a less preferred host says counts now, and is not kept. */
static void
keep(const struct probe *p, const struct msg_probe_done *m,
    const struct callout_entry *e)
{
	if (m->verdict == VETTED_UNKNOWN) {
		if (m->code != 0)
			hold(p->key);
		return;
	}
	if (m->best == 0 ||
	    (m->verdict == VETTED_BAD && !params.address_verify_negative_cache))
		return;
	callout_cache_put(p->key, e);
}

bool
callout_vet_probed(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_probe_done m;

	close_fd(&fd);
	if (!msg_get_probe_done(&m, body, len) || m.verdict > VETTED_BAD ||
	    (m.verdict != VETTED_UNKNOWN && (m.code < 200 || m.code > 599)))
		return false;
	struct probe *p = find_asked(c, m.stream);
	if (p == NULL)
		return true;

	struct dest *d = p->dest;
	struct callout_entry e = {
		.verdict = (enum vetted)m.verdict,
		.when = loop_wall(),
		.code = m.code,
		.status = m.status,
		.text = m.text,
	};
	log_probe(p, &m);
	over(p, m.code != 0);
	keep(p, &m, &e);
	tell_all(p, &e);
	probe_free(p);
	start_waiting(d);
	return true;
}

/* ---- questions ---- */

static void
on_due(struct loop_timer *t)
{
	static const struct callout_entry slow = {
		.verdict = VETTED_UNKNOWN,
		.text = "its host did not answer in time",
	};

	while (!list_empty(&askers)) {
		struct asker *a = container_of(askers.next, struct asker,
		    in_time);

		if (a->deadline > loop_now()) {
			loop_timer(t, a->deadline - loop_now(), on_due);
			return;
		}
		if (a->probe->to != NULL)
			callout_limit_slow(&a->probe->dest->limit, loop_now());
		tell(a, &slow);
	}
}

static int64_t
patience(void)
{
	return MAX(params.address_verify_poll_count - 1, 1) *
	    params.address_verify_poll_delay;
}

static void
add_asker(struct probe *p, struct chan *c, uint32_t stream)
{
	struct asker *a = xcalloc(1, sizeof(*a));

	a->probe = p;
	a->from = c;
	a->stream = stream;
	a->deadline = loop_now() + patience();
	if (list_empty(&askers))
		loop_timer(&timer, patience(), on_due);
	list_append(&askers, &a->in_time);
	list_append(&p->askers, &a->link);
	n_askers++;
}

/* A probe for what the cache does not know well enough; asked by nobody (c is
 * NULL) where its old answer was good. */
static void
ask_host(struct chan *c, const struct msg_vet *m, const char *key,
    const struct callout_entry *stale)
{
	struct probe *p = map_gets(&probes, key);
	bool fresh = p == NULL;

	if (fresh) {
		struct dest *d = dest_of(m->transport, m->nexthop);

		if (d == NULL) {
			if (c != NULL)
				send_unknown(c, m->stream, VETTED_LIMITED,
				    "too many questions");
			return;
		}
		p = probe_new(key, m, d);
		if (stale != NULL && stale->verdict == VETTED_BAD) {
			callout_entry_put(&p->stale_room, stale);
			if (!callout_entry_parse(p->stale_room.text,
				p->stale_room.len, &p->stale))
				log_panic("an entry that was put is none");
		}
	}
	if (c != NULL)
		add_asker(p, c, m->stream);
	if (fresh)
		start(p); /* p may be gone */
}

static void
answer(struct chan *c, const struct msg_vet *m, const char *key)
{
	CLEAN_BUF struct buf room = { 0 };
	struct callout_entry e;

	if (callout_cache_get(key, loop_wall(), &room, &e) != FOUND_ONE) {
		if (is_held(key))
			send_unknown(c, m->stream, VETTED_UNKNOWN,
			    "its host said a moment ago: later");
		else
			ask_host(c, m, key, NULL);
		return;
	}
	bool stale = callout_entry_age(&e, loop_wall()) == AGE_STALE &&
	    !is_held(key);
	if (e.verdict == VETTED_GOOD || !stale)
		send_answer(c, m->stream, &e);
	if (stale)
		ask_host(e.verdict == VETTED_GOOD ? NULL : c, m, key, &e);
}

bool
callout_vet_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf key = { 0 };
	struct msg_vet m;

	close_fd(&fd);
	if (!msg_get_vet(&m, body, len))
		return false;
	if (n_askers >= ASKERS_MAX || !callout_entry_key(&key, m.address))
		send_unknown(c, m.stream, VETTED_LIMITED, "too many questions");
	else
		answer(c, &m, buf_str(&key));
	return true;
}

/* ---- the end of others ---- */

static void
agent_ended(struct chan *c)
{
	LIST_EACH(struct probe, p, &asked, link) {
		if (p->to != c)
			continue;
		n_asked--;
		list_drop(&p->link);
		callout_limit_over(&p->dest->limit, true, loop_now());
		give_up(p, VETTED_UNKNOWN, "the question was lost");
	}
}

void
callout_vet_peer_ended(struct chan *c)
{
	LIST_EACH(struct asker, a, &askers, in_time)
		if (a->from == c)
			asker_free(a);
	agent_ended(c);
}

size_t
callout_vet_open(void)
{
	return n_askers + n_asked;
}
