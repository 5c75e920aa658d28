/*
 * The scheduler's face: transports, destinations by name, and the order in
 * which events are found: news first, then clocks, then turns.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_sched.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "qmgr_dest.h"
#include "qmgr_provider.h"
#include "qmgr_turn.h"

/* Clocks looked at before the turns come again: a million that are due at once
 * must not stop the mail. */
#define CLOCKS_AT_ONCE 256

struct sched *
sched_create(const struct sched_config *config, uint64_t seed)
{
	struct sched *s = xcalloc(1, sizeof(*s));

	s->config = *config;
	s->random = seed | 1;
	s->now = 1;
	list_init(&s->transports);
	list_init(&s->news);
	list_init(&s->waits);
	list_init(&s->idle);
	list_init(&s->loose);
	list_init(&s->flushes);
	return s;
}

/* Whatever its agents may be doing. */
static void
forget(struct sched *s, struct sched_msg *m)
{
	for (struct sched_part *p = m->parts; p != NULL; p = p->next)
		p->busy = 0;
	sched_remove(s, m);
}

void
sched_destroy(struct sched **sp)
{
	struct sched *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->room; i++)
		while (s->slots[i] != NULL)
			forget(s, s->slots[i]);
	MAP_EACH(&s->dests, e)
		dest_free(s, e->value);
	LIST_EACH(struct transport, t, &s->transports, link)
		free(t);
	map_free(&s->dests);
	map_free(&s->providers);
	heap_free(&s->msg_clock);
	heap_free(&s->dest_clock);
	heap_free(&s->provider_clock);
	free(s->slots);
	free(s);
	*sp = NULL;
}

void
sched_time(struct sched *s, int64_t now)
{
	s->now = MAX(s->now, now);
}

