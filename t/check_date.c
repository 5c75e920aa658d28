/*
 * date: RFC 5322 date-time in several zones.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "date.h"

static const struct {
	const char *zone;
	int64_t ms;
	const char *want;
} cases[] = {
	{ "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000 (UTC)" },
	{ "UTC0", 1795287369999, "Sat, 21 Nov 2026 18:56:09 +0000 (UTC)" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1795287369000,
	    "Sat, 21 Nov 2026 19:56:09 +0100 (CET)" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1782864000000,
	    "Wed, 1 Jul 2026 02:00:00 +0200 (CEST)" },
	{ "NST3:30", 1795287369000, "Sat, 21 Nov 2026 15:26:09 -0330 (NST)" },
	{ "<+0545>-5:45", 1795287369000, "Sun, 22 Nov 2026 00:41:09 +0545" },
	{ "UTC0", -1, "Wed, 31 Dec 1969 23:59:59 +0000 (UTC)" },
};

START_TEST(date)
{
	CLEAN_BUF struct buf out = { 0 };

	ck_assert_int_eq(setenv("TZ", cases[_i].zone, 1), 0);
	tzset();
	date_put(&out, cases[_i].ms);
	ck_assert_str_eq(buf_str(&out), cases[_i].want);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("date");
	TCase *t = tcase_create("date");

	tcase_add_loop_test(t, date, 0, ARRAY_LEN(cases));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
