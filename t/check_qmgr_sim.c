/*
 * The scheduler by simulation: many destinations, half of them on machines
 * that they share, some dead for hours or for good; domains that we are backup
 * for, greylisting, mailings, failing resolver, restarts.  The world
 * here keeps its own account of each recipient and compares.
 *
 * The short form runs in `make check`; POSTHOUSE_SIM=long runs 100,000
 * destinations and a million messages (a minute or two) and prints the
 * memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <malloc.h>

#include "clock.h"
#include "qmgr_provider.h"

#define PARTS_MAX 4
#define WINDOW    20
#define SHARED    60
#define CROWD     50 /* domains on one machine, in half of the world */

struct machine {
	int64_t dead_from, dead_to;
	uint32_t tries_dead; /* jobs while it was dead */
	bool patient;        /* we are backup for one of its domains */
};

struct host { /* a domain */
	uint32_t machine;
	bool patient;
};

struct mail {
	struct sched_msg *msg;
	int64_t arrived;
	int64_t first_try; /* 0: none */
	uint32_t host[PARTS_MAX];
	uint32_t left[PARTS_MAX]; /* recipients, not busy ones too */
	uint32_t attempts;
	int64_t expires;
};

struct job {
	struct heap_node node;
	struct mail *mail;
	struct sched_part *part;
	uint32_t host, n;
	bool no_dns, dead;
};

struct world {
	struct sched *s;
	struct transport *smtp;
	struct machine *machines; /* as many as hosts at most */
	struct host *hosts;
	struct mail *mails;
	uint32_t n_hosts, n_mails, arrived_mails;
	struct heap jobs;
	int64_t now, start;
	int64_t dns_from, dns_to;
	uint64_t random, accepted, delivered, expired;
	uint32_t restarts, jobs_dns, called_off;
	int64_t longest_wait; /* for the first try, of a living host */
};

static const struct sched_config config = {
	.min_backoff = 5 * MINUTE,
	.max_backoff = 4000 * SECOND,
	.lifetime = 2 * DAY,
	.bounce_lifetime = 2 * DAY,
	.backup_lifetime = 4 * DAY,
	.probe_time = 15 * SECOND,
	.probe_max = 5 * MINUTE,
};

static const struct sched_limits limits = {
	.first = 5,
	.concurrency = WINDOW,
	.shared = SHARED,
	.rcpts = 50,
};

static uint32_t
roll(struct world *w, uint32_t sides)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 20) % sides;
}

static bool
is_dead(const struct machine *h, int64_t at)
{
	return at >= h->dead_from && at < h->dead_to;
}

static void
make_hosts(struct world *w)
{
	w->hosts = xcalloc(w->n_hosts, sizeof(struct host));
	w->machines = xcalloc(w->n_hosts, sizeof(struct machine));
	for (uint32_t i = 0; i < w->n_hosts; i++) {
		struct host *domain = &w->hosts[i];
		uint32_t half = w->n_hosts / 2, kind = roll(w, 100);

		domain->machine = i < half ? i : half + (i - half) / CROWD;
		domain->patient = roll(w, 10) == 0;
		struct machine *h = &w->machines[domain->machine];
		h->patient = h->patient || domain->patient;
		if (i > half && (i - half) % CROWD != 0)
			continue;
		if (kind < 3) {
			h->dead_to = INT64_MAX;
		} else if (kind < 15) {
			h->dead_from = w->start +
			    (int64_t)roll(w, 5000) * SECOND;
			h->dead_to = h->dead_from +
			    (int64_t)roll(w, 100000) * SECOND;
		}
	}
}

static struct machine *
machine_of(const struct world *w, uint32_t host)
{
	return &w->machines[w->hosts[host].machine];
}

static struct dest *
dest_of(struct world *w, uint32_t host)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "h%u.example", host);
	struct dest *d = sched_dest(w->s, w->smtp, name);
	d->patient = w->hosts[host].patient;
	return d;
}

/* All of it goes to domains that we are backup for. */
static bool
is_backup(const struct world *w, const struct mail *m)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (m->left[i] > 0 && !w->hosts[m->host[i]].patient)
			return false;
	return true;
}

static void
enter_queue(struct world *w, struct mail *m)
{
	char id[QUEUEID_LEN + 1];

	(void)snprintf(id, sizeof(id), "%013u", (uint32_t)(m - w->mails));
	m->msg = sched_add(w->s, id, w->now - m->arrived, 0);
	m->msg->owner = 1;
	sched_backup(w->s, m->msg, is_backup(w, m));
	for (int i = 0; i < PARTS_MAX; i++)
		if (m->left[i] > 0)
			(void)sched_join(w->s, m->msg, dest_of(w, m->host[i]),
			    m->left[i], false);
}

