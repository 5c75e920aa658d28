/*
 * qmgr_sched: dialogues of a few messages, each about one rule.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>

#include "clock.h"
#include "qmgr_sched.h"

static const struct sched_config config = {
	.min_backoff = 300 * SECOND,
	.max_backoff = 4000 * SECOND,
	.lifetime = 5 * DAY,
	.bounce_lifetime = DAY,
	.backup_lifetime = 30 * DAY,
	.delay_warning = 4 * HOUR,
	.probe_time = 15 * SECOND,
	.probe_max = 5 * MINUTE,
};

static struct sched *s;
static struct transport *smtp;
static int64_t now;
static struct sched_event event;

static void
setup(void)
{
	struct sched_limits limits = {
		.first = 2,
		.concurrency = 4,
		.rcpts = 10,
	};

	now = 1000;
	s = sched_create(&config, 1);
	sched_time(s, now);
	smtp = sched_transport(s, "smtp", &limits);
	sched_room(s, smtp, 100);
}

static void
teardown(void)
{
	sched_destroy(&s);
}

/* A message of the number to n recipients at a host. */
static struct sched_msg *
message(int number, const char *host, uint32_t n)
{
	char id[QUEUEID_LEN + 1];

	(void)snprintf(id, sizeof(id), "%013d", number);
	struct sched_msg *m = sched_add(s, id, 0, 0);
	m->loaded = m;
	(void)sched_join(s, m, sched_dest(s, smtp, host), n, false);
	return m;
}

static void
later(int64_t ms)
{
	now += ms;
	sched_time(s, now);
}

/* The next event, which must be of this kind. */
static struct sched_event
next(enum sched_kind kind)
{
	ck_assert(sched_next(s, &event));
	ck_assert_int_eq(event.kind, kind);
	return event;
}

static void
silent(void)
{
	ck_assert(!sched_next(s, &event));
}

static void
over(const struct sched_event *e)
{
	sched_done(s, e->part, &(struct sched_result){ .over = e->n });
}

static void
failed(const struct sched_event *e, enum fault fault)
{
	struct sched_result r = { .reason = "because" };

	r.again[fault] = e->n;
	sched_done(s, e->part, &r);
}

/* Nothing until this time has passed, then a job. */
static struct sched_event
start_after(int64_t ms)
{
	later(ms - 1);
	silent();
	later(1);
	return next(SCHED_START);
}

/* ---- turns ---- */

START_TEST(destinations_take_turns)
{
	char order[9] = "";

	for (int i = 0; i < 4; i++)
		(void)message(i, "a", 1);
	for (int i = 4; i < 8; i++)
		(void)message(i, "b", 1);
	for (int i = 0; i < 8; i++) {
		struct sched_event e = next(SCHED_START);

		order[i] = e.dest->nexthop[0];
		over(&e);
	}
	ck_assert_str_eq(order, "abababab");
	silent();
}
END_TEST

START_TEST(the_oldest_goes_first)
{
	(void)message(1, "a", 1);
	later(10);
	(void)message(2, "a", 1);
	struct sched_msg *old = sched_add(s, "0000000000003", HOUR, 0);
	old->loaded = old;
	(void)sched_join(s, old, sched_dest(s, smtp, "a"), 1, false);
	for (int i = 0; i < 3; i++) {
		static const char last[] = { '3', '1', '2' };
		struct sched_event e = next(SCHED_START);

		ck_assert_int_eq(e.msg->id.text[QUEUEID_LEN - 1], last[i]);
		over(&e);
	}
}
END_TEST

START_TEST(a_mailing_lets_a_small_message_pass)
{
	struct sched_msg *big = message(1, "a", 1000);
	struct sched_event e = next(SCHED_START);

	ck_assert_uint_eq(e.n, 10);
	later(10);
	struct sched_msg *small = message(2, "a", 1);
	over(&e);
	e = next(SCHED_START);
	ck_assert_ptr_eq(e.msg, small);
	over(&e);
	for (int i = 0; i < 99; i++) {
		e = next(SCHED_START);
		ck_assert_ptr_eq(e.msg, big);
		over(&e);
	}
	silent();
}
END_TEST

