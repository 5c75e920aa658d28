/*
 * str: slices, lists, printable text, UTF-8.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "buf.h"
#include "str.h"

static const struct {
	const char *list;
	const char *items; /* each followed by a bar */
} lists[] = {
	{ "", "" },
	{ " ,\t\r\n, ", "" },
	{ "a", "a|" },
	{ "a, b c,,d\n e ", "a|b|c|d|e|" },
	{ "inline:{ {k=v w}, {x=y} } cidr:/f",
	    "inline:{ {k=v w}, {x=y} }|cidr:/f|" },
	{ "\"|cmd a, b\", c", "\"|cmd a, b\"|c|" },
	{ "\"a\\\" b\" c", "\"a\\\" b\"|c|" },
	{ "{a b", "{a b|" },
	{ "\"a b", "\"a b|" },
	{ "\"a\\", "\"a\\|" },
	{ "a} b", "a}|b|" },
};

START_TEST(lists_are_parted)
{
	CLEAN_BUF struct buf got = { 0 };
	struct slice rest = slice_of(lists[_i].list);
	struct slice item;

	while (slice_next_item(&rest, &item)) {
		buf_add(&got, item.at, item.len);
		buf_addc(&got, '|');
	}
	ck_assert_str_eq(buf_str(&got), lists[_i].items);
}
END_TEST

START_TEST(every_prefix_of_a_list_ends)
{
	const char *list = lists[_i].list;

	for (size_t n = 0; n <= strlen(list); n++) {
		struct slice rest = { list, n };
		struct slice item;
		size_t sum = 0;

		while (slice_next_item(&rest, &item))
			sum += item.len;
		ck_assert_uint_le(sum, n);
		ck_assert_uint_eq(rest.len, 0);
	}
}
END_TEST

START_TEST(parts_may_be_empty)
{
	struct slice rest = SLICE("a::b:");
	struct slice part;

	ck_assert(slice_next_part(&rest, ':', &part) && slice_eq(part, "a"));
	ck_assert(slice_next_part(&rest, ':', &part) && slice_eq(part, ""));
	ck_assert(slice_next_part(&rest, ':', &part) && slice_eq(part, "b"));
	ck_assert(!slice_next_part(&rest, ':', &part));
}
END_TEST

START_TEST(comparing)
{
	ck_assert(slice_eq(slice_trim(SLICE(" \ta b\r\n")), "a b"));
	ck_assert(slice_eq(slice_trim(SLICE(" \n")), ""));
	ck_assert(!slice_eq(SLICE("ab"), "a"));
	ck_assert(slice_eq_nocase(SLICE("MaiL"), "mAIl"));
	ck_assert(!slice_eq_nocase(SLICE("["), "{"));
	ck_assert(str_eq_nocase("RCPT", "rcpt") && !str_eq_nocase("a", "ab"));
	ck_assert(str_starts("abc", "ab") && !str_starts("a", "ab"));
	ck_assert(str_starts_nocase("ABc", "ab"));
	ck_assert(!str_starts_nocase("A", "ab"));
	ck_assert(str_ends("x.maildir/", "/") && !str_ends("a", "ba"));
}
END_TEST

static const struct {
	const char *text;
	size_t max;
	const char *want;
} printed[] = {
	{ "plain", 99, "plain" },
	{ "a\r\nb\tc\x7f\x1f", 99, "a??b?c??" },
	{ "gr\xc3\xbc\xc3\x9f", 99, "gr\xc3\xbc\xc3\x9f" },
	{ "\xff\xc3", 99, "??" },
	{ "\xc2\x9bm", 99, "??m" },
	{ "\xed\xa0\x80", 99, "???" },
	{ "0123456789", 10, "0123456789" },
	{ "0123456789", 9, "012345..." },
	{ "0123\xc3\xbc"
	  "6789",
	    8, "0123..." },
	{ "0123456789", 2, ".." },
	{ "0123456789", 0, "" },
};

START_TEST(text_becomes_printable)
{
	CLEAN_BUF struct buf b = { 0 };

	str_printable(&b, printed[_i].text, strlen(printed[_i].text),
	    printed[_i].max);
	ck_assert_str_eq(buf_str(&b), printed[_i].want);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	bool good;
} utf8[] = {
	{ "", 0, true },
	{ "abc", 3, true },
	{ "a\0b", 3, false },
	{ "\xc3\xa4", 2, true },
	{ "\xe2\x82\xac", 3, true },
	{ "\xf0\x9f\x93\xa7", 4, true },
	{ "\xf4\x8f\xbf\xbf", 4, true },
	{ "\xf4\x90\x80\x80", 4, false },
	{ "\xc0\x80", 2, false },
	{ "\xe0\x80\x80", 3, false },
	{ "\xed\xa0\x80", 3, false },
	{ "\xf5\x80\x80\x80", 4, false },
	{ "\x80", 1, false },
	{ "\xe2\x28\xa1", 3, false },
	{ "\xe2\x82\x28", 3, false },
};

START_TEST(utf8_is_judged)
{
	ck_assert_int_eq(str_is_utf8(utf8[_i].text, utf8[_i].len),
	    utf8[_i].good);
}
END_TEST

START_TEST(a_cut_character_is_not_utf8)
{
	static const char text[] = "\xf0\x9f\x93\xa7";

	for (size_t n = 1; n < 4; n++)
		ck_assert(!str_is_utf8(text, n));
	ck_assert(str_is_ascii("abc\x7f", 4));
	ck_assert(!str_is_ascii("ab\x80", 3));
}
END_TEST

START_TEST(copying_into_a_field)
{
	char field[4] = "xyz";

	ck_assert(str_copy(field, sizeof(field), "abc"));
	ck_assert_str_eq(field, "abc");
	ck_assert(!str_copy(field, sizeof(field), "abcd"));
	ck_assert_str_eq(field, "");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("str");
	TCase *t = tcase_create("str");

	tcase_add_loop_test(t, lists_are_parted, 0, ARRAY_LEN(lists));
	tcase_add_loop_test(t, every_prefix_of_a_list_ends, 0,
	    ARRAY_LEN(lists));
	tcase_add_test(t, parts_may_be_empty);
	tcase_add_test(t, comparing);
	tcase_add_loop_test(t, text_becomes_printable, 0, ARRAY_LEN(printed));
	tcase_add_loop_test(t, utf8_is_judged, 0, ARRAY_LEN(utf8));
	tcase_add_test(t, a_cut_character_is_not_utf8);
	tcase_add_test(t, copying_into_a_field);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
