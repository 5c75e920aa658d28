/*
 * qmgr_heap: order, new keys, dropping from the middle.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "qmgr_heap.h"

#define N 1000

START_TEST(zero_is_an_empty_heap)
{
	struct heap h = { 0 };
	struct heap_node node = { 0 };

	ck_assert_ptr_null(heap_top(&h));
	heap_drop(&h, &node);
	heap_free(&h);
}
END_TEST

static void
empty_in_order(struct heap *h, int want)
{
	int64_t last = INT64_MIN;

	for (; heap_top(h) != NULL; want--) {
		struct heap_node *top = heap_top(h);

		ck_assert(top->key >= last);
		last = top->key;
		heap_drop(h, top);
		ck_assert_uint_eq(top->place, 0);
	}
	ck_assert_int_eq(want, 0);
	heap_free(h);
}

START_TEST(smallest_comes_first)
{
	static struct heap_node nodes[N];
	struct heap h = { 0 };

	for (int i = 0; i < N; i++)
		heap_put(&h, &nodes[i], (i * 7919) % N);
	empty_in_order(&h, N);
}
END_TEST

START_TEST(keys_change_and_nodes_leave)
{
	static struct heap_node nodes[N];
	struct heap h = { 0 };

	for (int i = 0; i < N; i++)
		heap_put(&h, &nodes[i], (i * 7919) % N);
	for (int i = 0; i < N; i += 3)
		heap_drop(&h, &nodes[i]);
	for (int i = 0; i < N; i += 2)
		heap_put(&h, &nodes[i], (i * 104729) % N - N / 2);
	int left = 0;
	for (int i = 0; i < N; i++)
		left += nodes[i].place != 0;
	ck_assert_uint_eq(h.n, (uint32_t)left);
	empty_in_order(&h, left);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("qmgr_heap");
	TCase *t = tcase_create("heap");

	tcase_add_test(t, zero_is_an_empty_heap);
	tcase_add_test(t, smallest_comes_first);
	tcase_add_test(t, keys_change_and_nodes_leave);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