struct transport *
sched_find_transport(struct sched *s, const char *name)
{
	LIST_EACH(struct transport, t, &s->transports, link)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

struct transport *
sched_transport(struct sched *s, const char *name,
    const struct sched_limits *limits)
{
	struct transport *t = sched_find_transport(s, name);

	if (t != NULL)
		return t;

	size_t len = strlen(name) + 1;
	t = xcalloc(1, sizeof(*t) + len);
	memcpy(t->name, name, len);
	t->limits = *limits;
	t->limits.first = MAX(limits->first, 1);
	if (limits->concurrency > 0)
		t->limits.first = MIN(t->limits.first, limits->concurrency);
	list_init(&t->fresh);
	list_init(&t->old);
	list_append(&s->transports, &t->link);
	return t;
}

void
sched_room(struct sched *s, struct transport *t, uint32_t jobs)
{
	(void)s; /* the next sched_next() looks at it */
	t->room = jobs;
}

static void
dest_key(struct buf *key, const char *transport, const char *nexthop)
{
	buf_addf(key, "%s:%s", transport, nexthop);
}

struct dest *
sched_find_dest(const struct sched *s, const char *transport,
    const char *nexthop)
{
	CLEAN_BUF struct buf key = { 0 };

	dest_key(&key, transport, nexthop);
	return map_gets(&s->dests, buf_str(&key));
}

struct dest *
sched_dest(struct sched *s, struct transport *t, const char *nexthop)
{
	CLEAN_BUF struct buf key = { 0 };

	dest_key(&key, t->name, nexthop);
	void **place = map_puts(&s->dests, buf_str(&key));
	if (*place != NULL)
		return *place;

	size_t len = strlen(nexthop) + 1;
	struct dest *d = xcalloc(1, sizeof(*d) + len);
	memcpy(d->nexthop, nexthop, len);
	d->transport = t;
	d->window = t->limits.first;
	*place = d;
	dest_consider(s, d);
	return d;
}

bool
sched_goes_to(const struct dest *d, const char *domain, bool below)
{
	const char *at = strrchr(d->nexthop, '@');
	const char *host = at != NULL ? at + 1 : d->nexthop;
	size_t n = strlen(domain);

	host += *host == '[' && *domain != '[';
	size_t len = strcspn(host, *domain == '[' ? "" : "]:");
	if (below && len > n && host[len - n - 1] == '.')
		return strncasecmp(host + len - n, domain, n) == 0;
	return len == n && strncasecmp(host, domain, n) == 0;
}

void
sched_wake(struct sched *s, struct dest *d)
{
	dest_event(s, d, DEST_WAKE);
}

void
sched_flush_dest(struct sched *s, struct dest *d)
{
	sched_wake(s, d);
	d->flushes = d->n_later;
	if (d->flushes > 0 && !list_linked(&d->flush))
		list_append(&s->flushes, &d->flush);
}

static bool
tell_news(struct sched *s, struct sched_event *e)
{
	if (s->resolver_news) {
		s->resolver_news = false;
		e->kind = s->frozen != 0 ? SCHED_RESOLVER_DOWN
					 : SCHED_RESOLVER_UP;
		return true;
	}
	if (list_empty(&s->news))
		return false;
	e->dest = container_of(s->news.next, struct dest, news);
	if ((e->dest->tells & DEST_NEWS_STATE) != 0) {
		e->kind = SCHED_STATE;
		e->dest->tells &= (uint8_t)~DEST_NEWS_STATE;
	} else {
		e->kind = SCHED_DRAINED;
		e->dest->tells = 0;
	}
	if (e->dest->tells == 0)
		list_drop(&e->dest->news);
	return true;
}

/* Some of what is to be flushed, the destinations in turns. */
static void
flush_some(struct sched *s)
{
	for (int i = 0; i < CLOCKS_AT_ONCE; i++) {
		struct list *link = list_take(&s->flushes);
		if (link == NULL)
			return;

		struct dest *d = container_of(link, struct dest, flush);
		dest_flush_one(s, d);
		if (d->flushes > 0)
			list_append(&s->flushes, &d->flush);
	}
}

static struct heap_node *
due(const struct sched *s, const struct heap *h)
{
	struct heap_node *top = heap_top(h);

	return top != NULL && top->key <= s->now ? top : NULL;
}

static bool
clocks(struct sched *s, struct sched_event *e)
{
	struct heap_node *dest, *provider, *msg;

	for (int i = 0; i < CLOCKS_AT_ONCE; i++) {
		if ((dest = due(s, &s->dest_clock)) != NULL)
			dest_due(s, container_of(dest, struct dest, timer));
		if ((provider = due(s, &s->provider_clock)) != NULL)
			provider_due(s,
			    container_of(provider, struct provider, timer));
		if ((msg = due(s, &s->msg_clock)) != NULL &&
		    sched_msg_due(s, container_of(msg, struct sched_msg, node),
			e))
			return true;
		if (dest == NULL && provider == NULL && msg == NULL)
			break;
	}
	return false;
}

bool
sched_next(struct sched *s, struct sched_event *e)
{
	*e = (struct sched_event){ 0 };
	dest_sweep(s);
	do {
		if (tell_news(s, e) || clocks(s, e))
			return true;
		flush_some(s);
		dest_probe_resolver(s);
		if (turn_next(s, e))
			return true;
	} while (due(s, &s->msg_clock) != NULL ||
	    due(s, &s->dest_clock) != NULL ||
	    due(s, &s->provider_clock) != NULL || s->resolver_news ||
	    !list_empty(&s->flushes) || !list_empty(&s->news));
	return false;
}

int64_t
sched_when(const struct sched *s)
{
	int64_t when = SCHED_NEVER;

	if (heap_top(&s->msg_clock) != NULL)
		when = MIN(when, heap_top(&s->msg_clock)->key);
	if (heap_top(&s->dest_clock) != NULL)
		when = MIN(when, heap_top(&s->dest_clock)->key);
	if (heap_top(&s->provider_clock) != NULL)
		when = MIN(when, heap_top(&s->provider_clock)->key);
	if (s->frozen != 0)
		when = MIN(when, s->resolver_at);
	return when;
}
