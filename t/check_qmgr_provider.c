/*
 * qmgr_provider: what destinations with the same hosts share.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>

#include "clock.h"
#include "qmgr_provider.h"
#include "wire.h"

#define DOMAINS 300

static const struct sched_config config = {
	.min_backoff = 300 * SECOND,
	.max_backoff = 4000 * SECOND,
	.lifetime = 5 * DAY,
	.bounce_lifetime = DAY,
	.probe_time = 15 * SECOND,
	.probe_max = 5 * MINUTE,
};

static const struct provider_host dead[] = {
	{ "192.0.2.1", 25 },
	{ "192.0.2.2", 25 },
};
static const struct provider_host same[] = {
	/* in another order */
	{ "192.0.2.2", 25 },
	{ "192.0.2.1", 25 },
	{ "192.0.2.1", 25 },
};
static const struct provider_host other[] = { { "2001:db8::1", 25 } };

static struct sched *s;
static struct transport *smtp;
static int64_t now;
static struct sched_event event;
static int number;

static void
setup(void)
{
	struct sched_limits limits = {
		.first = 2,
		.concurrency = 4,
		.shared = 6,
		.rcpts = 10,
	};

	now = 1000;
	number = 0;
	s = sched_create(&config, 1);
	sched_time(s, now);
	smtp = sched_transport(s, "smtp", &limits);
	smtp->hosts = true;
	sched_room(s, smtp, 1000);
}

static void
teardown(void)
{
	sched_destroy(&s);
}

static struct sched_msg *
message(const char *host)
{
	char id[QUEUEID_LEN + 1];

	(void)snprintf(id, sizeof(id), "%013d", number++);
	struct sched_msg *m = sched_add(s, id, 0, 0);
	m->loaded = m;
	(void)sched_join(s, m, sched_dest(s, smtp, host), 1, false);
	return m;
}

static void
later(int64_t ms)
{
	now += ms;
	sched_time(s, now);
}

/* The next job, past the news. */
static bool
job(struct sched_event *e)
{
	while (sched_next(s, &event))
		if (event.kind == SCHED_START) {
			*e = event;
			return true;
		}
	return false;
}

static struct sched_event
next_job(void)
{
	struct sched_event e;

	ck_assert(job(&e));
	return e;
}

static void
no_job(void)
{
	struct sched_event e;

	ck_assert(!job(&e));
}

static void
good(const struct sched_event *e)
{
	sched_done(s, e->part, &(struct sched_result){ .over = e->n });
}

static void
bad(const struct sched_event *e)
{
	struct sched_result r = { .reason = "connect: timed out" };

	r.again[FAULT_DESTINATION] = e->n;
	sched_done(s, e->part, &r);
}

static void
give_back(const struct sched_event *e)
{
	sched_back(s, e->part, e->n);
	sched_done(s, e->part, &(struct sched_result){ 0 });
}

static bool
learn(const struct sched_event *e, const struct provider_host *hosts, size_t n)
{
	ck_assert(e->hosts);
	return provider_learn(s, e->dest, hosts, n);
}

static struct dest *
dest(const char *host)
{
	return sched_find_dest(s, "smtp", host);
}

static const char *
domain(int i)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "d%d.example", i);
	return name;
}

/* Mail for many domains whose hosts are dead; jobs that were really tried. */
static int
all_go_down(void)
{
	struct sched_event e, first[8];
	int tried = 0, n = 0;

	for (int i = 0; i < DOMAINS; i++)
		(void)message(domain(i));
	while (job(&e)) {
		if (learn(&e, n % 2 == 1 ? dead : same, n % 2 == 1 ? 2 : 3))
			first[tried++] = e;
		else
			give_back(&e);
		n++;
		ck_assert_int_lt(tried, 8);
	}
	for (int i = 0; i < tried; i++)
		bad(&first[i]);
	return tried;
}

START_TEST(many_domains_on_a_dead_host_cost_one_probe)
{
	struct sched_event e;
	int probes = 0;

	ck_assert_int_le(all_go_down(), 2);
	while (job(&e)) {
		ck_assert(!learn(&e, dead, 2));
		give_back(&e);
	}
	for (int i = 0; i < DOMAINS; i++) {
		ck_assert_int_eq(dest(domain(i))->state, DEST_DOWN);
		ck_assert_str_eq(dest(domain(i))->reason, "connect: timed out");
	}
	ck_assert_uint_eq(s->providers.len, 1);
	for (int64_t end = now + HOUR; now < end; later(SECOND))
		while (job(&e)) {
			ck_assert(e.probe);
			ck_assert(learn(&e, dead, 2));
			no_job();
			bad(&e);
			probes++;
		}
	/* 15 s, 30 s, one minute ...: nobody of them is a domain of ours. */
	ck_assert_int_ge(probes, 6);
	ck_assert_int_le(probes, 10);
}
END_TEST

START_TEST(up_for_one_is_up_for_all_with_slow_start)
{
	struct sched_event jobs[16];
	uint32_t n = 0;

	(void)all_go_down();
	while (job(&jobs[0]))
		give_back(&jobs[0]);
	later(20 * SECOND);
	jobs[0] = next_job();
	ck_assert(jobs[0].probe);
	no_job();
	ck_assert(learn(&jobs[0], dead, 2));
	good(&jobs[0]);

	int left = DOMAINS - 1;
	for (int round = 0; left > 0; round++) {
		for (n = 0; n < 16 && job(&jobs[n]); n++)
			if (jobs[n].hosts)
				ck_assert(learn(&jobs[n], dead, 2));
		ck_assert_uint_le(n, MIN(1u << MIN(round, 10), 6));
		ck_assert_uint_ge(n, 1);
		for (uint32_t i = 0; i < n; i++)
			good(&jobs[i]);
		left -= (int)n;
	}
	ck_assert_uint_eq(s->n_msgs, DOMAINS);
}
END_TEST

