/*
 * master's parts that decide and do nothing: wiring, back-off, addresses.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "master_backoff.h"
#include "master_listen.h"
#include "master_said.h"
#include "master_wiring.h"

/* ---- wiring ---- */

START_TEST(every_pair_of_the_architecture_is_wired)
{
	static const enum role pairs[][2] = {
		{ ROLE_SMTPD, ROLE_CLEANUP },
		{ ROLE_BOUNCE, ROLE_CLEANUP },
		{ ROLE_PICKUP, ROLE_CLEANUP },
		{ ROLE_PICKUP, ROLE_BOUNCE },
		{ ROLE_CLEANUP, ROLE_QMGR },
		{ ROLE_QMGR, ROLE_SMTP },
		{ ROLE_QMGR, ROLE_LOCAL },
		{ ROLE_QMGR, ROLE_BOUNCE },
		{ ROLE_LOCAL, ROLE_DELIVER },
		{ ROLE_LOCAL, ROLE_LOOKUP },
		{ ROLE_SMTPD, ROLE_LOOKUP },
		{ ROLE_SMTPD, ROLE_CALLOUT },
		{ ROLE_CALLOUT, ROLE_SMTP },
		{ ROLE_SMTPD, ROLE_KEYS },
		{ ROLE_SMTP, ROLE_KEYS },
		{ ROLE_SMTPD, ROLE_VERIFY },
		{ ROLE_SMTPD, ROLE_AUTH },
		{ ROLE_SMTP, ROLE_AUTH },
		{ ROLE_SMTPD, ROLE_QMGR },
		{ ROLE_CLEANUP, ROLE_VERIFY },
		{ ROLE_CLEANUP, ROLE_SIGN },
		{ ROLE_SMTP, ROLE_STS },
		{ ROLE_SMTP, ROLE_REPORT },
		{ ROLE_REPORT, ROLE_STS },
		{ ROLE_VERIFY, ROLE_REPORT },
		{ ROLE_REPORT, ROLE_CLEANUP },
		{ ROLE_SMTP, ROLE_SIGN },
		{ ROLE_SMTPD, ROLE_SIGN },
	};
	size_t n = 0;

	for (int a = ROLE_NONE; a < ROLES; a++)
		for (int b = ROLE_NONE; b < ROLES; b++)
			if (wiring_has((enum role)a, (enum role)b))
				n++;
	ck_assert_uint_eq(n, ARRAY_LEN(pairs));
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		ck_assert(wiring_has(pairs[i][0], pairs[i][1]));
}
END_TEST

START_TEST(who_speaks_to_qmgr_speaks_to_the_new_one)
{
	for (int a = ROLE_NONE; a < ROLES; a++)
		for (int b = ROLE_NONE; b < ROLES; b++)
			ck_assert_int_eq(wiring_hands_over((enum role)a,
					     (enum role)b),
			    (a == ROLE_CLEANUP || a == ROLE_SMTPD) &&
				b == ROLE_QMGR);
}
END_TEST

/* ---- back-off ---- */