START_TEST(concurrency_grows_with_success)
{
	struct sched_event e[4];

	for (int i = 0; i < 20; i++)
		(void)message(i, "a", 1);
	e[0] = next(SCHED_START);
	e[1] = next(SCHED_START);
	silent();
	over(&e[0]);
	e[0] = next(SCHED_START);
	e[2] = next(SCHED_START);
	silent();
	over(&e[0]);
	e[0] = next(SCHED_START);
	e[3] = next(SCHED_START);
	silent();
	over(&e[0]);
	(void)next(SCHED_START);
	silent(); /* 4 is the limit */
}
END_TEST

/* Jobs that end now, how many run at a time then. */
static size_t
run_all(bool together)
{
	struct sched_event e[16];
	size_t n = 0;

	while (sched_next(s, &event))
		e[n++] = event;
	for (size_t i = 0; i < n; i++)
		sched_done(s, e[i].part,
		    &(struct sched_result){
			.over = e[i].n,
			.together = together,
		    });
	return n;
}

START_TEST(what_is_done_together_may_be_more)
{
	struct sched_limits limits = {
		.first = 2,
		.concurrency = 2,
		.together = 5,
		.rcpts = 1,
	};

	smtp = sched_transport(s, "local", &limits);
	sched_room(s, smtp, 100);
	for (int i = 0; i < 60; i++)
		(void)message(i, "a", 1);
	ck_assert_uint_eq(run_all(false), 2);
	ck_assert_uint_eq(run_all(false), 2);
	ck_assert_uint_eq(run_all(true), 2);
	while (run_all(true) < 5)
		continue;
	ck_assert_uint_eq(run_all(true), 5);
	ck_assert_uint_eq(run_all(false), 5);
	ck_assert_uint_eq(run_all(false), 2);
}
END_TEST

START_TEST(a_rate_delay_parts_the_jobs)
{
	struct sched_limits slow = { .first = 5, .delay = 700 };
	struct transport *t = sched_transport(s, "slow", &slow);

	sched_room(s, t, 10);
	for (int i = 0; i < 2; i++) {
		struct sched_msg *m = sched_add(s,
		    i == 0 ? "0000000000001" : "0000000000002", 0, 0);

		m->loaded = m;
		(void)sched_join(s, m, sched_dest(s, t, "a"), 1, false);
	}
	struct sched_event e = next(SCHED_START);
	silent();
	over(&e);
	silent();
	ck_assert_int_eq(sched_when(s), now + 700);
	e = start_after(700);
	over(&e);
}
END_TEST

START_TEST(retries_leave_room_for_fresh_mail)
{
	char host[2] = "a";

	sched_room(s, smtp, 8);
	for (int i = 0; i < 10; i++) {
		host[0] = (char)('a' + i);
		struct sched_msg *m = message(i, host, 1);
		m->attempts = 1;
		sched_release(s, m);
	}
	for (int i = 0; i < 6; i++)
		(void)next(SCHED_START);
	silent();
	struct sched_msg *fresh = message(10, "z", 1);
	ck_assert_ptr_eq(next(SCHED_START).msg, fresh);
	silent();
}
END_TEST

START_TEST(what_is_not_loaded_is_asked_for)
{
	struct sched_msg *m = message(1, "a", 1);

	m->loaded = NULL;
	ck_assert_ptr_eq(next(SCHED_LOAD).msg, m);
	m->loaded = m;
	ck_assert_ptr_eq(next(SCHED_START).msg, m);
}
END_TEST

/* ---- clocks ---- */

START_TEST(a_message_has_its_own_clock)
{
	static const int64_t backoff[] = { 300, 600, 1200, 2400, 4000, 4000 };
	struct sched_msg *m = message(1, "a", 1);
	struct sched_event e = next(SCHED_START);

	m->flags |= SCHED_WARNED;
	for (size_t i = 0; i < ARRAY_LEN(backoff); i++) {
		failed(&e, FAULT_MESSAGE);
		silent();
		ck_assert(sched_settled(m));
		e = start_after(backoff[i] * SECOND);
		ck_assert_uint_eq(m->attempts, i + 1);
	}
}
END_TEST