START_TEST(a_domain_that_moves_away_is_followed)
{
	struct sched_event e;

	(void)message("a");
	e = next_job();
	ck_assert(learn(&e, dead, 2));
	bad(&e);
	(void)message("b");
	e = next_job();
	ck_assert(!learn(&e, same, 3));
	give_back(&e);
	no_job();
	ck_assert_ptr_eq(dest("a")->provider, dest("b")->provider);

	/* Somebody asks for b, whose MX records have changed. */
	sched_wake(s, dest("b"));
	e = next_job();
	ck_assert_str_eq(e.dest->nexthop, "b");
	ck_assert(learn(&e, other, 1));
	good(&e);
	ck_assert_int_eq(dest("b")->down, 0);
	ck_assert_int_ne(dest("a")->down, 0);
	ck_assert_uint_eq(s->providers.len, 2);
}
END_TEST

START_TEST(a_failure_does_not_stop_what_works)
{
	struct sched_event e, f;

	for (int i = 0; i < 2; i++)
		(void)message("a");
	e = next_job();
	ck_assert(learn(&e, dead, 2));
	good(&e);
	e = next_job();
	(void)message("b");
	f = next_job();
	ck_assert(learn(&f, dead, 2));
	bad(&f);
	ck_assert_int_eq(dest("b")->state, DEST_DOWN);
	ck_assert_int_eq(dest("a")->down, 0);
	ck_assert_int_ne(dest("b")->timer.place, 0);
	good(&e);
}
END_TEST

START_TEST(they_share_a_limit)
{
	struct sched_event jobs[64];
	uint32_t most = 0;

	for (int i = 0; i < 20; i++)
		for (int k = 0; k < 30; k++)
			(void)message(domain(i));
	for (int round = 0; round < 300; round++) {
		uint32_t n = 0;

		while (n < 64 && job(&jobs[n])) {
			if (!jobs[n].hosts || learn(&jobs[n], other, 1))
				n++;
			else
				give_back(&jobs[n]);
		}
		most = MAX(most, n);
		for (uint32_t i = 0; i < n; i++)
			good(&jobs[i]);
	}
	ck_assert_uint_eq(most, 6);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(dest(domain(i))->small.n, 0);
}
END_TEST

START_TEST(a_prober_that_loses_its_mail_is_replaced)
{
	struct sched_event e;
	struct sched_msg *a = message("a");

	e = next_job();
	ck_assert(learn(&e, dead, 2));
	bad(&e);
	(void)message("b");
	e = next_job();
	ck_assert(!learn(&e, dead, 2));
	give_back(&e);
	sched_remove(s, a);
	later(20 * SECOND);
	e = next_job();
	ck_assert_str_eq(e.dest->nexthop, "b");
	bad(&e);
	/* Nor is it forgotten while it has nothing. */
	sched_remove(s, e.msg);
	later(HOUR);
	no_job();
	(void)message("b");
	later(HOUR);
	e = next_job();
	good(&e);
}
END_TEST

START_TEST(those_who_may_wake_it)
{
	CLEAN_BUF struct buf list = { 0 };
	struct sched_event e;

	(void)message("a");
	dest("a")->patient = true;
	e = next_job();
	ck_assert(learn(&e, dead, 2));
	provider_watch(s, &list, 10);
	ck_assert_uint_eq(list.len, 0);
	bad(&e);
	ck_assert(s->watch_news);
	s->watch_news = false;

	provider_watch(s, &list, 10);
	struct wire w = wire_open(buf_str(&list), list.len);
	ck_assert_str_eq(wire_get_str(&w), "192.0.2.1");
	ck_assert_str_eq(wire_get_str(&w), "192.0.2.2");
	ck_assert(wire_done(&w));
	buf_reset(&list);
	provider_watch(s, &list, 1);
	w = wire_open(buf_str(&list), list.len);
	ck_assert_str_eq(wire_get_str(&w), "192.0.2.1");
	ck_assert(wire_done(&w));

	no_job();
	ck_assert_uint_eq(provider_wake(s, "192.0.2.3"), 0);
	ck_assert_uint_eq(provider_wake(s, "192.0.2.2"), 1);
	e = next_job();
	ck_assert(e.probe);
	good(&e);
	ck_assert(s->watch_news);
	ck_assert_uint_eq(provider_wake(s, "192.0.2.2"), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *suite = suite_create("qmgr_provider");
	TCase *t = tcase_create("providers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, many_domains_on_a_dead_host_cost_one_probe);
	tcase_add_test(t, up_for_one_is_up_for_all_with_slow_start);
	tcase_add_test(t, a_domain_that_moves_away_is_followed);
	tcase_add_test(t, a_failure_does_not_stop_what_works);
	tcase_add_test(t, they_share_a_limit);
	tcase_add_test(t, a_prober_that_loses_its_mail_is_replaced);
	tcase_add_test(t, those_who_may_wake_it);
	suite_add_tcase(suite, t);
	return suite;
}

#include "check_main.h"
