/*
 * delivery: the line and its times.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "delivery.h"
#include "log.h"

static const struct {
	int64_t ms;
	const char *text;
} times[] = {
	{ 0, "0" },
	{ -5, "0" },
	{ 4, "0" },
	{ 5, "0.01" },
	{ 96, "0.1" },
	{ 123, "0.12" },
	{ 999, "1" },
	{ 1000, "1" },
	{ 1240, "1.2" },
	{ 9990, "10" },
	{ 12600, "13" },
	{ 345678, "346" },
};

START_TEST(times_have_two_digits_that_count)
{
	CLEAN_BUF struct buf out = { 0 };

	delivery_show_time(&out, times[_i].ms);
	ck_assert_str_eq(buf_str(&out), times[_i].text);
}
END_TEST

START_TEST(a_line_is_as_postfix_writes_it)
{
	struct dsn fate = {
		.outcome = OUTCOME_SENT,
		.status = "2.0.0",
		.text = "250 Ok\n",
	};
	struct delivery d = {
		.id = "ID",
		.to = "a@b",
		.orig_to = "c",
		.relay = "h[1]:25",
		.arrived = 1000,
		.queued = 1100,
		.started = 1100,
		.ready = 1500,
		.over = 2200,
		.fate = &fate,
	};
	CLEAN_BUF struct buf out = { 0 };

	delivery_show(&out, &d);
	ck_assert_str_eq(buf_str(&out),
	    "ID: to=<a@b>" LOG_SEP "orig_to=<c>" LOG_SEP "relay=h[1]:25" LOG_SEP
	    "delay=1.2" LOG_SEP "delays=0.1/0/0.4/0.7" LOG_SEP
	    "dsn=2.0.0" LOG_SEP "status=sent (250 Ok?)");
}
END_TEST

START_TEST(what_was_not_reached_took_no_time)
{
	struct dsn fate = {
		.outcome = OUTCOME_DEFER,
		.status = "4.4.1",
		.text = "no",
	};
	struct delivery d = {
		.id = "ID",
		.to = "a@b",
		.orig_to = "a@b",
		.arrived = 1000,
		.queued = 2000,
		.started = 2000,
		.over = 3000,
		.fate = &fate,
	};
	CLEAN_BUF struct buf out = { 0 };

	delivery_show(&out, &d);
	ck_assert_str_eq(buf_str(&out),
	    "ID: to=<a@b>" LOG_SEP "relay=none" LOG_SEP "delay=2" LOG_SEP
	    "delays=1/0/1/0" LOG_SEP "dsn=4.4.1" LOG_SEP
	    "status=deferred (no)");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("delivery");
	TCase *t = tcase_create("delivery");

	tcase_add_loop_test(t, times_have_two_digits_that_count, 0,
	    (int)ARRAY_LEN(times));
	tcase_add_test(t, a_line_is_as_postfix_writes_it);
	tcase_add_test(t, what_was_not_reached_took_no_time);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
