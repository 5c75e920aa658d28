/*
 * dns_cache: age, replacement, bound.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "dns_cache.h"

START_TEST(what_is_too_old_is_gone)
{
	struct dns_cache c = { 0 };

	ck_assert_ptr_null(dns_cache_get(&c, "1 a", 5));
	dns_cache_put(&c, "1 a", "packet", 6, 10);
	const struct dns_cached *e = dns_cache_get(&c, "1 a", 9);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->len, 6);
	ck_assert_mem_eq(e->packet, "packet", 6);
	ck_assert_ptr_null(dns_cache_get(&c, "1 a", 10));
	ck_assert_uint_eq(c.bytes, 0);
	dns_cache_free(&c);
}
END_TEST

START_TEST(a_newer_answer_replaces)
{
	struct dns_cache c = { 0 };

	dns_cache_put(&c, "1 a", "old", 3, 10);
	dns_cache_put(&c, "1 a", "newer", 5, 20);
	const struct dns_cached *e = dns_cache_get(&c, "1 a", 15);
	ck_assert_ptr_nonnull(e);
	ck_assert_mem_eq(e->packet, "newer", 5);
	ck_assert_uint_eq(c.entries.len, 1);
	dns_cache_free(&c);
}
END_TEST

START_TEST(what_was_not_used_goes_first)
{
	static const char packet[1000];
	struct dns_cache c = { 0 };
	char key[32];

	dns_cache_put(&c, "used", "x", 1, 1000);
	dns_cache_put(&c, "unused", "x", 1, 1000);
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		dns_cache_put(&c, key, packet, sizeof(packet), 1000);
		ck_assert_ptr_nonnull(dns_cache_get(&c, "used", 1));
	}
	ck_assert_uint_le(c.bytes, DNS_CACHE_MAX);
	ck_assert_uint_gt(c.bytes, DNS_CACHE_MAX / 2);
	ck_assert_ptr_null(dns_cache_get(&c, "unused", 1));
	dns_cache_free(&c);
	ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dns_cache");
	TCase *t = tcase_create("dns_cache");

	tcase_add_test(t, what_is_too_old_is_gone);
	tcase_add_test(t, a_newer_answer_replaces);
	tcase_add_test(t, what_was_not_used_goes_first);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
