/*
 * sts: entries of the cache and how long they hold, and the cache; with it the
 * store that it lies in.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "store.h"
#include "sts_cache.h"

#define NOW (20000 * DAY)

static char folder[64], path[80];

static const struct sts_entry good = {
	.policy = { .mode = STS_ENFORCE,
	    .max_age = 7 * 86400,
	    .mx = "a.example *.b.example" },
	.id = "20260101",
	.fetched = NOW,
	.used = NOW + 1,
};

START_TEST(an_entry_comes_back)
{
	CLEAN_BUF struct buf bytes = { 0 };
	struct sts_entry e;

	sts_entry_put(&bytes, &good);
	ck_assert(sts_entry_parse(bytes.text, bytes.len, &e));
	ck_assert_str_eq(e.policy.mx, good.policy.mx);
	ck_assert_str_eq(e.id, good.id);
	ck_assert_int_eq(e.policy.mode, STS_ENFORCE);
	ck_assert_int_eq(e.policy.max_age, good.policy.max_age);
	ck_assert_int_eq(e.fetched, NOW);
	ck_assert_int_eq(e.used, NOW + 1);
	for (size_t n = 0; n < bytes.len; n++)
		ck_assert(!sts_entry_parse(bytes.text, n, &e));
	buf_addc(&bytes, 'x');
	ck_assert(!sts_entry_parse(bytes.text, bytes.len, &e));
	bytes.text[0] = 99; /* version */
	ck_assert(!sts_entry_parse(bytes.text, bytes.len - 1, &e));
}
END_TEST

START_TEST(an_entry_holds_for_its_age)
{
	struct sts_entry e = good;

	ck_assert_int_eq(sts_entry_expires(&e, NOW), NOW + 7 * DAY);
	ck_assert(!sts_entry_is_stale(&e, NOW + DAY - 1));
	ck_assert(sts_entry_is_stale(&e, NOW + DAY));
	e.policy.max_age = 3600;
	ck_assert(!sts_entry_is_stale(&e, NOW + HOUR / 2 - 1));
	ck_assert(sts_entry_is_stale(&e, NOW + HOUR / 2));
	/* The clock was set back: no longer than from now on. */
	e.fetched = NOW + 100 * DAY;
	ck_assert_int_eq(sts_entry_expires(&e, NOW), NOW + HOUR);
	ck_assert(sts_entry_is_stale(&e, NOW));
}
END_TEST

static void
make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/check_sts.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	/* As root the file is opened by the folder's owner. */
	if (geteuid() == 0)
		ck_assert_int_eq(chown(folder, 65534, 65534), 0);
	snprintf(path, sizeof(path), "%s/policies", folder);
}

static void
remove_folder(void)
{
	CLEAN_BUF struct buf name = { 0 };

	buf_addf(&name, "%s.lmdb", path);
	(void)unlink(buf_str(&name));
	buf_adds(&name, "-lock");
	(void)unlink(buf_str(&name));
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(a_policy_outlives_the_process)
{
	CLEAN_BUF struct buf room = { 0 };
	struct sts_entry e;
	const char *why;

	make_folder();
	ck_assert(sts_cache_open(path, &why));
	sts_cache_put("a.example", &good);
	ck_assert(sts_cache_commit(&why));
	sts_cache_put("b.example", &good); /* is not committed */
	ck_assert_uint_eq(sts_cache_count(), 2);
	sts_cache_close();
	ck_assert(sts_cache_open(path, &why));
	ck_assert_int_eq(sts_cache_get("a.example", &room, &e), FOUND_ONE);
	ck_assert_str_eq(e.id, "20260101");
	ck_assert_int_eq(sts_cache_get("b.example", &room, &e), FOUND_NONE);
	sts_cache_drop("a.example");
	ck_assert_int_eq(sts_cache_get("a.example", &room, &e), FOUND_NONE);
	sts_cache_close();
	remove_folder();
}
END_TEST

START_TEST(every_policy_is_met_on_a_round)
{
	static const char *const names[] = { "a", "a.b", "ab", "b.a", "c-d" };
	CLEAN_BUF struct buf last = { 0 };
	CLEAN_BUF struct buf name = { 0 };
	CLEAN_BUF struct buf room = { 0 };
	struct sts_entry e;
	const char *why;
	size_t n = 0;

	make_folder();
	ck_assert(sts_cache_open(path, &why));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		sts_cache_put(names[i], &good);
	while (sts_cache_next(buf_str(&last), &name, &room, &e) == FOUND_ONE) {
		ck_assert_str_eq(buf_str(&name), names[n++]);
		ck_assert_str_eq(e.id, "20260101");
		buf_reset(&last);
		buf_adds(&last, buf_str(&name));
	}
	ck_assert_uint_eq(n, ARRAY_LEN(names));
	sts_cache_close();
	remove_folder();
}
END_TEST

START_TEST(a_store_that_is_none_keeps_nothing)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };
	const char *why = "";

	ck_assert(!sts_cache_open("/nowhere/at/all", &why));
	ck_assert_str_ne(why, "");
	store_put(NULL, 0, SLICE("a"), SLICE("b"));
	store_drop(NULL, 0, SLICE("a"));
	ck_assert_int_eq(store_get(NULL, 0, SLICE("a"), &value), FOUND_NONE);
	ck_assert_int_eq(store_next(NULL, 0, SLICE(""), &key, &value),
	    FOUND_NONE);
	ck_assert(store_commit(NULL, &why));
	ck_assert_uint_eq(store_count(NULL, 0), 0);
}
END_TEST

START_TEST(one_bad_write_spoils_the_transaction)
{
	static const char *const tables[] = { "t" };
	CLEAN_BUF struct buf value = { 0 };
	char long_key[STORE_KEY_MAX + 2] = { 0 };
	const char *why;

	make_folder();
	struct store *s = store_open(path, tables, 1, 1 << 20, &why);
	ck_assert_ptr_nonnull(s);
	memset(long_key, 'x', STORE_KEY_MAX + 1);
	store_put(s, 0, SLICE("a"), SLICE("1"));
	store_put(s, 0, slice_of(long_key), SLICE("2"));
	store_put(s, 0, SLICE("b"), SLICE("3"));
	ck_assert(!store_commit(s, &why));
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(store_get(s, 0, SLICE("a"), &value), FOUND_NONE);
	store_put(s, 0, SLICE("b"), SLICE("3"));
	ck_assert(store_commit(s, &why));
	ck_assert_int_eq(store_get(s, 0, SLICE("b"), &value), FOUND_ONE);
	store_close(&s);
	ck_assert_ptr_null(s);
	remove_folder();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sts_cache");
	TCase *t = tcase_create("sts_cache");

	tcase_add_test(t, an_entry_comes_back);
	tcase_add_test(t, an_entry_holds_for_its_age);
	tcase_add_test(t, a_policy_outlives_the_process);
	tcase_add_test(t, every_policy_is_met_on_a_round);
	tcase_add_test(t, a_store_that_is_none_keeps_nothing);
	tcase_add_test(t, one_bad_write_spoils_the_transaction);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