static void
arrive(struct world *w)
{
	struct mail *m = &w->mails[w->arrived_mails++];
	int parts = roll(w, 20) == 0 ? PARTS_MAX : 1;

	m->arrived = w->now;
	for (int i = 0; i < parts; i++) {
		m->host[i] = (roll(w, w->n_hosts / PARTS_MAX)) * PARTS_MAX +
		    (uint32_t)i;
		m->left[i] = roll(w, 5000) == 0 ? 2000 : 1;
		w->accepted += m->left[i];
	}
	m->expires = w->now +
	    (is_backup(w, m) ? config.backup_lifetime : config.lifetime);
	enter_queue(w, m);
}

/* The agent says which hosts the domain has; false: it is called off. */
static bool
may_go(struct world *w, const struct sched_event *e, uint32_t host)
{
	char address[32];
	struct provider_host found = { address, 25 };

	if (!e->hosts || (w->now >= w->dns_from && w->now < w->dns_to))
		return true;
	(void)snprintf(address, sizeof(address), "m%u", w->hosts[host].machine);
	if (provider_learn(w->s, e->dest, &found, 1))
		return true;
	sched_back(w->s, e->part, e->n);
	sched_done(w->s, e->part, &(struct sched_result){ 0 });
	w->called_off++;
	return false;
}

static void
begin(struct world *w, const struct sched_event *e)
{
	uint32_t host = (uint32_t)strtoul(e->dest->nexthop + 1, NULL, 10);

	if (!may_go(w, e, host))
		return;
	struct job *j = xcalloc(1, sizeof(*j));
	struct mail *m = e->msg->loaded;
	uint32_t took = 100 + roll(w, 1000);

	j->mail = m;
	j->part = e->part;
	j->n = e->n;
	j->host = host;
	struct machine *h = machine_of(w, host);
	j->no_dns = w->now >= w->dns_from && w->now < w->dns_to;
	j->dead = is_dead(h, w->now);
	if (j->no_dns) {
		w->jobs_dns++;
	} else if (j->dead) {
		h->tries_dead++;
		took = 30000;
	} else if (m->first_try == 0 && h->dead_to == 0 &&
	    w->now < w->dns_from) {
		w->longest_wait = MAX(w->longest_wait, w->now - m->arrived);
	}
	m->first_try = w->now;
	m->attempts++;
	heap_put(&w->jobs, &j->node, w->now + took);
}

static void
forget_if_over(struct world *w, struct mail *m)
{
	if (sched_count(m->msg) > 0) {
		if (sched_settled(m->msg))
			m->msg->loaded = NULL;
		return;
	}
	sched_remove(w->s, m->msg);
	m->msg = NULL;
}

static void
end(struct world *w, struct job *j)
{
	struct sched_result r = { 0 };
	struct mail *m = j->mail;

	if (j->no_dns)
		r.again[FAULT_RESOLVER] = j->n;
	else if (j->dead)
		r.again[FAULT_DESTINATION] = j->n;
	else if (roll(w, 1000) == 0)
		r.again[FAULT_LOCAL] = j->n;
	else if (m->attempts == 1 && roll(w, 20) == 0)
		r.again[FAULT_MESSAGE] = j->n;
	else
		r.over = j->n;
	r.reason = "simulated";
	w->delivered += r.over;
	for (int i = 0; i < PARTS_MAX; i++)
		if (m->left[i] > 0 && m->host[i] == j->host)
			m->left[i] -= r.over;
	sched_done(w->s, j->part, &r);
	forget_if_over(w, m);
	free(j);
}

static void
expire(struct world *w, struct sched_msg *msg)
{
	uint64_t n;
	struct mail *m = &w->mails[strtoul(msg->id.text, NULL, 10)];

	ck_assert_int_ge(w->now + w->dns_from - w->dns_to, m->expires - DAY);
	ck_assert_uint_eq(sched_busy(msg), 0);
	n = sched_count(msg);
	w->expired += n;
	for (int i = 0; i < PARTS_MAX; i++) {
		n -= m->left[i];
		m->left[i] = 0;
	}
	ck_assert_uint_eq(n, 0);
	sched_remove(w->s, msg);
	m->msg = NULL;
}

