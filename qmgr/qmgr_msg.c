/*
 * Messages and their parts: joining, leaving, coming back from an agent.
 *
 * Each function leaves the counts, the destination's heaps and the message's
 * clock in step.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "qmgr_dest.h"
#include "qmgr_provider.h"
#include "str.h"

/* After a trouble of our own the first retry comes so soon, then doubling. */
#define LOCAL_RETRY (30 * SECOND)

#define SLOTS_FIRST ((size_t)256)

/* ---- the index ---- */

static struct sched_msg **
slot_of(const struct sched *s, const char *id)
{
	return &s->slots[map_hash(id, QUEUEID_LEN) & (s->room - 1)];
}

static void
make_room(struct sched *s)
{
	struct sched_msg **old = s->slots;
	size_t old_room = s->room;

	if (s->n_msgs < s->room)
		return;
	s->room = s->room == 0 ? SLOTS_FIRST : 2 * s->room;
	s->slots = xcalloc(s->room, sizeof(struct sched_msg *));
	for (size_t i = 0; i < old_room; i++)
		for (struct sched_msg *m = old[i], *after; m != NULL;
		     m = after) {
			struct sched_msg **slot = slot_of(s, m->id.text);

			after = m->next;
			m->next = *slot;
			*slot = m;
		}
	free(old);
}

struct sched_msg *
sched_find(const struct sched *s, const char *id)
{
	if (s->room == 0 || strlen(id) != QUEUEID_LEN)
		return NULL;
	for (struct sched_msg *m = *slot_of(s, id); m != NULL; m = m->next)
		if (memcmp(m->id.text, id, QUEUEID_LEN) == 0)
			return m;
	return NULL;
}

struct sched_msg *
sched_each(const struct sched *s, const struct sched_msg *m)
{
	size_t i = 0;

	if (m != NULL) {
		if (m->next != NULL)
			return m->next;
		i = (size_t)(slot_of(s, m->id.text) - s->slots) + 1;
	}
	for (; i < s->room; i++)
		if (s->slots[i] != NULL)
			return s->slots[i];
	return NULL;
}

struct sched_msg *
sched_add(struct sched *s, const char *id, int64_t age, uint16_t flags)
{
	struct sched_msg *m = xcalloc(1, sizeof(*m));
	bool fits = str_copy(m->id.text, sizeof(m->id.text), id);

	assert(fits && strlen(id) == QUEUEID_LEN);
	make_room(s);
	struct sched_msg **slot = slot_of(s, id);
	m->next = *slot;
	*slot = m;
	s->n_msgs++;
	m->flags = flags;
	m->arrived = s->now - age;
	m->expires = sched_age_clock(s) - age + sched_lifetime(s, m);
	return m;
}

/* ---- parts ---- */

static void
free_part(struct sched *s, struct sched_part *p)
{
	struct sched_part **at = &p->msg->parts;
	struct dest *d = p->dest;

	assert(p->node.place == 0 && p->busy == 0);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
	d->parts--;
	dest_consider(s, d);
}

static struct sched_part *
part_for(struct sched_msg *m, struct dest *d)
{
	/* A mailing to many destinations is not searched for each. */
	for (struct sched_part *p = d->parts > 0 ? m->parts : NULL; p != NULL;
	     p = p->next)
		if (p->dest == d)
			return p;
	struct sched_part *p = xcalloc(1, sizeof(*p));
	p->msg = m;
	p->dest = d;
	p->node.key = m->arrived;
	p->next = m->parts;
	m->parts = p;
	d->parts++;
	return p;
}

/* The clock of the message is set, unless it is set to an earlier time. */
static void
set_due(struct sched *s, struct sched_msg *m, uint16_t flag, int64_t after)
{
	int64_t due = s->now + MAX(after, 0);

	if ((m->flags & (SCHED_TIMED | SCHED_ALARM)) == 0 || due < m->due)
		m->due = due;
	m->flags |= flag;
}

static int64_t
doubled(int64_t first, uint32_t times, int64_t most)
{
	while (times-- > 0 && first < most)
		first *= 2;
	return MIN(first, most);
}

