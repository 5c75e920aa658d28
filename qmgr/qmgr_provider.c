/*
 * While a provider is down its timer always runs, whatever becomes of the
 * destination that is to probe: so nobody who is parked there is forgotten.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_provider.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "qmgr_dest.h"
#include "wire.h"

/* ---- by name ---- */

static int
by_address(const void *a, const void *b)
{
	const struct provider_host *x = a, *y = b;
	int order = strcmp(x->address, y->address);

	return order != 0 ? order : x->port - y->port;
}

/* Sorts the hosts, and leaves out what is there twice. */
static size_t
sort_hosts(struct provider_host *hosts, size_t n)
{
	size_t kept = 0;

	qsort(hosts, n, sizeof(*hosts), by_address);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_address(&hosts[kept - 1], &hosts[i]) != 0)
			hosts[kept++] = hosts[i];
	return kept;
}

static void
make_key(struct buf *key, const struct transport *t,
    const struct provider_host *hosts, size_t n)
{
	buf_adds(key, t->name);
	for (size_t i = 0; i < n; i++)
		buf_addf(key, " %s %u", hosts[i].address, hosts[i].port);
}

static struct provider *
make(struct transport *t, const struct provider_host *hosts, size_t n)
{
	size_t room = n * sizeof(*hosts);

	for (size_t i = 0; i < n; i++)
		room += strlen(hosts[i].address) + 1;
	struct provider *p = xcalloc(1, sizeof(*p) + room);
	char *text = (char *)(p->hosts + n);

	p->transport = t;
	p->window = t->limits.first;
	p->n_hosts = (uint32_t)n;
	memcpy(p->hosts, hosts, n * sizeof(*hosts));
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(hosts[i].address) + 1;

		p->hosts[i].address = memcpy(text, hosts[i].address, len);
		text += len;
	}
	return p;
}

static void
drop(struct sched *s, struct provider *p)
{
	CLEAN_BUF struct buf key = { 0 };

	make_key(&key, p->transport, p->hosts, p->n_hosts);
	void *was = map_drops(&s->providers, buf_str(&key));
	assert(was == p && p->busy == 0);
	heap_drop(&s->provider_clock, &p->timer);
	list_drop(&p->loose);
	s->watch_news = s->watch_news || p->down != 0;
	free(p);
}

/* ---- room ---- */

static uint32_t
most(const struct provider *p)
{
	const struct sched_limits *l = &p->transport->limits;

	if (l->shared == 0 || l->concurrency == 0)
		return UINT32_MAX;
	return MAX(l->shared, l->concurrency);
}

static uint32_t
window_of(const struct provider *p)
{
	return p->down != 0 ? 1 : p->window;
}

bool
provider_is_full(const struct dest *d)
{
	return d->provider != NULL &&
	    d->provider->busy >= window_of(d->provider);
}

bool
provider_is_down(const struct dest *d)
{
	return d->provider != NULL && d->provider->down != 0;
}

void
provider_loosen(struct sched *s, struct dest *d)
{
	struct provider *p = d->provider;

	if (p != NULL && !list_empty(&p->crowd) && !list_linked(&p->loose))
		list_append(&s->loose, &p->loose);
}

void
provider_busy(struct sched *s, struct dest *d, int change)
{
	if (d->provider == NULL)
		return;
	d->provider->busy += (uint32_t)change;
	if (change < 0)
		provider_loosen(s, d);
}

void
provider_admit(struct sched *s)
{
	struct list *link;

	while ((link = list_take(&s->loose)) != NULL) {
		struct provider *p = container_of(link, struct provider, loose);
		uint32_t most_now = window_of(p);

		for (uint32_t n = p->busy;
		     n < most_now && !list_empty(&p->crowd); n++)
			dest_consider(s,
			    container_of(p->crowd.next, struct dest, turn));
	}
}

/* ---- down ---- */

static bool
is_patient(struct provider *p)
{
	LIST_EACH(struct dest, d, &p->dests, peer)
		if (d->patient)
			return true;
	return false;
}

static void
set_timer(struct sched *s, struct provider *p)
{
	heap_put(&s->provider_clock, &p->timer,
	    s->now + sched_jitter(s, p->interval));
}

/* No attempts of its own: what was found out for another is true for it. */
static void
park(struct sched *s, struct dest *d, const char *reason)
{
	if (d->state == DEST_WAITS || (d->state == DEST_PROBING && d->busy > 0))
		return;
	dest_park(s, d, reason);
}

static void
go_down(struct sched *s, struct provider *p, const struct dest *by)
{
	p->down = s->now;
	p->interval = 0;
	s->watch_news = true;
	LIST_EACH(struct dest, d, &p->dests, peer)
		if (d != by)
			park(s, d, by->reason);
}

/* A probe has failed: who was to try too needs not any more. */
static void
stay_down(struct sched *s, struct provider *p, const struct dest *by)
{
	LIST_EACH(struct dest, d, &p->dests, peer)
		if (d != by && d->state == DEST_PROBING)
			park(s, d, by->reason);
}

bool
provider_failed(struct dest *d)
{
	struct provider *p = d->provider;

	if (p == NULL)
		return false;
	p->fails++;
	if (p->window > 1)
		p->window--;
	return p->n_dests > 1 && p->fails >= p->transport->limits.first;
}

/* Another of its destinations does well, as far as is known. */
static bool
others_do_well(struct provider *p, const struct dest *by)
{
	LIST_EACH(struct dest, d, &p->dests, peer)
		if (d != by && d->parts > 0 &&
		    (d->state == DEST_UP || d->state == DEST_DRAINING))
			return true;
	return false;
}

