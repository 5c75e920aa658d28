/*
 * loop: readiness, changes within a round, timers, signals, hooks.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"

static struct loop_watch watch;
static struct loop_timer timer;
static int fds[2];
static int calls, last_what;

static void
setup(void)
{
	watch = (struct loop_watch){ 0 };
	timer = (struct loop_timer){ 0 };
	calls = 0;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fds),
	    0);
	loop_start();
}

static void
teardown(void)
{
	loop_unwatch(&watch);
	loop_cancel(&timer);
	loop_free();
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

static void
count(struct loop_watch *w __attribute__((unused)), int what)
{
	calls++;
	last_what = what;
}

static void
say(void)
{
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
}

START_TEST(what_is_wanted_is_told)
{
	loop_watch(&watch, fds[0], LOOP_READ, count);
	loop_once(0);
	ck_assert_int_eq(calls, 0);
	say();
	loop_once(1000);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(last_what, LOOP_READ);
	loop_want(&watch, LOOP_READ | LOOP_WRITE);
	loop_once(1000);
	ck_assert_int_eq(last_what, LOOP_READ | LOOP_WRITE);
	loop_want(&watch, LOOP_WRITE);
	loop_once(1000);
	ck_assert_int_eq(last_what, LOOP_WRITE);
}
END_TEST

START_TEST(a_pause_is_kept)
{
	loop_watch(&watch, fds[0], LOOP_READ, count);
	loop_once(0);
	say();
	loop_want(&watch, LOOP_NOTHING);
	loop_once(10);
	ck_assert_int_eq(calls, 0);
	loop_want(&watch, LOOP_READ);
	loop_once(1000);
	ck_assert_int_eq(calls, 1);
}
END_TEST

/* Of two ready watches the first that runs pauses and drops the other. */
static struct loop_watch pair[2];
static bool drop;

static void
stop_other(struct loop_watch *w, int what __attribute__((unused)))
{
	struct loop_watch *other = w == &pair[0] ? &pair[1] : &pair[0];

	calls++;
	if (drop)
		loop_unwatch(other);
	else
		loop_want(other, LOOP_NOTHING);
}

START_TEST(who_was_stopped_in_the_round_is_not_called)
{
	drop = _i == 1;
	say();
	ck_assert_int_eq(write(fds[0], "x", 1), 1);
	for (int i = 0; i < 2; i++) {
		pair[i] = (struct loop_watch){ 0 };
		loop_watch(&pair[i], fds[i], LOOP_READ, stop_other);
	}
	loop_once(1000);
	ck_assert_int_eq(calls, 1);
	loop_unwatch(&pair[0]);
	loop_unwatch(&pair[1]);
}
END_TEST

START_TEST(an_unwatched_descriptor_that_lives_on_is_silent)
{
	int copy = dup(fds[0]);

	loop_watch(&watch, fds[0], LOOP_READ, count);
	loop_once(0);
	say();
	loop_unwatch(&watch);
	close_fd(&fds[0]);
	int64_t from = clock_mono();
	loop_once(50);
	ck_assert_int_eq(calls, 0);
	ck_assert_int_ge(clock_mono() - from, 45);
	close_fd(&copy);
}
END_TEST

static int64_t due_at;

static void
on_due(struct loop_timer *t)
{
	calls++;
	due_at = loop_now();
	ck_assert_int_eq(t->at, 0);
}

START_TEST(a_timer_is_never_early)
{
	int64_t from = loop_now();

	loop_timer(&timer, 5 + _i, on_due);
	for (int i = 0; i < 100 && calls == 0; i++)
		loop_once(100);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_ge(due_at - from, 5 + _i);
	ck_assert_int_lt(due_at - from, 2000);
}
END_TEST

START_TEST(setting_again_replaces_and_cancelling_ends)
{
	loop_timer(&timer, 1, on_due);
	loop_timer(&timer, 60000, on_due);
	loop_once(20);
	ck_assert_int_eq(calls, 0);
	loop_timer(&timer, -5, on_due);
	loop_once(20);
	ck_assert_int_eq(calls, 1);
	loop_timer(&timer, 1, on_due);
	loop_cancel(&timer);
	loop_cancel(&timer);
	loop_once(20);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static void
got_signal(int number)
{
	ck_assert_int_eq(number, SIGHUP);
	calls++;
	loop_stop();
}

START_TEST(a_signal_comes_in_the_loop)
{
	loop_signal(SIGHUP, got_signal);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(calls, 0);
	loop_run();
	ck_assert_int_eq(calls, 1);
}
END_TEST

static char order[8];
static size_t n_order;

static void
hook_a(void)
{
	order[n_order++] = 'a';
}

static void
hook_b(void)
{
	order[n_order++] = 'b';
}

START_TEST(hooks_run_in_order_and_once)
{
	loop_each_round(hook_a);
	loop_each_round(hook_b);
	loop_each_round(hook_a);
	loop_once(0);
	ck_assert_mem_eq(order, "abab", 4);
	ck_assert_uint_eq(n_order, 4);
}
END_TEST

START_TEST(time_stands_still_within_a_round)
{
	int64_t now = loop_now(), wall = loop_wall();

	usleep(5000);
	ck_assert_int_eq(loop_now(), now);
	ck_assert_int_eq(loop_wall(), wall);
	loop_once(0);
	ck_assert_int_ge(loop_now(), now + 5);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_wanted_is_told);
	tcase_add_test(t, a_pause_is_kept);
	tcase_add_loop_test(t, who_was_stopped_in_the_round_is_not_called, 0,
	    2);
	tcase_add_test(t, an_unwatched_descriptor_that_lives_on_is_silent);
	tcase_add_loop_test(t, a_timer_is_never_early, 0, 4);
	tcase_add_test(t, setting_again_replaces_and_cancelling_ends);
	tcase_add_test(t, a_signal_comes_in_the_loop);
	tcase_add_test(t, hooks_run_in_order_and_once);
	tcase_add_test(t, time_stands_still_within_a_round);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