START_TEST(our_own_trouble_is_short)
{
	struct sched_msg *m = message(1, "a", 1);
	struct sched_event e = next(SCHED_START);

	failed(&e, FAULT_LOCAL);
	e = start_after(30 * SECOND);
	failed(&e, FAULT_LOCAL);
	e = start_after(60 * SECOND);
	ck_assert_uint_eq(m->attempts, 0);
	over(&e);
}
END_TEST

START_TEST(a_delay_is_told_once)
{
	struct sched_msg *m = message(1, "a", 1);
	struct sched_event e = next(SCHED_START);

	failed(&e, FAULT_MESSAGE);
	m->rounds = 10;
	m->due = now + 10 * HOUR;
	later(4 * HOUR);
	ck_assert_ptr_eq(next(SCHED_WARN).msg, m);
	silent();
	later(HOUR);
	silent();
}
END_TEST

START_TEST(a_null_sender_expires_sooner)
{
	static const int64_t life[] = { 5 * DAY, DAY };
	struct sched_msg *m = message(1, "a", 1);
	struct sched_event e = next(SCHED_START);

	sched_done(s, e.part, &(struct sched_result){ .over = 1 });
	sched_remove(s, m);
	m = sched_add(s, "0000000000002", 0,
	    SCHED_WARNED | (_i == 1 ? SCHED_NULL_SENDER : 0));
	m->loaded = m;
	(void)sched_join(s, m, sched_dest(s, smtp, "a"), 1, false);
	for (int64_t spent = 0; spent + 4000 * SECOND < life[_i];) {
		e = next(SCHED_START);
		failed(&e, FAULT_MESSAGE);
		spent += m->due - now;
		later(m->due - now);
	}
	e = next(SCHED_START);
	failed(&e, FAULT_MESSAGE);
	later(life[_i] - (now - 1000));
	ck_assert_ptr_eq(next(SCHED_EXPIRE).msg, m);
	silent();
}
END_TEST

START_TEST(old_mail_is_tried_before_it_expires)
{
	struct sched_msg *m = sched_add(s, "0000000000001", 30 * DAY,
	    SCHED_WARNED);

	m->loaded = m;
	(void)sched_join(s, m, sched_dest(s, smtp, "a"), 1, false);
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_MESSAGE);
	ck_assert_ptr_eq(next(SCHED_EXPIRE).msg, m);
}
END_TEST

/* ---- destinations ---- */

START_TEST(a_silent_destination_goes_down_at_once)
{
	for (int i = 0; i < 50; i++)
		(void)message(i, "a", 1);
	struct sched_event one = next(SCHED_START);
	struct sched_event two = next(SCHED_START);
	failed(&one, FAULT_DESTINATION);
	ck_assert_int_eq(next(SCHED_STATE).dest->state, DEST_DOWN);
	failed(&two, FAULT_DESTINATION);
	silent();
	int tries = 0;
	for (int64_t end = now + DAY; now < end; tries++) {
		later(sched_when(s) - now);
		while (sched_next(s, &event))
			if (event.kind == SCHED_START) {
				ck_assert(event.probe);
				one = event;
				failed(&one, FAULT_DESTINATION);
			}
	}
	ck_assert_int_lt(tries, 100); /* 26 probes, and warnings */
}
END_TEST

START_TEST(a_backup_is_probed_eagerly)
{
	struct sched_msg *m = message(1, "a", 1);

	m->flags |= SCHED_WARNED;
	m->parts->dest->patient = true;
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	int64_t down = now;
	int hour = 0, day = 0;
	while (now - down < DAY) {
		later(sched_when(s) - now);
		e = next(SCHED_START);
		failed(&e, FAULT_DESTINATION);
		hour += now - down < HOUR;
		day++;
	}
	ck_assert_int_ge(hour, 210);
	ck_assert_int_le(hour, 270);
	ck_assert_int_ge(day - hour, 1240);
	ck_assert_int_le(day - hour, 1540);
	ck_assert_int_ge(sched_when(s) - now, 4 * MINUTE);
}
END_TEST

