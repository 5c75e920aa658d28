/*
 * list: order, dropping while walking, zero is empty.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "list.h"

struct thing {
	int n;
	struct list link;
};

/* The numbers in the list as one decimal number. */
static int
digits(struct list *l)
{
	int n = 0;

	LIST_EACH(struct thing, t, l, link)
		n = n * 10 + t->n;
	return n;
}

START_TEST(zero_is_an_empty_list)
{
	struct list l = { 0 };
	struct thing t = { 0 };

	ck_assert(list_empty(&l));
	ck_assert(!list_linked(&t.link));
	ck_assert_ptr_null(list_take(&l));
	ck_assert_int_eq(digits(&l), 0);
	list_drop(&t.link);
	list_prepend(&l, &t.link);
	ck_assert(!list_empty(&l));
	ck_assert(list_linked(&t.link));
}
END_TEST

START_TEST(order_is_kept)
{
	struct thing t[] = { { .n = 1 }, { .n = 2 }, { .n = 3 }, { .n = 4 } };
	struct list l;

	list_init(&l);
	list_append(&l, &t[1].link);
	list_append(&l, &t[3].link);
	list_prepend(&l, &t[0].link);
	list_insert(&t[3].link, &t[2].link);
	ck_assert_int_eq(digits(&l), 1234);
	ck_assert_ptr_eq(list_take(&l), &t[0].link);
	ck_assert(!list_linked(&t[0].link));
	list_drop(&t[2].link);
	ck_assert_int_eq(digits(&l), 24);
}
END_TEST

START_TEST(the_current_one_may_be_dropped)
{
	struct thing t[] = { { .n = 1 }, { .n = 2 }, { .n = 3 } };
	struct list l = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		list_append(&l, &t[i].link);
	LIST_EACH(struct thing, it, &l, link)
		if (it->n != 2)
			list_drop(&it->link);
	ck_assert_int_eq(digits(&l), 2);
	LIST_EACH(struct thing, it, &l, link)
		list_drop(&it->link);
	ck_assert(list_empty(&l));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("list");
	TCase *t = tcase_create("list");

	tcase_add_test(t, zero_is_an_empty_list);
	tcase_add_test(t, order_is_kept);
	tcase_add_test(t, the_current_one_may_be_dropped);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