START_TEST(who_dies_young_waits_longer_each_time)
{
	static const int64_t want[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct backoff b = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		ck_assert_int_eq(backoff_next(&b, 5 * SECOND),
		    want[i] * SECOND);
	ck_assert_int_eq(backoff_next(&b, MINUTE), 0);
	ck_assert_int_eq(backoff_next(&b, MINUTE - 1), SECOND);
}
END_TEST

START_TEST(who_was_well_is_started_at_once)
{
	struct backoff b = { 0 };

	ck_assert_int_eq(backoff_next(&b, HOUR), 0);
	ck_assert_int_eq(backoff_next(&b, HOUR), 0);
}
END_TEST

/* ---- addresses ---- */

static const struct {
	const char *listen, *interfaces, *protocols;
	const char *want; /* parted by blanks; NULL: an error */
} cases[] = {
	{ "inet:25", "all", "all", "inet:0.0.0.0:25 inet:[::]:25" },
	{ "inet:25", "ALL", "ipv4", "inet:0.0.0.0:25" },
	{ "inet:25", "all", "ipv6", "inet:[::]:25" },
	{ "inet:25", "loopback-only", "ipv4, ipv6",
	    "inet:127.0.0.1:25 inet:[::1]:25" },
	{ "inet:2525", "192.0.2.1, [2001:db8::1] 2001:db8::2", "all",
	    "inet:192.0.2.1:2525 inet:[2001:db8::1]:2525 "
	    "inet:[2001:db8::2]:2525" },
	{ "inet:2525", "192.0.2.1 2001:db8::1", "ipv4", "inet:192.0.2.1:2525" },
	{ "inet:25", "127.0.0.1 loopback-only", "ipv4", "inet:127.0.0.1:25" },
	{ "inet:10.0.0.1:587", "all", "all", "inet:10.0.0.1:587" },
	{ "inet:[::1]:587", "127.0.0.1", "ipv4", "inet:[::1]:587" },
	{ "inet:25", "2001:db8::1", "ipv4", NULL },
	{ "inet:25", "", "all", NULL },
};

START_TEST(listen_becomes_addresses)
{
	struct listen_addrs addrs = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	struct listen_item item;
	const char *why = NULL;

	ck_assert(listen_parse(slice_of(cases[_i].listen), &item, &why));
	bool ok = listen_expand(&item, cases[_i].interfaces,
	    cases[_i].protocols, &addrs, &why);
	ck_assert_int_eq(ok, cases[_i].want != NULL);
	for (size_t i = 0; i < addrs.n; i++)
		buf_addf(&got, "%s%s", i > 0 ? " " : "", addrs.at[i].text);
	if (ok)
		ck_assert_str_eq(buf_str(&got), cases[_i].want);
	else
		ck_assert_ptr_nonnull(why);
	listen_addrs_free(&addrs);
}
END_TEST

START_TEST(only_wildcards_may_miss)
{
	struct listen_addrs addrs = { 0 };
	struct listen_item item = { .port = 25 };
	const char *why;

	ck_assert(listen_expand(&item, "all", "all", &addrs, &why));
	ck_assert(listen_expand(&item, "192.0.2.1", "all", &addrs, &why));
	ck_assert_uint_eq(addrs.n, 3);
	ck_assert(addrs.at[0].may_miss && addrs.at[1].may_miss);
	ck_assert(!addrs.at[2].may_miss);
	listen_addrs_free(&addrs);
}
END_TEST

/* ---- standard error ---- */

#define MUCH (1 << 20)

static struct buf heard;
static size_t lines;

static void
hear_line(struct said *said, const char *text)
{
	(void)said; /* there is only one */
	buf_adds(&heard, text);
	lines++;
}

/* A program's standard error, whose pipe holds much; gives its end of it. */
static int
start_said(struct said *said)
{
	int ends[2];

	loop_start();
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, MUCH), MUCH);
	said_start(said, ends[0], hear_line);
	lines = 0;
	return ends[1];
}

static void
stop_said(struct said *said, int end)
{
	said_stop(said);
	(void)close(end);
	buf_free(&heard);
	loop_free();
}

START_TEST(lines_come_whole)
{
	struct said said = { 0 };
	int end = start_said(&said);

	ck_assert_int_eq(write(end, "one\ntw", 6), 6);
	loop_once(10);
	ck_assert_uint_eq(lines, 1);
	ck_assert_int_eq(write(end, "o\n\nlast\n", 8), 8);
	loop_once(10);
	ck_assert_str_eq(buf_str(&heard), "onetwolast");
	stop_said(&said, end);
}
END_TEST

START_TEST(who_never_stops_is_heard_a_while)
{
	static char text[MUCH];
	struct said said = { 0 };
	int end = start_said(&said);

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(write(end, text, sizeof(text)), MUCH);
	loop_once(10);
	ck_assert_uint_gt(lines, 0);
	ck_assert_uint_le(heard.len, SAID_HEARS_MAX);
	for (int i = 0; i < MUCH / SAID_HEARS_MAX; i++)
		loop_once(10);
	ck_assert_uint_eq(heard.len, MUCH);
	ck_assert_uint_eq(lines, MUCH / SAID_LINE_MAX);
	stop_said(&said, end);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("master");
	TCase *t = tcase_create("master");

	tcase_add_test(t, every_pair_of_the_architecture_is_wired);
	tcase_add_test(t, who_speaks_to_qmgr_speaks_to_the_new_one);
	tcase_add_test(t, who_dies_young_waits_longer_each_time);
	tcase_add_test(t, who_was_well_is_started_at_once);
	tcase_add_loop_test(t, listen_becomes_addresses, 0,
	    (int)ARRAY_LEN(cases));
	tcase_add_test(t, only_wildcards_may_miss);
	tcase_add_test(t, lines_come_whole);
	tcase_add_test(t, who_never_stops_is_heard_a_while);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
