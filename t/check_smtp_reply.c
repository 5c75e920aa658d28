/*
 * smtp_reply: replies of servers, good and bad, cut anywhere.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "../smtp/smtp_reply.h"

static const struct {
	const char *bytes;
	int code;
	const char *status, *text, *lines;
} good[] = {
	{ "250 Ok\r\n", 250, "2.0.0", "250 Ok", "Ok\n" },
	{ "250\r\n", 250, "2.0.0", "250", "\n" },
	{ "250 \r\n", 250, "2.0.0", "250 ", "\n" },
	{ "250 Ok\n", 250, "2.0.0", "250 Ok", "Ok\n" },
	{ "250 2.1.5 Ok\r\n", 250, "2.1.5", "250 2.1.5 Ok", "2.1.5 Ok\n" },
	{ "550 2.1.5 lies\r\n", 550, "5.0.0", "550 2.1.5 lies",
	    "2.1.5 lies\n" },
	{ "450-4.2.0 a\r\n450 4.7.1 b\r\n", 450, "4.7.1",
	    "450-4.2.0 a 450 4.7.1 b", "4.2.0 a\n4.7.1 b\n" },
	{ "250-mx.ex\r\n250-SIZE 1000\r\n250 8BITMIME\r\n", 250, "2.0.0",
	    "250-mx.ex 250-SIZE 1000 250 8BITMIME",
	    "mx.ex\nSIZE 1000\n8BITMIME\n" },
	{ "220 a\x01\x7f\xff z\r\n", 220, "2.0.0", "220 a??? z",
	    "a\x01\x7f\xff z\n" },
	{ "354-\r\n354 go\r\n", 354, "4.0.0", "354- 354 go", "\ngo\n" },
};

static const char *const bad[] = {
	"\r\n",
	"25\r\n",
	"25x Ok\r\n",
	"2500 Ok\r\n",
	"250_Ok\r\n",
	"150 Ok\r\n",
	"650 Ok\r\n",
	"000 Ok\r\n",
	" 250 Ok\r\n",
	"-250 Ok\r\n",
	"HTTP/1.1 400 Bad Request\r\n",
	"250-Ok\r\nOk\r\n",
	"\xff\xf4\xff\xfd\r\n",
};

static void
compare(const struct smtp_reply *r, int i)
{
	ck_assert_int_eq(r->code, good[i].code);
	ck_assert_str_eq(r->status, good[i].status);
	ck_assert_str_eq(buf_str(&r->text), good[i].text);
	ck_assert_str_eq(buf_str(&r->lines), good[i].lines);
}

START_TEST(replies_are_read)
{
	struct smtp_reply r = { 0 };
	size_t n = strlen(good[_i].bytes), taken;
	CLEAN_BUF struct buf two = { 0 };

	buf_adds(&two, good[_i].bytes);
	buf_adds(&two, "220 next\r\n");
	ck_assert_int_eq(smtp_reply_take(&r, two.text, two.len, &taken),
	    MATCH_YES);
	ck_assert_uint_eq(taken, n);
	compare(&r, _i);
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_take(&r, two.text + n, two.len - n, &taken),
	    MATCH_YES);
	ck_assert_str_eq(buf_str(&r.text), "220 next");
	smtp_reply_free(&r);
}
END_TEST

START_TEST(cut_anywhere_they_are_the_same)
{
	size_t n = strlen(good[_i].bytes), taken;

	for (size_t cut = 0; cut < n; cut++) {
		struct smtp_reply r = { 0 };

		ck_assert_int_eq(smtp_reply_take(&r, good[_i].bytes, cut,
				     &taken),
		    MATCH_NO);
		ck_assert_uint_eq(taken, cut);
		ck_assert_int_eq(smtp_reply_take(&r, good[_i].bytes + cut,
				     n - cut, &taken),
		    MATCH_YES);
		ck_assert_uint_eq(taken, n - cut);
		compare(&r, _i);
		smtp_reply_free(&r);
	}
}
END_TEST

START_TEST(what_is_no_reply_is_refused)
{
	struct smtp_reply r = { 0 };
	size_t taken;

	ck_assert_int_eq(smtp_reply_take(&r, bad[_i], strlen(bad[_i]), &taken),
	    MATCH_BAD);
	smtp_reply_free(&r);
}
END_TEST

START_TEST(length_is_bounded)
{
	struct smtp_reply r = { 0 };
	enum match m = MATCH_NO;
	size_t taken, lines = 0;

	for (; m == MATCH_NO && lines < 10000; lines++)
		m = smtp_reply_take(&r, "250-more and more\r\n", 19, &taken);
	ck_assert_int_eq(m, MATCH_BAD);
	ck_assert_uint_eq(lines, SMTP_REPLY_LINES_MAX + 1);
	ck_assert_uint_le(r.text.len, SMTP_REPLY_TEXT_MAX + 3);
	smtp_reply_free(&r);

	m = MATCH_NO;
	for (size_t i = 0; m == MATCH_NO && i < 10000; i++)
		m = smtp_reply_take(&r, "2", 1, &taken);
	ck_assert_int_eq(m, MATCH_BAD);
	ck_assert_uint_le(r.line.len, SMTP_REPLY_LINE_MAX + 1);
	smtp_reply_free(&r);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_reply");
	TCase *t = tcase_create("smtp_reply");

	tcase_add_loop_test(t, replies_are_read, 0, (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, cut_anywhere_they_are_the_same, 0,
	    (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, what_is_no_reply_is_refused, 0,
	    (int)ARRAY_LEN(bad));
	tcase_add_test(t, length_is_bounded);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
