/*
 * header: its end, its fields, cut at every byte.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "header.h"

/* The fields as "Name=value;" with the value unfolded; rest is what is left
 * for the body. */
static const struct {
	const char *text, *want, *rest;
	enum header_end end;
} cases[] = {
	{ "", "", "", HEADER_EXHAUSTED },
	{ "\r\n", "", "", HEADER_BLANK },
	{ "\n", "", "", HEADER_BLANK },
	{ "\r\nTo: x\r\n", "", "To: x\r\n", HEADER_BLANK },
	{ "To: a\r\n\r\nbody", "To=a;", "body", HEADER_BLANK },
	{ "To: a\n\nbody\n", "To=a;", "body\n", HEADER_BLANK },
	{ "To: a\r\nDate:x\r\n\r\n", "To=a;Date=x;", "", HEADER_BLANK },
	{ "To: a,\r\n b\r\n\tc\r\n\r\nx", "To=a, b\tc;", "x", HEADER_BLANK },
	{ "To:\r\n a\r\n\r\n", "To=a;", "", HEADER_BLANK },
	{ "To : a\r\n\r\n", "To=a;", "", HEADER_BLANK },
	{ "To:\r\n\r\n", "To=;", "", HEADER_BLANK },
	{ "To: a\r\n \r\n\r\nx", "To=a;", "x", HEADER_BLANK },
	{ "X-\"(),;<>@[]: a:b\r\n\r\n", "X-\"(),;<>@[]=a:b;", "",
	    HEADER_BLANK },
	{ "To: \xc3\xa4\r\n\r\n", "To=\xc3\xa4;", "", HEADER_BLANK },
	{ "To: a", "To=a;", "", HEADER_EXHAUSTED },
	{ "To: a\r\n", "To=a;", "", HEADER_EXHAUSTED },
	{ "To: a\r\nnothing\r\nmore", "To=a;", "nothing\r\nmore",
	    HEADER_NO_FIELD },
	{ "To: a\r\nnothing", "To=a;", "nothing", HEADER_NO_FIELD },
	{ "From a Mon\r\nTo: a\r\n", "", "From a Mon\r\nTo: a\r\n",
	    HEADER_NO_FIELD },
	{ " To: a\r\n\r\n", "", " To: a\r\n\r\n", HEADER_NO_FIELD },
	{ ": a\r\n", "", ": a\r\n", HEADER_NO_FIELD },
	{ "T\xc3\xa4: a\r\n", "", "T\xc3\xa4: a\r\n", HEADER_NO_FIELD },
	{ "T o: a\r\n", "", "T o: a\r\n", HEADER_NO_FIELD },
	{ "To: a\r\n.\r\n", "To=a;", ".\r\n", HEADER_NO_FIELD },
	{ "To: a\r\n\r\r\nx", "To=a;", "\r\r\nx", HEADER_NO_FIELD },
};

static void
show_fields(const struct header *h, struct buf *out)
{
	struct slice rest = header_text(h);
	struct header_field f;

	while (header_next(&rest, &f)) {
		buf_add(out, f.name.at, f.name.len);
		buf_addc(out, '=');
		header_unfold(out, f.value);
		buf_addc(out, ';');
	}
	ck_assert_uint_eq(rest.len, 0);
}

static void
check_cut(const char *text, size_t len, size_t cut, struct header *h,
    struct buf *rest)
{
	size_t taken = header_feed(h, text, cut);

	if (taken == cut)
		taken += header_feed(h, text + cut, len - cut);
	header_finish(h);
	struct slice start = header_body_start(h);
	buf_add(rest, start.at, start.len);
	buf_add(rest, text + taken, len - taken);
}

START_TEST(cut_anywhere_it_is_the_same_header)
{
	size_t len = strlen(cases[_i].text);

	for (size_t cut = 0; cut <= len; cut++) {
		CLEAN_HEADER struct header h = { 0 };
		CLEAN_BUF struct buf fields = { 0 };
		CLEAN_BUF struct buf rest = { 0 };

		check_cut(cases[_i].text, len, cut, &h, &rest);
		show_fields(&h, &fields);
		ck_assert_str_eq(buf_str(&fields), cases[_i].want);
		ck_assert_str_eq(buf_str(&rest), cases[_i].rest);
		ck_assert_int_eq(h.end, cases[_i].end);
	}
}
END_TEST

START_TEST(byte_by_byte)
{
	CLEAN_HEADER struct header h = { 0 };
	CLEAN_BUF struct buf fields = { 0 };
	const char *text = cases[_i].text;
	size_t taken = 0;

	while (text[taken] != '\0' && header_feed(&h, text + taken, 1) == 1)
		taken++;
	header_finish(&h);
	show_fields(&h, &fields);
	ck_assert_str_eq(buf_str(&fields), cases[_i].want);
	ck_assert_int_eq(h.end, cases[_i].end);
}
END_TEST

START_TEST(names_are_compared_without_case)
{
	struct slice rest = SLICE("message-ID: <x>\r\n");
	struct header_field f;

	ck_assert(header_next(&rest, &f));
	ck_assert(header_is(&f, "Message-ID"));
	ck_assert(!header_is(&f, "Message-I"));
	ck_assert_uint_eq(f.text.len, 17);
	ck_assert(!header_next(&rest, &f));
}
END_TEST

START_TEST(a_name_that_the_limit_cuts_is_of_the_header)
{
	CLEAN_HEADER struct header h = { 0 };

	while (h.end == HEADER_MORE)
		(void)header_feed(&h, "Subject: 14 x\r\n", 15);
	ck_assert_uint_ne(HEADER_MAX % 15, 0);
	ck_assert_int_eq(h.end, HEADER_TOO_LONG);
}
END_TEST

START_TEST(a_header_has_a_limit)
{
	CLEAN_HEADER struct header h = { 0 };
	size_t n = 0;

	while (h.end == HEADER_MORE)
		n += header_feed(&h, "X: 345678\r\n", 11);
	ck_assert_int_eq(h.end, HEADER_TOO_LONG);
	ck_assert_uint_eq(n, HEADER_MAX);
	ck_assert_uint_eq(header_feed(&h, "x", 1), 0);
}
END_TEST

START_TEST(a_long_line_that_is_no_field_is_body)
{
	CLEAN_HEADER struct header h = { 0 };

	ck_assert_uint_eq(header_feed(&h, "To: a\n", 6), 6);
	while (h.end == HEADER_MORE)
		ck_assert_uint_le(header_feed(&h, "xxxxxxxxxxx", 11), 11);
	ck_assert_int_eq(h.end, HEADER_NO_FIELD);
	ck_assert_uint_eq(h.len, 6);
	ck_assert_uint_eq(header_body_start(&h).len, HEADER_MAX - 6);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("header");
	TCase *t = tcase_create("header");

	tcase_add_loop_test(t, cut_anywhere_it_is_the_same_header, 0,
	    ARRAY_LEN(cases));
	tcase_add_loop_test(t, byte_by_byte, 0, ARRAY_LEN(cases));
	tcase_add_test(t, names_are_compared_without_case);
	tcase_add_test(t, a_name_that_the_limit_cuts_is_of_the_header);
	tcase_add_test(t, a_header_has_a_limit);
	tcase_add_test(t, a_long_line_that_is_no_field_is_body);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
