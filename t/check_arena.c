/*
 * arena: zeroed, aligned, independent pieces; reset and free.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "arena.h"

static bool
all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

START_TEST(pieces_are_zeroed_and_aligned)
{
	CLEAN_ARENA struct arena a = { 0 };

	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n += 7) {
			char *p = arena_new(&a, n);

			ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t),
			    0);
			ck_assert(all_zero(p, n));
			memset(p, 'x', n);
		}
		arena_reset(&a);
		ck_assert_uint_eq(a.used, 0);
	}
}
END_TEST

START_TEST(a_piece_larger_than_a_block_fits)
{
	CLEAN_ARENA struct arena a = { 0 };
	char *small = arena_new(&a, 10);
	char *big = arena_new(&a, 1000000);

	memset(big, 'x', 1000000);
	ck_assert_int_eq(small[9], 0);
	ck_assert_uint_ge(a.used, 1000010);
}
END_TEST

START_TEST(texts_are_copied)
{
	CLEAN_ARENA struct arena a = { 0 };
	char text[] = "RCPT";
	char *s = arena_strdup(&a, text);
	char *m = arena_memdup(&a, "a\0b", 3);
	char *p = arena_printf(&a, "%s-%d", text, 42);
	char *none = arena_memdup(&a, NULL, 0);

	text[0] = 'x';
	ck_assert_str_eq(s, "RCPT");
	ck_assert_mem_eq(m, "a\0b", 4);
	ck_assert_str_eq(p, "RCPT-42");
	ck_assert_str_eq(none, "");
}
END_TEST

START_TEST(freeing_twice_is_well)
{
	struct arena a = { 0 };

	arena_free(&a);
	ck_assert_ptr_nonnull(arena_new(&a, 1));
	arena_free(&a);
	arena_free(&a);
	ck_assert_ptr_null(a.blocks);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_test(t, pieces_are_zeroed_and_aligned);
	tcase_add_test(t, a_piece_larger_than_a_block_fits);
	tcase_add_test(t, texts_are_copied);
	tcase_add_test(t, freeing_twice_is_well);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