/* Null senders too: it is somebody else's mail. */
START_TEST(mail_for_a_backup_domain_is_kept_longer)
{
	struct sched_msg *m = sched_add(s, "0000000000001", 10 * DAY,
	    SCHED_NULL_SENDER);

	m->loaded = m;
	(void)sched_join(s, m, sched_dest(s, smtp, "a"), 1, false);
	ck_assert_int_lt(sched_left(s, m), 0);
	sched_backup(s, m, true);
	sched_backup(s, m, true);
	ck_assert_int_eq(sched_left(s, m), 20 * DAY);
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	sched_room(s, smtp, 0);
	later(20 * DAY - 1);
	silent();
	later(1);
	ck_assert_ptr_eq(next(SCHED_EXPIRE).msg, m);
	silent();
	/* Whose other recipients are over is looked at again. */
	sched_backup(s, m, false);
	ck_assert_ptr_eq(next(SCHED_EXPIRE).msg, m);
}
END_TEST

START_TEST(the_delay_is_told_as_of_other_mail)
{
	struct sched_msg *m = message(1, "a", 1);

	sched_backup(s, m, true);
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	sched_room(s, smtp, 0);
	later(4 * HOUR - 1);
	silent();
	later(1);
	ck_assert_ptr_eq(next(SCHED_WARN).msg, m);
	silent();
}
END_TEST

START_TEST(the_end_of_the_drain_is_said)
{
	struct sched_event e, f;

	for (int i = 0; i < 3; i++)
		(void)message(i, "a", 1);
	e = next(SCHED_START);
	f = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	failed(&f, FAULT_DESTINATION);
	silent();
	later(20 * SECOND);
	e = next(SCHED_START);
	over(&e);
	(void)next(SCHED_STATE);
	e = next(SCHED_START);
	later(5 * SECOND);
	over(&e);
	e = next(SCHED_START);
	later(5 * SECOND);
	over(&e);
	struct dest *d = next(SCHED_DRAINED).dest;
	ck_assert_uint_eq(d->drained, 3);
	ck_assert_int_eq(d->draining, 10 * SECOND);
	silent();
}
END_TEST

START_TEST(what_comes_back_drains_slowly_first)
{
	for (int i = 0; i < 20; i++)
		(void)message(i, "a", 1);
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	later(sched_when(s) - now);
	e = next(SCHED_START);
	ck_assert(e.probe);
	silent();
	over(&e);
	(void)next(SCHED_STATE);
	e = next(SCHED_START);
	(void)next(SCHED_START);
	silent(); /* two at a time now */
	over(&e);
	(void)next(SCHED_START);
	(void)next(SCHED_START);
	silent();
}
END_TEST

START_TEST(a_proven_destination_survives_one_failure)
{
	for (int i = 0; i < 20; i++)
		(void)message(i, "a", 1);
	struct sched_event one = next(SCHED_START);
	struct sched_event two = next(SCHED_START);
	over(&one);
	failed(&two, FAULT_DESTINATION);
	ck_assert_int_eq(two.dest->state, DEST_UP);
	(void)next(SCHED_START);
}
END_TEST

START_TEST(a_flush_tries_that_message_now)
{
	for (int i = 0; i < 20; i++)
		(void)message(i, "a", 1);
	struct sched_event e = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	struct sched_msg *m = sched_find(s, "0000000000013");
	sched_flush(s, m);
	ck_assert_ptr_eq(next(SCHED_START).msg, m);
	silent();
}
END_TEST

static const struct {
	const char *nexthop, *domain;
	bool below, want;
} roads[] = {
	{ "d.test", "d.test", false, true },
	{ "D.test", "d.test", false, true },
	{ "[d.test]", "d.test", false, true },
	{ "[d.test]:25", "d.test", false, true },
	{ "d.test:25", "d.test", false, true },
	{ "user@d.test", "d.test", false, true },
	{ "x.d.test", "d.test", false, false },
	{ "x.d.test:25", "d.test", true, true },
	{ "d.test", "d.test", true, true },
	{ "xd.test", "d.test", true, false },
	{ "test", "d.test", true, false },
	{ "d.test.x", "d.test", false, false },
	{ "", "d.test", true, false },
	{ "[192.0.2.1]", "[192.0.2.1]", false, true },
	{ "[192.0.2.1]", "192.0.2.1", false, true },
	{ "[192.0.2.11]", "[192.0.2.1]", false, false },
};

