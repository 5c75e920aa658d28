/*
 * The clock of a message: when it is tried again for its own sake, when its
 * sender is told of the delay, when its time is over.
 *
 * A message expires only when nobody is about to try it: so one that was kept
 * while the system was off is tried once more before it is returned.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <assert.h>

#include "clock.h"
#include "qmgr_dest.h"

/* How often a message whose time is over is looked at while it has a turn
 * before it. */
#define LATE_CHECK MINUTE

int64_t
sched_lifetime(const struct sched *s, const struct sched_msg *m)
{
	if ((m->flags & SCHED_BACKUP) != 0)
		return s->config.backup_lifetime;
	return (m->flags & SCHED_NULL_SENDER) != 0 ? s->config.bounce_lifetime
						   : s->config.lifetime;
}

int64_t
sched_left(const struct sched *s, const struct sched_msg *m)
{
	return m->expires - sched_age_clock(s);
}

void
sched_backup(struct sched *s, struct sched_msg *m, bool backup)
{
	int64_t before = sched_lifetime(s, m);

	if (backup == ((m->flags & SCHED_BACKUP) != 0))
		return;
	m->flags ^= SCHED_BACKUP;
	m->expires += sched_lifetime(s, m) - before;
	m->flags &= (uint16_t)~SCHED_EXPIRED;
	sched_rekey(s, m);
}

void
sched_stood(struct sched *s, struct sched_msg *m, int64_t stood)
{
	m->expires += stood;
	sched_rekey(s, m);
}

static int64_t
left_to_warning(const struct sched *s, const struct sched_msg *m)
{
	return sched_left(s, m) - sched_lifetime(s, m) +
	    s->config.delay_warning;
}

static bool
may_warn(const struct sched *s, const struct sched_msg *m)
{
	return s->config.delay_warning > 0 &&
	    (m->flags & (SCHED_WARNED | SCHED_NULL_SENDER)) == 0;
}

/* When a span of the clock of expiry ends at the earliest. */
static int64_t
at_left(const struct sched *s, int64_t left)
{
	return s->now + (s->frozen != 0 ? MAX(left, LATE_CHECK) : left);
}

static int64_t
expiry_key(const struct sched *s, const struct sched_msg *m)
{
	int64_t left = sched_left(s, m);

	if (left <= 0 && !sched_settled(m))
		return s->now + LATE_CHECK;
	return at_left(s, MAX(left, 0));
}

void
sched_rekey(struct sched *s, struct sched_msg *m)
{
	bool held = (m->flags & SCHED_HELD) != 0;
	int64_t key = SCHED_NEVER;

	if ((m->flags & SCHED_ALARM) != 0 ||
	    ((m->flags & SCHED_TIMED) != 0 && !held))
		key = m->due;
	if (!held && m->parts != NULL) {
		if ((m->flags & SCHED_EXPIRED) == 0)
			key = MIN(key, expiry_key(s, m));
		if (may_warn(s, m))
			key = MIN(key,
			    at_left(s, MAX(left_to_warning(s, m), 0)));
	}
	if (key == SCHED_NEVER)
		heap_drop(&s->msg_clock, &m->node);
	else
		heap_put(&s->msg_clock, &m->node, key);
}

void
sched_unclock(struct sched *s, struct sched_msg *m)
{
	for (const struct sched_part *p = m->parts; p != NULL; p = p->next)
		if (p->waiting > 0)
			return;
	m->flags &= (uint16_t)~SCHED_TIMED;
	sched_rekey(s, m);
}

static void
make_ready(struct sched *s, struct sched_msg *m)
{
	m->flags &= (uint16_t)~SCHED_TIMED;
	for (struct sched_part *p = m->parts; p != NULL; p = p->next) {
		if (p->waiting == 0)
			continue;
		p->ready += p->waiting;
		p->waiting = 0;
		p->node.key = m->arrived;
		dest_sort(s, p);
	}
}

static bool
alarm_due(struct sched *s, struct sched_msg *m)
{
	bool due = s->now >= m->due;

	if (due && (m->flags & SCHED_TIMED) != 0 &&
	    (m->flags & SCHED_HELD) == 0)
		make_ready(s, m);
	if (!due || (m->flags & SCHED_ALARM) == 0)
		return false;
	m->flags &= (uint16_t)~SCHED_ALARM;
	return true;
}

static bool
over(struct sched *s, struct sched_msg *m)
{
	if ((m->flags & (SCHED_HELD | SCHED_EXPIRED)) != 0 || s->frozen != 0 ||
	    m->parts == NULL || sched_left(s, m) > 0 || !sched_settled(m))
		return false;
	m->flags |= SCHED_EXPIRED;
	return true;
}

static bool
late(struct sched *s, struct sched_msg *m)
{
	if ((m->flags & SCHED_HELD) != 0 || s->frozen != 0 ||
	    m->parts == NULL || !may_warn(s, m) || left_to_warning(s, m) > 0)
		return false;
	m->flags |= SCHED_WARNED;
	return true;
}

bool
sched_msg_due(struct sched *s, struct sched_msg *m, struct sched_event *e)
{
	bool event = true;

	e->msg = m;
	if (over(s, m))
		e->kind = SCHED_EXPIRE;
	else if (alarm_due(s, m))
		e->kind = SCHED_WAKE;
	else if (late(s, m))
		e->kind = SCHED_WARN;
	else
		event = false;
	sched_rekey(s, m);
	assert(m->node.place == 0 || m->node.key > s->now || event);
	return event;
}
