/*
 * smtpd: clients counted over several processes.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtpd_limit.h"

#define UNIT ((int64_t)60000)

static const char pattern[] = "/tmp/check_smtpd_limit.XXXXXX";
static char path[sizeof(pattern)];

static void
make_file(void)
{
	memcpy(path, pattern, sizeof(path));
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static struct smtpd_limits *
open_at(int64_t now)
{
	const char *why;
	struct smtpd_limits *l = smtpd_limits_open(path, now, &why);

	ck_assert_ptr_null(why);
	return l;
}

START_TEST(connections_are_summed_over_processes)
{
	make_file();
	struct smtpd_limits *l = open_at(1000);
	int ready[2], done[2];
	char c = 0;

	ck_assert_int_eq(pipe(ready) | pipe(done), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const char *why;
		struct smtpd_limits *other = smtpd_limits_open(path, 1000,
		    &why);

		for (int i = 0; i < 3; i++)
			(void)smtpd_limits_join(other, "192.0.2.1", UNIT, 1000);
		(void)!write(ready[1], "x", 1);
		(void)!read(done[0], &c, 1);
		_exit(0); /* as if it had been killed */
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 1000), 4);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.2", UNIT, 1000), 1);
	ck_assert_int_eq(write(done[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

	/* The dead one's count lasts until its silence is noticed, or until
	 * its part is taken by a new process. */
	smtpd_limits_leave(l, "192.0.2.1");
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 2000), 4);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 60000), 2);
	struct smtpd_limits *next = open_at(2000);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 2000), 3);
	smtpd_limits_close(&next);
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

START_TEST(a_connection_that_ends_is_not_counted)
{
	make_file();
	struct smtpd_limits *l = open_at(1);

	for (uint32_t i = 1; i <= 5; i++)
		ck_assert_uint_eq(smtpd_limits_join(l, "2001:db8::1", UNIT, 1),
		    i);
	for (int i = 0; i < 9; i++)
		smtpd_limits_leave(l, "2001:db8::1");
	ck_assert_uint_eq(smtpd_limits_join(l, "2001:db8::1", UNIT, 1), 1);
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

START_TEST(rates_begin_anew_with_each_window)
{
	make_file();
	struct smtpd_limits *l = open_at(1);

	for (uint32_t i = 1; i <= 5; i++) {
		ck_assert_uint_eq(smtpd_limits_count(l, "192.0.2.1",
				      RATE_MESSAGES, UNIT, 59000),
		    i);
		ck_assert_uint_eq(smtpd_limits_count(l, "192.0.2.1", RATE_RCPTS,
				      UNIT, 59000),
		    i);
	}
	ck_assert_uint_eq(smtpd_limits_count(l, "192.0.2.1", RATE_MESSAGES,
			      UNIT, 61000),
	    1);
	ck_assert_uint_eq(smtpd_limits_count(l, "192.0.2.1", RATE_RCPTS, UNIT,
			      61000),
	    1);
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

START_TEST(neighbours_in_ipv6_are_one_client)
{
	make_file();
	struct smtpd_limits *l = open_at(1);

	ck_assert_uint_eq(smtpd_limits_join(l, "2001:db8::1", UNIT, 1), 1);
	ck_assert_uint_eq(smtpd_limits_join(l, "2001:db8::fff:1", UNIT, 1), 2);
	ck_assert_uint_eq(smtpd_limits_join(l, "2001:db8:1::1", UNIT, 1), 1);
	ck_assert_uint_eq(smtpd_limits_join(l, "::1", UNIT, 1), 1);
	ck_assert_uint_eq(smtpd_limits_join(l, "127.0.0.1", UNIT, 1), 1);
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

START_TEST(a_full_table_counts_less_and_recovers)
{
	make_file();
	struct smtpd_limits *l = open_at(1);
	char addr[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(addr, sizeof(addr), "10.%d.%d.1", i / 256, i % 256);
		(void)smtpd_limits_join(l, addr, UNIT, 1);
		smtpd_limits_leave(l, addr);
		(void)smtpd_limits_count(l, addr, RATE_CONNECTIONS, UNIT, 1);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(addr, sizeof(addr), "10.9.%d.2", i);
		ck_assert_uint_eq(smtpd_limits_count(l, addr, RATE_CONNECTIONS,
				      UNIT, 2 * UNIT),
		    1);
	}
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

START_TEST(without_the_file_a_process_counts_alone)
{
	const char *why;
	struct smtpd_limits *l = smtpd_limits_open("/nowhere/clients", 1, &why);

	ck_assert_ptr_nonnull(why);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 1), 1);
	ck_assert_uint_eq(smtpd_limits_join(l, "192.0.2.1", UNIT, 1), 2);
	smtpd_limits_close(&l);
}
END_TEST

/* Users are counted like addresses, and none of them is one. */
START_TEST(users_are_counted_by_name)
{
	make_file();
	struct smtpd_limits *l = open_at(1000);

	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(smtpd_limits_count(l, "alice@example.com",
				      RATE_MESSAGES, UNIT, 1000),
		    i);
	ck_assert_uint_eq(smtpd_limits_count(l, "alice", RATE_MESSAGES, UNIT,
			      1000),
	    1);
	ck_assert_uint_eq(smtpd_limits_count(l, "alice@example.com", RATE_RCPTS,
			      UNIT, 1000),
	    1);
	ck_assert_uint_eq(smtpd_limits_count(l, "alice@example.com",
			      RATE_MESSAGES, UNIT, 1000 + UNIT),
	    1);
	smtpd_limits_close(&l);
	unlink(path);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_limit");
	TCase *t = tcase_create("smtpd_limit");

	tcase_add_test(t, connections_are_summed_over_processes);
	tcase_add_test(t, a_connection_that_ends_is_not_counted);
	tcase_add_test(t, rates_begin_anew_with_each_window);
	tcase_add_test(t, neighbours_in_ipv6_are_one_client);
	tcase_add_test(t, a_full_table_counts_less_and_recovers);
	tcase_add_test(t, without_the_file_a_process_counts_alone);
	tcase_add_test(t, users_are_counted_by_name);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