struct sched_part *
sched_join(struct sched *s, struct sched_msg *m, struct dest *d, uint32_t n,
    bool waiting)
{
	struct sched_part *p = part_for(m, d);

	assert(n > 0);
	if (waiting && (m->flags & SCHED_TIMED) != 0)
		p->waiting += n;
	else
		p->ready += n;
	dest_sort(s, p);
	sched_rekey(s, m);
	return p;
}

void
sched_resume(struct sched *s, struct sched_msg *m, uint16_t attempts,
    int64_t retry)
{
	m->attempts = attempts;
	m->rounds = (uint8_t)MIN(attempts, 20);
	if (attempts > 0 && retry > 0)
		set_due(s, m, SCHED_TIMED, MIN(retry, s->config.max_backoff));
	sched_rekey(s, m);
}

static void
subtract(uint32_t *count, uint32_t *n)
{
	uint32_t part = MIN(*count, *n);

	*count -= part;
	*n -= part;
}

void
sched_leave(struct sched *s, struct sched_part *p, uint32_t n, bool waiting)
{
	struct sched_msg *m = p->msg;

	if (waiting)
		subtract(&p->waiting, &n);
	subtract(&p->ready, &n);
	subtract(&p->waiting, &n);
	assert(n == 0);
	dest_sort(s, p);
	if (p->ready + p->busy + p->waiting == 0)
		free_part(s, p);
	sched_rekey(s, m);
}

void
sched_remove(struct sched *s, struct sched_msg *m)
{
	struct sched_msg **at = slot_of(s, m->id.text);

	while (m->parts != NULL)
		sched_leave(s, m->parts, m->parts->ready + m->parts->waiting,
		    false);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	s->n_msgs--;
	heap_drop(&s->msg_clock, &m->node);
	free(m);
}

/* ---- an agent's answer ---- */

/* What the job says about the destination: anything but silence is good. */
static void
judge(struct sched *s, struct dest *d, const struct sched_result *r)
{
	if (r->over + r->again[FAULT_NONE] + r->again[FAULT_MESSAGE] > 0) {
		dest_event(s, d, DEST_GOOD);
	} else if (r->again[FAULT_DESTINATION] > 0) {
		dest_keep_reason(d, r->reason);
		dest_failed(s, d);
	} else if (r->again[FAULT_RESOLVER] > 0) {
		dest_keep_reason(d, r->reason);
		dest_event(s, d, DEST_RESOLVER);
	}
}

static void
wait_own(struct sched *s, struct sched_part *p, uint32_t n)
{
	struct sched_msg *m = p->msg;
	const struct sched_config *c = &s->config;

	if (n == 0)
		return;
	p->waiting += n;
	if ((m->flags & SCHED_TIMED) == 0) {
		set_due(s, m, SCHED_TIMED,
		    doubled(c->min_backoff, m->rounds, c->max_backoff));
		if (m->rounds < UINT8_MAX)
			m->rounds++;
	}
}

static void
wait_local(struct sched *s, struct sched_part *p, uint32_t n)
{
	struct sched_msg *m = p->msg;
	const struct sched_config *c = &s->config;

	if (n == 0)
		return;
	p->waiting += n;
	set_due(s, m, SCHED_TIMED,
	    doubled(MIN(LOCAL_RETRY, c->min_backoff), m->faults,
		c->max_backoff));
	if (m->faults < UINT8_MAX)
		m->faults++;
}

/* Behind those that were not tried, so that probes try one after the other. */
static void
wait_there(struct sched *s, struct sched_part *p, uint32_t n)
{
	if (n == 0)
		return;
	p->ready += n;
	p->node.key = s->now;
}

