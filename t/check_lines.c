/*
 * lines: any text becomes canonical lines, cut anywhere.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "lines.h"

static const struct {
	const char *text;
	size_t len;
	const char *want;
} cases[] = {
#define CASE(text, want)                     \
	{                                    \
		text, sizeof(text) - 1, want \
	}
	CASE("", ""),
	CASE("a", "a\r\n"),
	CASE("a\n", "a\r\n"),
	CASE("a\r\n", "a\r\n"),
	CASE("a\nb\r\nc", "a\r\nb\r\nc\r\n"),
	CASE("\n\n", "\r\n\r\n"),
	CASE("a\rb", "a b\r\n"),
	CASE("a\r", "a \r\n"),
	CASE("\r", " \r\n"),
	CASE("a\r\r\nb", "a \r\nb\r\n"),
	CASE("\r\r\r\n", "  \r\n"),
	CASE("a\n\rb", "a\r\n b\r\n"),
	CASE("a\0b\0", "a?b?\r\n"),
	CASE("\r\0", " ?\r\n"),
	CASE("\n.\r\nQUIT\r\n", "\r\n.\r\nQUIT\r\n"),
	CASE("\xc3\xa4\n", "\xc3\xa4\r\n"),
};

START_TEST(cut_anywhere)
{
	for (size_t cut = 0; cut <= cases[_i].len; cut++) {
		CLEAN_BUF struct buf out = { 0 };
		struct lines l = { 0 };

		lines_add(&l, &out, cases[_i].text, cut);
		lines_add(&l, &out, cases[_i].text + cut, cases[_i].len - cut);
		lines_end(&l, &out);
		ck_assert_str_eq(buf_str(&out), cases[_i].want);
		ck_assert_uint_eq(out.len, strlen(cases[_i].want));
		ck_assert_int_eq(l.high, cases[_i].text[0] < 0);
	}
}
END_TEST

START_TEST(lines_with_a_dot_are_stuffed)
{
	CLEAN_BUF struct buf out = { 0 };

	lines_stuff(&out, SLICE(".\r\na.\r\n\r\n..b\r\n"));
	ck_assert_str_eq(buf_str(&out), "..\r\na.\r\n\r\n...b\r\n");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("lines");
	TCase *t = tcase_create("lines");

	tcase_add_loop_test(t, cut_anywhere, 0, ARRAY_LEN(cases));
	tcase_add_test(t, lines_with_a_dot_are_stuffed);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