START_TEST(a_next_hop_is_of_a_domain)
{
	const struct dest *d = sched_dest(s, smtp, roads[_i].nexthop);

	ck_assert_int_eq(sched_goes_to(d, roads[_i].domain, roads[_i].below),
	    roads[_i].want);
}
END_TEST

/* 600 that wait at one host and as many at another, deferred one by one. */
static void
defer_many(void)
{
	struct sched_event e;

	for (int i = 0; i < 1200; i++) {
		(void)message(i, i < 600 ? "a" : "b", 1);
		e = next(SCHED_START);
		failed(&e, FAULT_MESSAGE);
	}
	silent();
}

START_TEST(a_destination_is_flushed_alone)
{
	struct dest *a, *b;
	uint32_t started = 0;

	defer_many();
	a = sched_find_dest(s, "smtp", "a");
	b = sched_find_dest(s, "smtp", "b");
	ck_assert_uint_eq(a->n_later, 600);
	sched_flush_dest(s, a);
	while (sched_next(s, &event)) {
		ck_assert_int_eq(event.kind, SCHED_START);
		ck_assert_ptr_eq(event.part->dest, a);
		started++;
		failed(&event, FAULT_MESSAGE);
	}
	/* Each once: they wait again, and longer. */
	ck_assert_uint_eq(started, 600);
	ck_assert_uint_eq(a->n_later, 600);
	ck_assert_uint_eq(b->n_later, 600);
	(void)start_after(300 * SECOND);
	ck_assert_ptr_eq(event.part->dest, b);
}
END_TEST

START_TEST(a_flush_leaves_what_is_held_and_what_goes_elsewhere)
{
	struct sched_msg *held = message(1, "a", 1);
	struct sched_event e = next(SCHED_START);

	failed(&e, FAULT_MESSAGE);
	sched_hold(s, held);
	struct sched_msg *both = message(2, "a", 1);
	(void)sched_join(s, both, sched_dest(s, smtp, "b"), 1, false);
	for (int i = 0; i < 2; i++) {
		e = next(SCHED_START);
		failed(&e, FAULT_MESSAGE);
	}
	sched_flush_dest(s, sched_find_dest(s, "smtp", "a"));
	e = next(SCHED_START);
	ck_assert_ptr_eq(e.msg, both);
	ck_assert_str_eq(e.part->dest->nexthop, "a");
	silent();
	over(&e);
	e = start_after(300 * SECOND);
	ck_assert_str_eq(e.part->dest->nexthop, "b");
	sched_release(s, held);
	ck_assert_ptr_eq(next(SCHED_START).msg, held);
}
END_TEST

START_TEST(a_flush_of_what_is_down_is_one_try)
{
	struct sched_event e;

	for (int i = 0; i < 50; i++)
		(void)message(i, "a", 1);
	e = next(SCHED_START);
	struct sched_event two = next(SCHED_START);
	failed(&e, FAULT_DESTINATION);
	failed(&two, FAULT_DESTINATION);
	(void)next(SCHED_STATE);
	silent();
	sched_flush_dest(s, sched_find_dest(s, "smtp", "a"));
	e = next(SCHED_START);
	silent();
	failed(&e, FAULT_DESTINATION);
	silent();
}
END_TEST