void
sched_done(struct sched *s, struct sched_part *p, const struct sched_result *r)
{
	struct sched_msg *m = p->msg;
	struct dest *d = p->dest;
	uint32_t own = r->again[FAULT_NONE] + r->again[FAULT_MESSAGE];
	uint32_t there = r->again[FAULT_DESTINATION] + r->again[FAULT_RESOLVER];
	uint32_t local = r->again[FAULT_LOCAL];

	assert(p->busy >= r->over + own + there + local && d->busy > 0);
	p->busy -= r->over + own + there + local;
	d->busy--;
	d->transport->busy--;
	d->asking = false;
	provider_busy(s, d, -1);
	if (d->transport->limits.delay > 0)
		d->pause = s->now + d->transport->limits.delay;
	if (r->over > 0)
		d->together = r->together;
	judge(s, d, r);

	if (own + there > 0 && m->attempts < UINT16_MAX)
		m->attempts++;
	if (dest_asleep(d))
		wait_there(s, p, there);
	else
		own += there;
	wait_own(s, p, own);
	wait_local(s, p, local);
	if (local == 0)
		m->faults = 0;
	dest_sort(s, p);
	dest_drained(s, d, p->ready + p->busy + p->waiting == 0);
	if (p->ready + p->busy + p->waiting == 0)
		free_part(s, p);
	sched_rekey(s, m);
}

void
sched_back(struct sched *s, struct sched_part *p, uint32_t n)
{
	assert(p->busy >= n);
	p->busy -= n;
	p->ready += n;
	dest_sort(s, p);
}

void
sched_postpone(struct sched *s, struct sched_msg *m)
{
	for (struct sched_part *p = m->parts; p != NULL; p = p->next) {
		uint32_t n = p->ready;

		p->ready = 0;
		wait_local(s, p, n);
		dest_sort(s, p);
	}
	sched_rekey(s, m);
}

/* ---- a person's will ---- */

static void
wake_up(struct sched *s, struct sched_msg *m, bool first)
{
	for (struct sched_part *p = m->parts; p != NULL; p = p->next) {
		p->ready += p->waiting;
		p->waiting = 0;
		p->node.key = first ? INT64_MIN : m->arrived;
		dest_sort(s, p);
	}
	m->flags &= (uint16_t)~SCHED_TIMED;
	sched_rekey(s, m);
}

void
sched_hold(struct sched *s, struct sched_msg *m)
{
	m->flags |= SCHED_HELD;
	for (struct sched_part *p = m->parts; p != NULL; p = p->next)
		dest_sort(s, p);
	sched_rekey(s, m);
}

void
sched_release(struct sched *s, struct sched_msg *m)
{
	m->flags &= (uint16_t)~SCHED_HELD;
	wake_up(s, m, false);
}

void
sched_flush(struct sched *s, struct sched_msg *m)
{
	if ((m->flags & SCHED_HELD) != 0)
		return;
	wake_up(s, m, true);
	for (struct sched_part *p = m->parts; p != NULL; p = p->next)
		sched_wake(s, p->dest);
}

void
sched_alarm(struct sched *s, struct sched_msg *m, int64_t after)
{
	set_due(s, m, SCHED_ALARM, after);
	sched_rekey(s, m);
}

/* ---- questions ---- */

uint32_t
sched_count(const struct sched_msg *m)
{
	uint32_t n = 0;

	for (const struct sched_part *p = m->parts; p != NULL; p = p->next)
		n += p->ready + p->busy + p->waiting;
	return n;
}

uint32_t
sched_busy(const struct sched_msg *m)
{
	uint32_t n = 0;

	for (const struct sched_part *p = m->parts; p != NULL; p = p->next)
		n += p->busy;
	return n;
}

bool
sched_settled(const struct sched_msg *m)
{
	bool held = (m->flags & SCHED_HELD) != 0;

	for (const struct sched_part *p = m->parts; p != NULL; p = p->next)
		if (p->busy > 0 ||
		    (p->ready > 0 && !held && !dest_asleep(p->dest) &&
			p->dest->transport->room > 0))
			return false;
	return true;
}

int64_t
sched_next_probe(const struct sched *s, const struct dest *d)
{
	if (d->timer.place != 0)
		return MAX(d->timer.key - s->now, 0);
	if (d->state == DEST_DOWN && provider_is_down(d))
		return MAX(d->provider->timer.key - s->now, 0);
	if (d->state == DEST_WAITS)
		return MAX(s->resolver_at - s->now, 0);
	return 0;
}

int64_t
sched_retry(const struct sched *s, const struct sched_part *p)
{
	int64_t probe = p->ready > 0 ? sched_next_probe(s, p->dest) : 0;

	if (probe > 0)
		return probe;
	if (p->waiting > 0)
		return MAX(p->msg->due - s->now, 0);
	return 0;
}
