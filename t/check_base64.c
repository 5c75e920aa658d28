/*
 * base64: what RFC 4648 shows, every length, and what is not base64.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "base64.h"

static const struct {
	const char *octets, *text;
} good[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+" },
};

static const char *const bad[] = { "Z", "Zg",
	"Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm9v Zm9v",
	"Zm9v\r\n\r\n", "Zg==Zg==", "Zm9-", "Zm_v", "=m9v", "Z=9v", "Zm=v" };

START_TEST(both_ways)
{
	CLEAN_BUF struct buf b = { 0 };

	base64_put(&b, good[_i].octets, strlen(good[_i].octets));
	ck_assert_str_eq(buf_str(&b), good[_i].text);
	buf_reset(&b);
	buf_adds(&b, "<");
	ck_assert(base64_get(&b, slice_of(good[_i].text)));
	ck_assert_str_eq(buf_str(&b) + 1, good[_i].octets);
}
END_TEST

START_TEST(bad_is_refused)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_adds(&b, "<");
	ck_assert(!base64_get(&b, slice_of(bad[_i])));
	ck_assert_str_eq(buf_str(&b), "<");
}
END_TEST

START_TEST(any_octets_of_any_length)
{
	char octets[256];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 167);
	for (size_t n = 0; n <= sizeof(octets); n++) {
		CLEAN_BUF struct buf text = { 0 }, back = { 0 };

		base64_put(&text, octets, n);
		ck_assert_uint_eq(text.len, (n + 2) / 3 * 4);
		ck_assert(
		    base64_get(&back, (struct slice){ text.text, text.len }));
		ck_assert_uint_eq(back.len, n);
		ck_assert(n == 0 || memcmp(back.text, octets, n) == 0);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("base64");
	TCase *t = tcase_create("base64");

	tcase_add_loop_test(t, both_ways, 0, (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, bad_is_refused, 0, (int)ARRAY_LEN(bad));
	tcase_add_test(t, any_octets_of_any_length);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