static void
run_scheduler(struct world *w)
{
	struct sched_event e;

	sched_time(w->s, w->now);
	while (sched_next(w->s, &e))
		switch (e.kind) {
		case SCHED_LOAD:
			e.msg->loaded =
			    &w->mails[strtoul(e.msg->id.text, NULL, 10)];
			break;
		case SCHED_START:
			begin(w, &e);
			break;
		case SCHED_EXPIRE:
			expire(w, e.msg);
			break;
		case SCHED_STATE:
		case SCHED_DRAINED:
		case SCHED_RESOLVER_DOWN:
		case SCHED_RESOLVER_UP:
			break;
		case SCHED_WARN:
		case SCHED_WAKE:
			ck_abort_msg("an event that nobody asked for");
		}
}

/* Every recipient has a next event. */
static void
check_next_events(const struct world *w)
{
	for (const struct sched_msg *m = sched_each(w->s, NULL); m != NULL;
	     m = sched_each(w->s, m))
		for (const struct sched_part *p = m->parts; p; p = p->next) {
			const struct dest *d = p->dest;

			ck_assert_uint_gt(p->ready + p->busy + p->waiting, 0);
			ck_assert(m->node.place != 0);
			if (p->waiting > 0)
				ck_assert(m->flags & SCHED_TIMED);
			if (p->ready == 0)
				continue;
			ck_assert(p->node.place != 0);
			const struct provider *of = d->provider;
			ck_assert_msg(d->in != NULL || d->timer.place != 0 ||
				d->busy > 0 || list_linked(&d->wait) ||
				(of != NULL && of->timer.place != 0),
			    "%s has no next event", d->nexthop);
			if (of != NULL && d->in == &of->crowd)
				ck_assert(of->busy > 0);
		}
}

static void
check_books(const struct world *w)
{
	uint64_t queued = 0;

	for (uint32_t i = 0; i < w->arrived_mails; i++)
		for (int k = 0; k < PARTS_MAX; k++)
			queued += w->mails[i].left[k];
	ck_assert_uint_eq(w->accepted, w->delivered + w->expired + queued);
	uint64_t known = 0;
	for (const struct sched_msg *m = sched_each(w->s, NULL); m != NULL;
	     m = sched_each(w->s, m))
		known += sched_count(m);
	ck_assert_uint_eq(queued, known);
}

/* Everything in memory is gone, and the queue is read again. */
static void
restart(struct world *w)
{
	struct heap_node *top;

	while ((top = heap_top(&w->jobs)) != NULL) {
		heap_drop(&w->jobs, top);
		free(container_of(top, struct job, node));
	}
	sched_destroy(&w->s);
	w->s = sched_create(&config, 7);
	sched_time(w->s, w->now);
	w->smtp = sched_transport(w->s, "smtp", &limits);
	w->smtp->hosts = true;
	sched_room(w->s, w->smtp, 2000);
	for (uint32_t i = 0; i < w->arrived_mails; i++)
		if (w->mails[i].msg != NULL)
			enter_queue(w, &w->mails[i]);
	w->restarts++;
}

static int64_t
next_moment(const struct world *w, int64_t arrival)
{
	int64_t when = MIN(sched_when(w->s), arrival);

	if (heap_top(&w->jobs) != NULL)
		when = MIN(when, heap_top(&w->jobs)->key);
	return MAX(when, w->now);
}

static void
run_until(struct world *w, int64_t until, int64_t pace)
{
	int64_t arrival = w->arrived_mails < w->n_mails ? w->now : SCHED_NEVER;
	struct heap_node *top;

	while (w->now < until) {
		for (; w->now >= arrival; arrival += SECOND) {
			for (int64_t i = 0;
			     i < pace && w->arrived_mails < w->n_mails; i++)
				arrive(w);
			if (w->arrived_mails == w->n_mails)
				arrival = SCHED_NEVER - SECOND;
		}
		while (
		    (top = heap_top(&w->jobs)) != NULL && top->key <= w->now) {
			heap_drop(&w->jobs, top);
			end(w, container_of(top, struct job, node));
		}
		run_scheduler(w);
		w->now = next_moment(w, arrival);
	}
	w->now = until;
	check_next_events(w);
	check_books(w);
}

/* Probes of a machine that was dead for so long, at the shortest intervals. */
static uint32_t
probes(const struct machine *h, int64_t span)
{
	uint32_t n = 0;
	int64_t interval = config.probe_time;

	for (int64_t at = 0; at < span; n++) {
		at += interval * 9 / 10;
		if (!h->patient)
			interval = MIN(2 * interval, config.max_backoff);
		else if (at > DAY)
			interval = config.probe_max;
		else if (at > HOUR)
			interval = MINUTE;
	}
	return n;
}

