/*
 * Taking turns: transports in a ring, in each the destinations in two
 * rings, those with mail never tried and those with retries alone.  The two
 * take turns too, and retries leave a quarter of the agents' room free, so
 * that a backlog does not stand in the way of fresh mail.  Within a
 * destination the oldest part goes first; parts of one job take turns with
 * those of many, so that a mailing does not hold up what came behind it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_turn.h"

#include "clock.h"
#include "qmgr_dest.h"
#include "qmgr_provider.h"

/* Recipients of a job where the transport has no limit. */
#define JOB_RCPTS 1000

/* The hosts of a destination are asked for so often, and by each probe. */
#define HOSTS_AGAIN (10 * MINUTE)

static struct list *
whose_turn(const struct transport *t)
{
	bool fresh = t->fresh.next != NULL && !list_empty(&t->fresh);
	bool old = t->old.next != NULL && !list_empty(&t->old) &&
	    t->busy < t->room - t->room / 4;
	const struct list *in = NULL;

	if (fresh && old)
		in = t->old_turn ? &t->old : &t->fresh;
	else if (fresh)
		in = &t->fresh;
	else if (old)
		in = &t->old;
	return in == NULL ? NULL : in->next;
}

static struct sched_part *
whose_part(const struct dest *d)
{
	bool big = d->small.n == 0 || (d->big.n > 0 && d->big_turn);

	return container_of(heap_top(big ? &d->big : &d->small),
	    struct sched_part, node);
}

static bool
wants_hosts(struct sched *s, struct dest *d)
{
	if (!d->transport->hosts ||
	    (d->hosts_at != 0 && d->state != DEST_PROBING &&
		s->now - d->hosts_at < HOSTS_AGAIN))
		return false;
	d->asking = d->provider == NULL && d->hosts_at == 0;
	d->hosts_at = s->now;
	return true;
}

static void
start(struct sched *s, struct dest *d, struct sched_part *p,
    struct sched_event *e)
{
	struct transport *t = d->transport;
	uint32_t most = t->limits.rcpts > 0 ? t->limits.rcpts : JOB_RCPTS;

	*e = (struct sched_event){
		.kind = SCHED_START,
		.msg = p->msg,
		.part = p,
		.dest = d,
		.n = MIN(p->ready, most),
		.probe = d->state == DEST_PROBING,
		.hosts = wants_hosts(s, d),
	};
	p->ready -= e->n;
	p->busy += e->n;
	d->busy++;
	t->busy++;
	provider_busy(s, d, 1);
	d->big_turn = !p->big;
	t->old_turn = d->in == &t->fresh;
	list_drop(&d->turn);
	list_append(d->in, &d->turn);
	dest_sort(s, p);
}

/* The destination whose turn it is.  Those whose hosts have enough to do
 * leave the turns. */
static struct dest *
whose(struct sched *s, const struct transport *t)
{
	struct list *link;

	while (t->busy < t->room && (link = whose_turn(t)) != NULL) {
		struct dest *d = container_of(link, struct dest, turn);

		if (!provider_is_full(d))
			return d;
		dest_consider(s, d);
	}
	return NULL;
}

bool
turn_next(struct sched *s, struct sched_event *e)
{
	provider_admit(s);
	LIST_EACH(struct transport, t, &s->transports, link) {
		struct dest *d = whose(s, t);
		if (d == NULL)
			continue;

		struct sched_part *p = whose_part(d);
		if (p->msg->loaded == NULL) {
			e->kind = SCHED_LOAD;
			e->msg = p->msg;
			return true;
		}
		start(s, d, p, e);
		list_drop(&t->link);
		list_append(&s->transports, &t->link);
		return true;
	}
	return false;
}
