/*
 * lookup: users found, users not there, names that cannot be users.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "lookup_user.h"

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
	return s;
}

#include "check_main.h"
