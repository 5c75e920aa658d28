/*
 * num and clock: numbers, times, sizes, modes; clocks that go forward.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "clock.h"
#include "num.h"

#define UNTOUCHED 77777

static const struct {
	const char *text;
	int64_t min, max, want; /* UNTOUCHED: refused */
} numbers[] = {
	{ "0", 0, 9, 0 },
	{ "007", 0, 9, 7 },
	{ "10", 0, 9, UNTOUCHED },
	{ "-5", -9, 9, -5 },
	{ "-5", 0, 9, UNTOUCHED },
	{ "9223372036854775807", 0, INT64_MAX, INT64_MAX },
	{ "9223372036854775808", 0, INT64_MAX, UNTOUCHED },
	{ "99999999999999999999", 0, INT64_MAX, UNTOUCHED },
	{ "", 0, 9, UNTOUCHED },
	{ "-", -9, 9, UNTOUCHED },
	{ "+1", 0, 9, UNTOUCHED },
	{ " 1", 0, 9, UNTOUCHED },
	{ "1 ", 0, 9, UNTOUCHED },
	{ "0x1", 0, 9, UNTOUCHED },
};

START_TEST(a_number_is_the_whole_text)
{
	int64_t got = UNTOUCHED;
	bool good = num_parse(numbers[_i].text, numbers[_i].min,
	    numbers[_i].max, &got);

	ck_assert_int_eq(got, numbers[_i].want);
	ck_assert_int_eq(good, numbers[_i].want != UNTOUCHED);
}
END_TEST

static const struct {
	const char *text;
	char unit;
	int64_t want;
} durations[] = {
	{ "0", 's', 0 },
	{ "90s", 's', 90 * SECOND },
	{ "5m", 's', 5 * MINUTE },
	{ "4h", 's', 4 * HOUR },
	{ "1d", 's', DAY },
	{ "2w", 's', 14 * DAY },
	{ "500ms", 's', 500 },
	{ "5", 'd', 5 * DAY },
	{ "5", 'h', 5 * HOUR },
	{ "", 's', UNTOUCHED },
	{ "s", 's', UNTOUCHED },
	{ "-1s", 's', UNTOUCHED },
	{ "1 s", 's', UNTOUCHED },
	{ "1y", 's', UNTOUCHED },
	{ "1ss", 's', UNTOUCHED },
	{ "99999999999999999w", 's', UNTOUCHED },
};

START_TEST(a_time_has_a_unit)
{
	int64_t got = UNTOUCHED;
	bool good = num_parse_time(durations[_i].text, durations[_i].unit,
	    &got);

	ck_assert_int_eq(got, durations[_i].want);
	ck_assert_int_eq(good, durations[_i].want != UNTOUCHED);
}
END_TEST

static const struct {
	const char *text;
	int64_t want;
} sizes[] = {
	{ "10240000", 10240000 },
	{ "50k", 51200 },
	{ "50m", 52428800 },
	{ "2G", 2147483648 },
	{ "", UNTOUCHED },
	{ "k", UNTOUCHED },
	{ "1kb", UNTOUCHED },
	{ "9999999999g", UNTOUCHED },
};

START_TEST(a_size_has_a_unit)
{
	int64_t got = UNTOUCHED;
	bool good = num_parse_size(sizes[_i].text, &got);

	ck_assert_int_eq(got, sizes[_i].want);
	ck_assert_int_eq(good, sizes[_i].want != UNTOUCHED);
}
END_TEST

START_TEST(a_mode_is_octal)
{
	unsigned int mode = UNTOUCHED;

	ck_assert(!num_parse_mode("", &mode));
	ck_assert(!num_parse_mode("8", &mode));
	ck_assert(!num_parse_mode("10000", &mode));
	ck_assert(!num_parse_mode("66666666666666666", &mode));
	ck_assert_uint_eq(mode, UNTOUCHED);
	ck_assert(num_parse_mode("0660", &mode));
	ck_assert_uint_eq(mode, 0660);
	ck_assert(num_parse_mode("3733", &mode));
	ck_assert_uint_eq(mode, 03733);
}
END_TEST

START_TEST(clocks_go_forward)
{
	clock_start();

	int64_t mono = clock_mono();
	int64_t wall = clock_wall();
	ck_assert_int_gt(mono, 0);
	ck_assert_int_ge(clock_mono(), mono);
	ck_assert_int_gt(wall, 1700000000 * SECOND);
	ck_assert_int_lt(clock_wall_us() / 1000 - wall, MINUTE);
}
END_TEST

#ifdef PH_DEVELOPER
START_TEST(tests_may_shift_the_wall_clock)
{
	int64_t before = clock_wall();

	ck_assert_int_eq(setenv("POSTHOUSE_TEST_CLOCK_SHIFT", "-3600", 1), 0);
	clock_start();
	ck_assert_int_lt(clock_wall() - before, -HOUR + MINUTE);
}
END_TEST
#endif

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("num");
	TCase *t = tcase_create("num");

	tcase_add_loop_test(t, a_number_is_the_whole_text, 0,
	    ARRAY_LEN(numbers));
	tcase_add_loop_test(t, a_time_has_a_unit, 0, ARRAY_LEN(durations));
	tcase_add_loop_test(t, a_size_has_a_unit, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, a_mode_is_octal);
	tcase_add_test(t, clocks_go_forward);
#ifdef PH_DEVELOPER
	tcase_add_test(t, tests_may_shift_the_wall_clock);
#endif
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