START_TEST(the_resolver_is_not_the_destination)
{
	char host[2] = "a";
	struct sched_event e[8];

	for (int i = 0; i < 8; i++) {
		host[0] = (char)('a' + i);
		(void)message(i, host, 1);
	}
	for (int i = 0; i < 8; i++)
		e[i] = next(SCHED_START);
	for (int i = 0; i < 8; i++)
		failed(&e[i], FAULT_RESOLVER);
	(void)next(SCHED_RESOLVER_DOWN);
	silent();

	/* Counted, as an assertion for each step takes long. */
	int others = 0;
	for (int i = 0; i < 100000 && now <= 14 * DAY; i++) {
		later(sched_when(s) - now);
		if (!sched_next(s, &event))
			continue;
		others += event.kind != SCHED_START;
		e[0] = event;
		failed(&e[0], FAULT_RESOLVER);
		others += sched_next(s, &event);
	}
	ck_assert_int_eq(others, 0);
	/* Two weeks have passed, and none has. */
	ck_assert_int_gt(now, 14 * DAY);
	do
		later(sched_when(s) - now);
	while (!sched_next(s, &event));
	e[0] = event;
	over(&e[0]);
	(void)next(SCHED_RESOLVER_UP);
	for (int i = 1; i < 8; i++)
		e[i] = next(SCHED_START);
	silent();
}
END_TEST

/* ---- a person's will ---- */

START_TEST(what_is_held_does_nothing)
{
	struct sched_msg *m = message(1, "a", 1);

	sched_hold(s, m);
	silent();
	later(30 * DAY);
	silent();
	sched_release(s, m);
	m->flags |= SCHED_WARNED;
	ck_assert_ptr_eq(next(SCHED_START).msg, m);
}
END_TEST

START_TEST(an_alarm_rings_once)
{
	struct sched_msg *m = sched_add(s, "0000000000001", 0, 0);

	sched_alarm(s, m, MINUTE);
	silent();
	later(MINUTE);
	ck_assert_ptr_eq(next(SCHED_WAKE).msg, m);
	silent();
	later(DAY);
	silent();
}
END_TEST

START_TEST(without_agents_mail_waits_and_expires)
{
	struct sched_msg *m = message(1, "a", 1);

	m->flags |= SCHED_WARNED;
	sched_room(s, smtp, 0);
	silent();
	ck_assert(sched_settled(m));
	later(5 * DAY);
	ck_assert_ptr_eq(next(SCHED_EXPIRE).msg, m);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *suite = suite_create("qmgr_sched");
	TCase *t = tcase_create("sched");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, destinations_take_turns);
	tcase_add_test(t, the_oldest_goes_first);
	tcase_add_test(t, a_mailing_lets_a_small_message_pass);
	tcase_add_test(t, concurrency_grows_with_success);
	tcase_add_test(t, what_is_done_together_may_be_more);
	tcase_add_test(t, a_rate_delay_parts_the_jobs);
	tcase_add_test(t, retries_leave_room_for_fresh_mail);
	tcase_add_test(t, what_is_not_loaded_is_asked_for);
	tcase_add_test(t, a_message_has_its_own_clock);
	tcase_add_test(t, our_own_trouble_is_short);
	tcase_add_test(t, a_delay_is_told_once);
	tcase_add_loop_test(t, a_null_sender_expires_sooner, 0, 2);
	tcase_add_test(t, old_mail_is_tried_before_it_expires);
	tcase_add_test(t, a_silent_destination_goes_down_at_once);
	tcase_add_test(t, a_backup_is_probed_eagerly);
	tcase_add_test(t, mail_for_a_backup_domain_is_kept_longer);
	tcase_add_test(t, the_delay_is_told_as_of_other_mail);
	tcase_add_test(t, the_end_of_the_drain_is_said);
	tcase_add_test(t, what_comes_back_drains_slowly_first);
	tcase_add_test(t, a_proven_destination_survives_one_failure);
	tcase_add_test(t, a_flush_tries_that_message_now);
	tcase_add_loop_test(t, a_next_hop_is_of_a_domain, 0, ARRAY_LEN(roads));
	tcase_add_test(t, a_destination_is_flushed_alone);
	tcase_add_test(t, a_flush_leaves_what_is_held_and_what_goes_elsewhere);
	tcase_add_test(t, a_flush_of_what_is_down_is_one_try);
	tcase_add_test(t, the_resolver_is_not_the_destination);
	tcase_add_test(t, what_is_held_does_nothing);
	tcase_add_test(t, an_alarm_rings_once);
	tcase_add_test(t, without_agents_mail_waits_and_expires);
	suite_add_tcase(suite, t);
	return suite;
}

#include "check_main.h"
