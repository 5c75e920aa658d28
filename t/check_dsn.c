/*
 * dsn: status codes in replies, what a reply code means.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "dsn.h"

static const struct {
	const char *text;
	const char *status; /* NULL: none */
	const char *rest;
} replies[] = {
	{ "2.1.5 Ok", "2.1.5", "Ok" },
	{ "5.7.23   SPF", "5.7.23", "SPF" },
	{ "4.999.999", "4.999.999", "" },
	{ "5.1.1", "5.1.1", "" },
	{ "", NULL, NULL },
	{ "Ok", NULL, NULL },
	{ "3.1.1 x", NULL, NULL },
	{ "5", NULL, NULL },
	{ "5.", NULL, NULL },
	{ "5.1", NULL, NULL },
	{ "5.1.", NULL, NULL },
	{ "5..1 x", NULL, NULL },
	{ "5.1.1x", NULL, NULL },
	{ "5.1.1.1 x", NULL, NULL },
	{ "5.1000.1 x", NULL, NULL },
	{ "55.1.1 x", NULL, NULL },
	{ "5,1,1 x", NULL, NULL },
};

START_TEST(a_status_is_split_off)
{
	char status[DSN_STATUS_MAX] = "kept";
	const char *rest = "kept";
	enum match m = dsn_split(replies[_i].text, status, &rest);

	if (replies[_i].status == NULL) {
		ck_assert_int_eq(m, MATCH_NO);
		ck_assert_str_eq(status, "kept");
		ck_assert_str_eq(rest, "kept");
	} else {
		ck_assert_int_eq(m, MATCH_YES);
		ck_assert_str_eq(status, replies[_i].status);
		ck_assert_str_eq(rest, replies[_i].rest);
	}
}
END_TEST

START_TEST(a_status_is_the_whole_text)
{
	ck_assert(dsn_is_status("4.4.1"));
	ck_assert(!dsn_is_status("4.4.1 "));
	ck_assert(!dsn_is_status("4.4."));
	ck_assert(!dsn_is_status(""));
}
END_TEST

static const struct {
	int code;
	enum outcome outcome;
	const char *status;
} codes[] = {
	{ 250, OUTCOME_SENT, "2.0.0" },
	{ 251, OUTCOME_SENT, "2.0.0" },
	{ 354, OUTCOME_DEFER, "4.0.0" },
	{ 421, OUTCOME_DEFER, "4.0.0" },
	{ 450, OUTCOME_DEFER, "4.0.0" },
	{ 554, OUTCOME_BOUNCE, "5.0.0" },
	{ 0, OUTCOME_DEFER, "4.0.0" },
	{ 999, OUTCOME_DEFER, "4.0.0" },
};

START_TEST(a_code_has_a_fate)
{
	ck_assert_int_eq(dsn_outcome_of_code(codes[_i].code),
	    codes[_i].outcome);
	ck_assert_str_eq(dsn_status_of_code(codes[_i].code), codes[_i].status);
}
END_TEST

START_TEST(a_fate_is_made)
{
	struct dsn d = dsn_of(OUTCOME_DEFER, FAULT_LOCAL, "4.3.0", "text");

	ck_assert_int_eq(d.outcome, OUTCOME_DEFER);
	ck_assert_int_eq(d.fault, FAULT_LOCAL);
	ck_assert_str_eq(d.status, "4.3.0");
	ck_assert_str_eq(d.text, "text");
}
END_TEST

START_TEST(fates_have_words)
{
	ck_assert_str_eq(dsn_word(OUTCOME_SENT), "sent");
	ck_assert_str_eq(dsn_word(OUTCOME_DEFER), "deferred");
	ck_assert_str_eq(dsn_word(OUTCOME_BOUNCE), "bounced");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dsn");
	TCase *t = tcase_create("dsn");

	tcase_add_loop_test(t, a_status_is_split_off, 0, ARRAY_LEN(replies));
	tcase_add_test(t, a_status_is_the_whole_text);
	tcase_add_loop_test(t, a_code_has_a_fate, 0, ARRAY_LEN(codes));
	tcase_add_test(t, a_fate_is_made);
	tcase_add_test(t, fates_have_words);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
