/*
 * What a destination does on each event is the table `next`; entering a state
 * sets what goes with it.  A destination that is down keeps its ready parts
 * where they are: parking costs nothing, and neither does coming back.
 *
 * A failure brings down a destination that has not answered since it came up,
 * at once; one that has answered, when as many jobs fail in a row as it may
 * have at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_dest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "qmgr_provider.h"

/* A destination that nobody needs is remembered for so long. */
#define IDLE_TIME (2 * MINUTE)

/* clang-format off */
static const enum dest_state next[DEST_STATES][DEST_EVENTS] = {
	/* its state        answered       failed     no DNS      timer         woken       */
	[DEST_UP] =       { DEST_UP,       DEST_DOWN, DEST_WAITS, DEST_UP,       DEST_UP       },
	[DEST_DOWN] =     { DEST_DRAINING, DEST_DOWN, DEST_DOWN,  DEST_PROBING,  DEST_DRAINING },
	[DEST_PROBING] =  { DEST_DRAINING, DEST_DOWN, DEST_WAITS, DEST_PROBING,  DEST_DRAINING },
	[DEST_DRAINING] = { DEST_DRAINING, DEST_DOWN, DEST_WAITS, DEST_DRAINING, DEST_DRAINING },
	[DEST_WAITS] =    { DEST_DRAINING, DEST_DOWN, DEST_WAITS, DEST_PROBING,  DEST_DRAINING },
};
/* clang-format on */

int64_t
sched_jitter(struct sched *s, int64_t base)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	if (base < 10)
		return base;
	return base - base / 10 + (int64_t)(s->random % (uint64_t)(base / 5));
}

int64_t
sched_age_clock(const struct sched *s)
{
	return (s->frozen != 0 ? s->frozen : s->now) - s->stood;
}

bool
dest_asleep(const struct dest *d)
{
	return d->state == DEST_DOWN || d->state == DEST_WAITS ||
	    (d->state == DEST_PROBING && d->busy > 0);
}

static void
tell(struct sched *s, struct dest *d, enum dest_news what)
{
	d->tells |= (uint8_t)what;
	if (!list_linked(&d->news))
		list_append(&s->news, &d->news);
}

int64_t
sched_probe_interval(const struct sched *s, bool patient, int64_t down,
    int64_t interval)
{
	const struct sched_config *c = &s->config;
	int64_t age = s->now - down;

	if (!patient)
		return interval == 0 ? c->probe_time
				     : MIN(2 * interval, c->max_backoff);
	if (age < HOUR)
		return c->probe_time;
	if (age < DAY)
		return MAX(c->probe_time, MINUTE);
	return MAX(c->probe_time, c->probe_max);
}

static void
go_down(struct sched *s, struct dest *d)
{
	if (d->down == 0) {
		d->down = s->now;
		d->interval = 0;
		d->up_at = 0;
		tell(s, d, DEST_NEWS_STATE);
	}
	if (provider_is_down(d)) /* which has one timer for all */
		return;
	d->interval = sched_probe_interval(s, d->patient, d->down, d->interval);
	heap_put(&s->dest_clock, &d->timer,
	    s->now + sched_jitter(s, d->interval));
}

static void
come_up(struct sched *s, struct dest *d)
{
	if (d->down == 0)
		return;
	d->outage = s->now - d->down;
	d->down = 0;
	d->interval = 0;
	d->up_at = s->now;
	d->drained = 0;
	tell(s, d, DEST_NEWS_STATE);
}

void
dest_drained(struct sched *s, struct dest *d, uint32_t n)
{
	if (d->up_at == 0)
		return;
	d->drained += n;
	if (d->busy > 0 || d->small.n > 0 || d->big.n > 0)
		return;
	d->draining = s->now - d->up_at;
	d->up_at = 0;
	tell(s, d, DEST_NEWS_DRAINED);
}

static void
resolver_up(struct sched *s)
{
	if (s->frozen == 0)
		return;
	s->stood += s->now - s->frozen;
	s->frozen = 0;
	s->prober = NULL;
	s->resolver_news = true;
	LIST_EACH(struct dest, d, &s->waits, wait)
		dest_event(s, d, DEST_DUE);
}