void
provider_bad(struct sched *s, struct dest *d)
{
	struct provider *p = d->provider;

	if (p == NULL || d->state == DEST_DOWN)
		return;
	if (p->down != 0)
		stay_down(s, p, d);
	else if (!p->proven || p->fails >= p->transport->limits.first ||
	    !others_do_well(p, d))
		go_down(s, p, d);
	else
		return;
	p->interval = sched_probe_interval(s, is_patient(p), p->down,
	    p->interval);
	set_timer(s, p);
}

/* ---- up ---- */

static void
come_up(struct sched *s, struct provider *p, const struct dest *by)
{
	p->down = 0;
	p->window = 1;
	heap_drop(&s->provider_clock, &p->timer);
	s->watch_news = true;
	LIST_EACH(struct dest, d, &p->dests, peer)
		if (d != by && d->down != 0)
			dest_raise(s, d);
}

void
provider_good(struct sched *s, struct dest *d)
{
	struct provider *p = d->provider;

	if (p == NULL)
		return;
	p->proven = true;
	p->fails = 0;
	if (p->down != 0)
		come_up(s, p, d);
	else if (p->busy + 1 >= p->window && p->window < most(p))
		p->window++;
	provider_loosen(s, d);
}

/* The next one that has something to send. */
static void
probe(struct sched *s, struct provider *p)
{
	LIST_EACH(struct dest, d, &p->dests, peer) {
		if (d->small.n == 0 && d->big.n == 0)
			continue;
		if (d->state == DEST_PROBING)
			return;
		if (d->state != DEST_DOWN)
			continue;
		list_drop(&d->peer);
		list_append(&p->dests, &d->peer);
		dest_event(s, d, DEST_DUE);
		return;
	}
}

void
provider_due(struct sched *s, struct provider *p)
{
	set_timer(s, p);
	if (p->busy == 0 && s->frozen == 0)
		probe(s, p);
}

/* ---- who belongs to it ---- */

void
provider_leave(struct sched *s, struct dest *d)
{
	struct provider *p = d->provider;

	if (p == NULL)
		return;
	provider_busy(s, d, -(int)d->busy);
	provider_loosen(s, d);
	d->provider = NULL;
	list_drop(&d->peer);
	dest_consider(s, d); /* it may have stood in the crowd */
	if (--p->n_dests == 0)
		drop(s, p);
}

static struct provider *
find(struct sched *s, struct transport *t, struct provider_host *hosts,
    size_t n)
{
	CLEAN_BUF struct buf key = { 0 };

	make_key(&key, t, hosts, n);
	void **place = map_puts(&s->providers, buf_str(&key));
	if (*place == NULL)
		*place = make(t, hosts, n);
	return *place;
}

static void
join(struct sched *s, struct dest *d, struct provider *p)
{
	provider_leave(s, d);
	d->provider = p;
	p->n_dests++;
	list_append(&p->dests, &d->peer);
	provider_busy(s, d, (int)d->busy);
	if (p->down != 0 && d->patient)
		s->watch_news = true;
}

static const char *
reason_of(const struct provider *p)
{
	return container_of(p->dests.next, struct dest, peer)->reason;
}

/* The job that asks is counted already. */
static bool
may_go(const struct provider *p, const struct dest *d, bool same)
{
	if (p->down == 0)
		return p->busy <= p->window;
	if (p->busy > 1)
		return false;
	return d->state == DEST_DRAINING || (same && d->state == DEST_PROBING);
}

bool
provider_learn(struct sched *s, struct dest *d,
    const struct provider_host *hosts, size_t n)
{
	struct provider_host sorted[PROVIDER_HOSTS_MAX];

	n = MIN(n, PROVIDER_HOSTS_MAX);
	if (n == 0)
		return true;
	memcpy(sorted, hosts, n * sizeof(*hosts));
	n = sort_hosts(sorted, n);
	struct provider *p = find(s, d->transport, sorted, n);
	bool same = p == d->provider;

	if (!same)
		join(s, d, p);
	d->asking = false;
	d->hosts_at = s->now;
	bool go = may_go(p, d, same);
	if (d->state == DEST_DOWN || (p->down != 0 && !go))
		dest_park(s, d, p->down != 0 ? reason_of(p) : NULL);
	dest_consider(s, d);
	return go;
}

/* ---- who may wake it ---- */

void
provider_watch(const struct sched *s, struct buf *out, size_t most_hosts)
{
	struct map seen = { 0 };

	MAP_EACH(&s->providers, e) {
		struct provider *p = e->value;

		if (p->down == 0 || !is_patient(p))
			continue;
		for (uint32_t i = 0; i < p->n_hosts && seen.len < most_hosts;
		     i++) {
			const char *address = p->hosts[i].address;
			void **place = map_puts(&seen, address);

			if (*place == NULL)
				wire_put_str(out, address);
			*place = &seen;
		}
	}
	map_free(&seen);
}

static bool
has_address(const struct provider *p, const char *address)
{
	for (uint32_t i = 0; i < p->n_hosts; i++)
		if (strcmp(p->hosts[i].address, address) == 0)
			return true;
	return false;
}

bool
provider_awaits(const struct dest *d, const char *address)
{
	return provider_is_down(d) && has_address(d->provider, address);
}

uint32_t
provider_wake(struct sched *s, const char *address)
{
	uint32_t n = 0;

	MAP_EACH(&s->providers, e) {
		struct provider *p = e->value;

		if (p->down == 0 || !has_address(p, address) || !is_patient(p))
			continue;
		probe(s, p);
		n++;
	}
	return n;
}