static void
check_bounds(const struct world *w)
{
	for (uint32_t i = 0; i < w->n_hosts; i++) {
		const struct machine *h = &w->machines[i];
		int64_t span = MIN(h->dead_to, w->now) -
		    MAX(h->dead_from, w->start);
		uint32_t most = (SHARED + WINDOW + probes(h, MAX(span, 0))) *
		    (w->restarts + 1);

		ck_assert_msg(h->tries_dead <= most,
		    "m%u: %u tries while dead, at most %u", i, h->tries_dead,
		    most);
	}
}

static void
say_memory(const struct world *w, size_t before)
{
	size_t used = mallinfo2().uordblks + mallinfo2().hblkhd - before;

	printf("# %zu messages of %u to %u destinations in memory: %zu MB, "
	       "%zu bytes a message\n",
	    w->s->n_msgs, w->arrived_mails, (uint32_t)w->s->dests.len,
	    used >> 20, w->s->n_msgs > 0 ? used / w->s->n_msgs : 0);
}

static void
simulate(uint32_t hosts, uint32_t mails, int64_t pace)
{
	struct world w = {
		.n_hosts = hosts,
		.n_mails = mails,
		.now = 1000,
		.start = 1000,
		.dns_from = 20000 * SECOND,
		.dns_to = 27000 * SECOND,
		.random = 4711,
	};

	make_hosts(&w);
	w.mails = xcalloc(mails, sizeof(struct mail));
	restart(&w);
	w.restarts = 0;
	run_until(&w, 5000 * SECOND, pace);
	ck_assert_uint_eq(w.arrived_mails, mails);
	restart(&w);
	run_until(&w, 12 * HOUR, 0);
	restart(&w);
	run_until(&w, 7 * DAY, 0);

	check_bounds(&w);
	printf("# %llu recipients: %llu delivered, %llu expired; first try "
	       "within %lld ms; %u jobs without DNS, %u called off\n",
	    (unsigned long long)w.accepted, (unsigned long long)w.delivered,
	    (unsigned long long)w.expired, (long long)w.longest_wait,
	    w.jobs_dns, w.called_off);
	ck_assert_uint_eq(w.accepted, w.delivered + w.expired);
	ck_assert_int_lt(w.longest_wait, 2 * MINUTE);
	sched_destroy(&w.s);
	heap_free(&w.jobs);
	free(w.hosts);
	free(w.machines);
	free(w.mails);
}

START_TEST(nothing_is_lost_or_forgotten)
{
	if (getenv("POSTHOUSE_SIM") != NULL)
		simulate(100000, 1000000, 1000);
	else
		simulate(2000, 20000, 20);
}
END_TEST

/* A million messages, all for hosts that are dead. */
START_TEST(a_deferred_message_is_small)
{
	uint32_t n = getenv("POSTHOUSE_SIM") != NULL ? 1000000 : 20000;
	struct world w = {
		.n_hosts = n / 10,
		.n_mails = n,
		.now = 1000,
		.start = 1000,
		.random = 4711,
	};

	make_hosts(&w);
	w.mails = xcalloc(n, sizeof(struct mail));
	for (uint32_t i = 0; i < w.n_hosts; i++)
		w.machines[i] = (struct machine){ .dead_to = INT64_MAX };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	restart(&w);
	for (uint32_t i = 0; i < n; i++) {
		w.mails[i].host[0] = i % w.n_hosts;
		w.mails[i].left[0] = 1;
		enter_queue(&w, &w.mails[i]);
		w.accepted++;
	}
	w.arrived_mails = n;
	run_until(&w, 6 * HOUR, 0);
	say_memory(&w, before);
	ck_assert_uint_lt((mallinfo2().uordblks + mallinfo2().hblkhd - before) /
		n,
	    280); /* each tenth has a destination and its hosts with it */
	restart(&w);
	sched_destroy(&w.s);
	heap_free(&w.jobs);
	free(w.hosts);
	free(w.machines);
	free(w.mails);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("qmgr_sim");
	TCase *t = tcase_create("simulation");

	tcase_set_timeout(t, 1200);
	tcase_add_test(t, nothing_is_lost_or_forgotten);
	tcase_add_test(t, a_deferred_message_is_small);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
