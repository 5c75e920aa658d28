/*
 * json: strings as they must be quoted.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "json.h"

static const struct {
	const char *text, *json;
} cases[] = {
	{ "", "\"\"" },
	{ "plain", "\"plain\"" },
	{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
	{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
	{ "\1\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
	{ "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x93\xa7",
	    "\"gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x93\xa7\"" },
	{ "\xc3", "\"\xef\xbf\xbd\"" },
	{ "\xff\xc3(", "\"\xef\xbf\xbd\xef\xbf\xbd(\"" },
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

START_TEST(a_string_is_quoted)
{
	CLEAN_BUF struct buf b = { 0 };

	json_put_str(&b, cases[_i].text);
	ck_assert_str_eq(buf_str(&b), cases[_i].json);
}
END_TEST

START_TEST(a_nul_is_a_character)
{
	CLEAN_BUF struct buf b = { 0 };

	json_put_text(&b, "a\0b", 3);
	ck_assert_str_eq(buf_str(&b), "\"a\\u0000b\"");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_loop_test(t, a_string_is_quoted, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, a_nul_is_a_character);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