static void
wait_for_resolver(struct sched *s, struct dest *d)
{
	if (s->frozen == 0) {
		s->frozen = s->now;
		s->resolver_news = true;
		s->resolver_at = s->now + sched_jitter(s, s->config.probe_time);
	}
	if (s->prober == d)
		s->prober = NULL;
	list_append(&s->waits, &d->wait);
}

static void
enter(struct sched *s, struct dest *d, enum dest_state state)
{
	list_drop(&d->wait);
	heap_drop(&s->dest_clock, &d->timer);
	d->state = state;
	switch (state) {
	case DEST_UP:
	case DEST_PROBING:
		break;
	case DEST_DOWN:
		go_down(s, d);
		break;
	case DEST_DRAINING:
		d->window = 1;
		d->fails = 0;
		d->proven = false;
		break;
	case DEST_WAITS:
		wait_for_resolver(s, d);
		break;
	case DEST_STATES:
		assert(state != DEST_STATES);
	}
}

static uint32_t
most(const struct dest *d)
{
	const struct sched_limits *l = &d->transport->limits;

	if (l->concurrency == 0)
		return UINT32_MAX;
	return d->together ? MAX(l->concurrency, l->together) : l->concurrency;
}

static void
grow(struct sched *s, struct dest *d)
{
	const struct sched_limits *l = &d->transport->limits;

	d->proven = true;
	d->fails = 0;
	come_up(s, d);
	d->window = MIN(d->window, most(d));
	if (d->busy + 1 >= d->window && d->window < most(d))
		d->window++;
	if (d->state == DEST_DRAINING && d->window > l->first)
		d->state = DEST_UP;
}

void
dest_event(struct sched *s, struct dest *d, enum dest_event event)
{
	enum dest_state state = next[d->state][event];
	bool was_prober = s->prober == d;

	if (event == DEST_BAD)
		provider_bad(s, d);
	/* Somebody's wish is no more than a probe for all that share it. */
	if (event == DEST_WAKE && provider_is_down(d))
		state = DEST_PROBING;
	if (state != d->state)
		enter(s, d, state);
	if (event == DEST_GOOD) {
		grow(s, d);
		provider_good(s, d);
	}
	dest_consider(s, d);
	if (was_prober && (event == DEST_GOOD || event == DEST_BAD))
		resolver_up(s);
}

void
dest_failed(struct sched *s, struct dest *d)
{
	d->fails++;
	if (d->window > 1)
		d->window--;
	bool dead = provider_failed(d);
	if (dead || !d->proven || d->fails >= d->window ||
	    d->state == DEST_PROBING)
		dest_event(s, d, DEST_BAD);
	else
		dest_consider(s, d);
}

void
dest_park(struct sched *s, struct dest *d, const char *reason)
{
	dest_keep_reason(d, reason);
	enter(s, d, DEST_DOWN);
	dest_consider(s, d);
}

void
dest_raise(struct sched *s, struct dest *d)
{
	if (d->state != DEST_WAITS)
		enter(s, d, DEST_DRAINING);
	come_up(s, d);
	dest_consider(s, d);
}

void
dest_keep_reason(struct dest *d, const char *reason)
{
	if (reason == NULL ||
	    (d->reason != NULL && strcmp(d->reason, reason) == 0))
		return;
	free(d->reason);
	d->reason = xstrdup(reason);
}

static uint32_t
window_of(const struct dest *d)
{
	if (d->state == DEST_PROBING || d->transport->limits.delay > 0 ||
	    d->asking)
		return 1;
	return d->window;
}

static void
set_turn(struct sched *s, struct dest *d, struct list *in)
{
	if (d->in == in)
		return;
	list_drop(&d->turn);
	d->in = in;
	provider_loosen(s, d);
	if (in != NULL)
		list_append(in, &d->turn);
}

