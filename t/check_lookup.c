/*
 * lookup: users found, users not there, names that cannot be users.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <unistd.h>

#include "log.h"
#include "lookup_answer.h"
#include "lookup_user.h"
#include "msg.h"

START_TEST(a_user_is_found)
{
	CLEAN_BUF struct buf got = { 0 };
	const char *why = NULL;

	ck_assert_int_eq(lookup_user("root", &got, &why), FOUND_ONE);
	ck_assert_int_eq(strncmp(buf_str(&got), "root:0:0:/root:", 15), 0);
}
END_TEST

START_TEST(a_uid_is_found)
{
	CLEAN_BUF struct buf got = { 0 };
	const char *why = NULL;

	ck_assert_int_eq(lookup_uid("0", &got, &why), FOUND_ONE);
	ck_assert_int_eq(strncmp(buf_str(&got), "root:0:0:/root:", 15), 0);
	buf_reset(&got);
	ck_assert_int_eq(lookup_uid("4000000001", &got, &why), FOUND_NONE);
	ck_assert_int_eq(lookup_uid("0x", &got, &why), FOUND_NONE);
	ck_assert_int_eq(lookup_uid("-1", &got, &why), FOUND_NONE);
	ck_assert_int_eq(lookup_uid("4294967295", &got, &why), FOUND_NONE);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

static const char *const strangers[] = {
	"no-such-user-here",
	"",
	"-root",
	"root:x",
	"ro ot",
	"root\n",
	"../root",
	"a,b",
	"\xc3\xa4",
};

START_TEST(a_stranger_is_not_there)
{
	CLEAN_BUF struct buf got = { 0 };
	const char *why = NULL;

	ck_assert_int_eq(lookup_user(strangers[_i], &got, &why), FOUND_NONE);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

START_TEST(a_long_name_is_not_there)
{
	CLEAN_BUF struct buf got = { 0 };
	char name[1000];
	const char *why = NULL;

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(lookup_user(name, &got, &why), FOUND_NONE);
}
END_TEST

/* ---- who asks ---- */

static struct chan asker;
static int asker_end;

static void
keep_quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line; /* it says that it was closed */
}

static void
ended(struct chan *c)
{
	(void)c; /* asker.open says it */
}

static void
start(void)
{
	int fds[2];

	loop_start();
	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(&asker, fds[0], ROLE_SMTPD, "smtpd", answer_rules,
	    ANSWER_RULES, ended);
	asker_end = fds[1];
}

static void
stop(void)
{
	chan_stop(&asker);
	(void)close(asker_end);
	loop_free();
}

/* Asks so often; false when it was closed. */
static bool
ask(int times)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ask(&packet,
	    &(struct msg_ask){ .kind = LOOKUP_UID, .key = "0" });
	for (int i = 0; i < times && asker.open; i++) {
		ck_assert_int_eq(chan_send_now(asker_end, &packet, -1), 0);
		loop_once(0);
	}
	loop_once(0);
	return asker.open;
}

START_TEST(who_reads_is_answered)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_answer m;
	int fd = -1;

	for (int i = 0; i < 1000; i++) {
		ck_assert(ask(1));
		ck_assert_int_ge(chan_get_now(asker_end, &packet, &fd, 1000),
		    0);
		ck_assert(msg_get_answer(&m, packet.text + 4, packet.len - 4));
		ck_assert_uint_eq(m.found, FOUND_ONE);
		buf_reset(&packet);
	}
	ck_assert_uint_eq(chan_waiting(&asker), 0);
}
END_TEST

START_TEST(who_does_not_read_is_closed)
{
	log_sink(keep_quiet);
	ck_assert(!ask(200000));
	log_sink(NULL);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("lookup");
	TCase *t = tcase_create("lookup");

	tcase_add_test(t, a_user_is_found);
	tcase_add_test(t, a_uid_is_found);
	tcase_add_loop_test(t, a_stranger_is_not_there, 0,
	    sizeof(strangers) / sizeof(strangers[0]));
	tcase_add_test(t, a_long_name_is_not_there);
	suite_add_tcase(s, t);

	TCase *a = tcase_create("askers");
	tcase_add_checked_fixture(a, start, stop);
	tcase_add_test(a, who_reads_is_answered);
	tcase_add_test(a, who_does_not_read_is_closed);
	suite_add_tcase(s, a);
	return s;
}

#include "check_main.h"
