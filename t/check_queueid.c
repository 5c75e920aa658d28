/*
 * queueid: ids are new, sort by time, and are the only names of files.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "clock.h"
#include "queueid.h"

START_TEST(ids_sort_in_the_order_they_were_made)
{
	struct queueid last = queueid_new(7);

	for (int i = 0; i < 100000; i++) {
		struct queueid id = queueid_new(7);

		ck_assert_int_gt(strcmp(id.text, last.text), 0);
		last = id;
	}
	ck_assert(queueid_valid(last.text));
}
END_TEST

START_TEST(two_slots_never_make_the_same)
{
	struct queueid a = queueid_new(1), b = queueid_new(2);

	ck_assert_str_ne(a.text + 10, b.text + 10);
	ck_assert_str_eq(queueid_new(0).text + 10, "000");
	ck_assert_str_eq(queueid_new(52 * 52 * 52 - 1).text + 10, "zzz");
}
END_TEST

START_TEST(an_id_says_when_it_was_made)
{
	int64_t before = clock_wall();
	struct queueid id = queueid_new(3);

	ck_assert_int_ge(queueid_time(id.text), before);
	ck_assert_int_le(queueid_time(id.text), clock_wall() + 1000);
	ck_assert_int_eq(queueid_time("nonsense"), 0);
}
END_TEST

static const char *const bad[] = { "", "1", "000000000000", "00000000000000",
	"000000000000A", "000000000000e", "00000000000/0", "..00000000000",
	"000000 000000",
	("000000\x80"
	 "000000") };

START_TEST(nothing_else_is_an_id)
{
	ck_assert(!queueid_valid(bad[_i]));
}
END_TEST

START_TEST(every_prefix_is_refused)
{
	struct queueid id = queueid_new(1);

	for (size_t n = QUEUEID_LEN; n-- > 0;) {
		id.text[n] = '\0';
		ck_assert(!queueid_valid(id.text));
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("queueid");
	TCase *t = tcase_create("queueid");

	tcase_add_test(t, ids_sort_in_the_order_they_were_made);
	tcase_add_test(t, two_slots_never_make_the_same);
	tcase_add_test(t, an_id_says_when_it_was_made);
	tcase_add_loop_test(t, nothing_else_is_an_id, 0, ARRAY_LEN(bad));
	tcase_add_test(t, every_prefix_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