void
dest_consider(struct sched *s, struct dest *d)
{
	bool open = d->state != DEST_DOWN && d->state != DEST_WAITS;

	if (d->parts == 0 && d->busy == 0) {
		if (d->in != &s->idle)
			d->idle = s->now;
		set_turn(s, d, &s->idle);
		return;
	}
	if (!open || (d->small.n == 0 && d->big.n == 0) ||
	    d->busy >= window_of(d)) {
		set_turn(s, d, NULL);
	} else if (s->now < d->pause) {
		set_turn(s, d, NULL);
		heap_put(&s->dest_clock, &d->timer, d->pause);
	} else if (provider_is_full(d)) {
		set_turn(s, d, &d->provider->crowd);
	} else {
		set_turn(s, d,
		    d->fresh > 0 ? &d->transport->fresh : &d->transport->old);
	}
}

static void
take_out(struct sched_part *p)
{
	struct dest *d = p->dest;

	heap_drop(p->big ? &d->big : &d->small, &p->node);
	if (p->fresh)
		d->fresh--;
	p->fresh = false;
}

static void
sort_later(struct sched_part *p)
{
	bool later = p->waiting > 0 && (p->msg->flags & SCHED_HELD) == 0;

	if (later == list_linked(&p->later))
		return;
	if (later) {
		list_append(&p->dest->later, &p->later);
		p->dest->n_later++;
	} else {
		list_drop(&p->later);
		p->dest->n_later--;
	}
}

void
dest_flush_one(struct sched *s, struct dest *d)
{
	struct sched_part *p;

	if (list_empty(&d->later)) {
		d->flushes = 0;
		return;
	}
	p = container_of(d->later.next, struct sched_part, later);
	p->ready += p->waiting;
	p->waiting = 0;
	p->node.key = p->msg->arrived;
	d->flushes--;
	dest_sort(s, p);
	sched_unclock(s, p->msg);
}

void
dest_sort(struct sched *s, struct sched_part *p)
{
	struct dest *d = p->dest;
	uint32_t limit = d->transport->limits.rcpts;
	bool big = limit > 0 && p->ready > limit;
	bool in = p->ready > 0 && (p->msg->flags & SCHED_HELD) == 0;

	if (!in || big != p->big)
		take_out(p);
	p->big = big;
	if (in) {
		heap_put(big ? &d->big : &d->small, &p->node, p->node.key);
		bool fresh = p->msg->attempts == 0;
		if (fresh && !p->fresh)
			d->fresh++;
		if (!fresh && p->fresh)
			d->fresh--;
		p->fresh = fresh;
	}
	sort_later(p);
	dest_consider(s, d);
}

void
dest_due(struct sched *s, struct dest *d)
{
	heap_drop(&s->dest_clock, &d->timer);
	dest_event(s, d, DEST_DUE);
}

static bool
can_probe(const struct dest *d)
{
	return d->small.n > 0 || d->big.n > 0 || d->busy > 0;
}

void
dest_probe_resolver(struct sched *s)
{
	if (s->frozen == 0 || s->now < s->resolver_at)
		return;
	s->resolver_at = s->now + sched_jitter(s, s->config.probe_time);
	if (s->prober != NULL && can_probe(s->prober))
		return;
	s->prober = NULL;
	LIST_EACH(struct dest, d, &s->waits, wait) {
		if (!can_probe(d))
			continue;
		s->prober = d;
		dest_event(s, d, DEST_DUE);
		return;
	}
	/* Nobody needs it: nothing says that it is still down. */
	resolver_up(s);
}

void
dest_free(struct sched *s, struct dest *d)
{
	CLEAN_BUF struct buf key = { 0 };

	buf_addf(&key, "%s:%s", d->transport->name, d->nexthop);
	void *was = map_drops(&s->dests, buf_str(&key));
	assert(was == d && d->small.n == 0 && d->big.n == 0 &&
	    list_empty(&d->later));
	if (s->prober == d)
		s->prober = NULL;
	provider_leave(s, d);
	heap_drop(&s->dest_clock, &d->timer);
	list_drop(&d->turn);
	list_drop(&d->news);
	list_drop(&d->wait);
	list_drop(&d->flush);
	heap_free(&d->small);
	heap_free(&d->big);
	free(d->reason);
	free(d);
}

void
dest_sweep(struct sched *s)
{
	LIST_EACH(struct dest, d, &s->idle, turn) {
		if (s->now - d->idle < IDLE_TIME)
			return;
		dest_free(s, d);
	}
}
