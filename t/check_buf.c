/*
 * buf: adding, dropping, cutting, taking.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "buf.h"

START_TEST(zero_is_an_empty_buf)
{
	CLEAN_BUF struct buf b = { 0 };

	ck_assert_str_eq(buf_str(&b), "");
	buf_reset(&b);
	buf_drop(&b, 3);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(what_is_added_stands_in_order)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_adds(&b, "MAIL");
	buf_addc(&b, ' ');
	buf_addf(&b, "%s:%d", "FROM", 7);
	buf_add(&b, "\0x", 2);
	ck_assert_uint_eq(b.len, 13);
	ck_assert_mem_eq(buf_str(&b), "MAIL FROM:7\0x", 14);
}
END_TEST

START_TEST(any_length_fits)
{
	CLEAN_BUF struct buf b = { 0 };

	for (size_t i = 0; i < 10000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	ck_assert_uint_eq(b.len, 10000);
	for (size_t i = 0; i < 10000; i++)
		ck_assert_int_eq(b.text[i], 'a' + (int)(i % 26));
}
END_TEST

START_TEST(dropping_and_cutting_keep_the_rest)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_adds(&b, "0123456789");
	buf_drop(&b, 3);
	ck_assert_str_eq(buf_str(&b), "3456789");
	buf_cut(&b, 4);
	ck_assert_str_eq(buf_str(&b), "3456");
	buf_cut(&b, 99);
	ck_assert_str_eq(buf_str(&b), "3456");
	buf_drop(&b, 99);
	ck_assert_str_eq(buf_str(&b), "");
}
END_TEST

START_TEST(taking_leaves_an_empty_buf)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_adds(&b, "x");
	CLEAN_STR char *text = buf_take(&b);
	ck_assert_str_eq(text, "x");
	ck_assert_uint_eq(b.len, 0);
	CLEAN_STR char *none = buf_take(&b);
	ck_assert_str_eq(none, "");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, zero_is_an_empty_buf);
	tcase_add_test(t, what_is_added_stands_in_order);
	tcase_add_test(t, any_length_fits);
	tcase_add_test(t, dropping_and_cutting_keep_the_rest);
	tcase_add_test(t, taking_leaves_an_empty_buf);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
