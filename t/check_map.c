/*
 * map: putting, getting, dropping, walking, growth.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "map.h"

#define MANY 5000

START_TEST(zero_is_an_empty_map)
{
	struct map m = { 0 };

	ck_assert_ptr_null(map_gets(&m, "x"));
	ck_assert_ptr_null(map_drops(&m, "x"));
	ck_assert_ptr_null(map_next(&m, NULL));
	map_free(&m);
}
END_TEST

START_TEST(keys_are_bytes)
{
	struct map m = { 0 };
	int a, b, c;

	*map_put(&m, "x\0y", 3) = &a;
	*map_put(&m, "x\0z", 3) = &b;
	*map_put(&m, "", 0) = &c;
	ck_assert_ptr_eq(map_get(&m, "x\0y", 3), &a);
	ck_assert_ptr_eq(map_get(&m, "x\0z", 3), &b);
	ck_assert_ptr_eq(map_gets(&m, ""), &c);
	ck_assert_ptr_null(map_gets(&m, "x"));
	ck_assert_uint_eq(m.len, 3);
	*map_put(&m, "x\0y", 3) = &c;
	ck_assert_ptr_eq(map_get(&m, "x\0y", 3), &c);
	ck_assert_uint_eq(m.len, 3);
	map_free(&m);
}
END_TEST

START_TEST(many_keys_are_found_and_dropped)
{
	struct map m = { 0 };
	static int values[MANY];
	size_t seen = 0;

	for (int i = 0; i < MANY; i++)
		*map_put(&m, &i, sizeof(i)) = &values[i];
	for (int i = 0; i < MANY; i++)
		ck_assert_ptr_eq(map_get(&m, &i, sizeof(i)), &values[i]);
	MAP_EACH(&m, e)
		(*(int *)e->value)++;
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(values[i], 1);
	for (int i = 0; i < MANY; i += 2)
		ck_assert_ptr_eq(map_drop(&m, &i, sizeof(i)), &values[i]);
	for (int i = 0; i < MANY; i++)
		ck_assert_ptr_eq(map_get(&m, &i, sizeof(i)),
		    i % 2 == 0 ? NULL : &values[i]);
	MAP_EACH(&m, e)
		seen++;
	ck_assert_uint_eq(seen, MANY / 2);
	map_free(&m);
	ck_assert_uint_eq(m.len, 0);
}
END_TEST

START_TEST(the_current_one_may_be_dropped)
{
	struct map m = { 0 };
	int v;

	for (int i = 0; i < 100; i++)
		*map_put(&m, &i, sizeof(i)) = &v;
	MAP_EACH(&m, e)
		ck_assert_ptr_eq(map_drop(&m, e->key, e->len), &v);
	ck_assert_uint_eq(m.len, 0);
	map_free(&m);
}
END_TEST

START_TEST(hashes_spread)
{
	size_t slots[64] = { 0 };

	for (int i = 0; i < 6400; i++)
		slots[map_hash(&i, sizeof(i)) & 63]++;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		ck_assert_uint_lt(slots[i], 200);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("map");
	TCase *t = tcase_create("map");

	tcase_add_test(t, zero_is_an_empty_map);
	tcase_add_test(t, keys_are_bytes);
	tcase_add_test(t, many_keys_are_found_and_dropped);
	tcase_add_test(t, the_current_one_may_be_dropped);
	tcase_add_test(t, hashes_spread);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
