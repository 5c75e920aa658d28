/*
 * smtp_hosts: next hops, ourselves in a list, order.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "smtp_hosts.h"

static const struct {
	const char *nexthop, *host;
	uint16_t port;
	bool mx, literal;
} good[] = {
	{ "example.org", "example.org", 25, true, false },
	{ "Example.ORG:2525", "example.org", 2525, true, false },
	{ "example.org:submission", "example.org", 587, true, false },
	{ "[mx.example.org]", "mx.example.org", 25, false, false },
	{ "[mx]:587", "mx", 587, false, false },
	{ "[192.0.2.1]", "192.0.2.1", 25, false, true },
	{ "[192.0.2.1]:24", "192.0.2.1", 24, false, true },
	{ "[IPv6:2001:db8::1]", "2001:db8::1", 25, false, true },
	{ "[2001:db8::1]:26", "2001:db8::1", 26, false, true },
	{ "192.0.2.1", "192.0.2.1", 25, true, false },
};

static const char *const bad[] = {
	"",
	"[]",
	"[mx",
	"[mx]25",
	"[mx]:",
	"mx:",
	"mx:0",
	"mx:65536",
	"mx:x",
	"mx:25:25",
	":25",
};

START_TEST(next_hops_are_taken_apart)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_target t;
	const char *why = NULL;

	ck_assert(smtp_target_parse(&a, good[_i].nexthop, &t, &why));
	ck_assert_str_eq(t.host, good[_i].host);
	ck_assert_uint_eq(t.port, good[_i].port);
	ck_assert_int_eq(t.mx, good[_i].mx);
	ck_assert_int_eq(t.literal, good[_i].literal);
}
END_TEST

START_TEST(malformed_ones_are_refused)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_target t;
	const char *why = NULL;

	ck_assert(!smtp_target_parse(&a, bad[_i], &t, &why));
	ck_assert_ptr_nonnull(why);
}
END_TEST

/* "a10" is host a of preference 10; a capital is IPv6, "!" ourselves, "-"
 * failed. */
static void
make(struct smtp_hosts *h, struct arena *a, const char *text)
{
	struct smtp_host host = { 0 };

	for (const char *p = text; *p != '\0';) {
		host = (struct smtp_host){ 0 };
		host.name = arena_memdup(a, p, 1);
		host.ipv6 = *p >= 'A' && *p <= 'Z';
		for (p++; *p >= '0' && *p <= '9'; p++)
			host.preference = (uint16_t)(host.preference * 10 + *p -
			    '0');
		for (; *p == '!' || *p == '-'; p++) {
			host.self = host.self || *p == '!';
			host.failed = host.failed || *p == '-';
		}
		p += *p == ' ';
		smtp_hosts_add(h, a, &host);
	}
}

static const char *
names(const struct smtp_hosts *h, struct arena *a)
{
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < h->n + h->dropped; i++) {
		if (i == h->n)
			buf_addc(&out, '|');
		buf_adds(&out, h->at[i].name);
	}
	return arena_strdup(a, buf_str(&out));
}

static const struct {
	const char *list, *left;
	bool loop;
} selves[] = {
	{ "a10 b20", "ab", false },
	{ "a10 b20! c30", "a|bc", false },
	{ "c30 b20! a10", "a|bc", false },
	{ "a10 b20! c20 d10", "ad|bc", false },
	{ "a10! b20", "|ab", true },
	{ "a10 b10!", "|ab", true },
	{ "b20! a10! c0", "c|ab", false },
	{ "", "", false },
};

START_TEST(we_never_send_to_ourselves)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_hosts h = { 0 };

	make(&h, &a, selves[_i].list);
	ck_assert_int_eq(smtp_hosts_drop_self(&h), selves[_i].loop);
	ck_assert_str_eq(names(&h, &a), selves[_i].left);
}
END_TEST

static uint32_t
never(uint32_t below)
{
	return below - 1;
}

static const struct {
	const char *list;
	enum smtp_family family;
	const char *order;
} orders[] = {
	{ "b20 a10 c30", SMTP_FAMILY_ANY, "abc" },
	{ "a10 b10 C10 D10", SMTP_FAMILY_ANY, "aCbD" },
	{ "C10 a10 b10 D10", SMTP_FAMILY_ANY, "CaDb" },
	{ "a10 b10 C10 D10", SMTP_FAMILY_IPV6, "CaDb" },
	{ "C10 D10 a10", SMTP_FAMILY_IPV4, "aCD" },
	{ "a10 b10 c10 D10", SMTP_FAMILY_IPV4, "aDbc" },
	{ "a10 C20 b20", SMTP_FAMILY_IPV4, "abC" },
	{ "a10- b20 c30", SMTP_FAMILY_ANY, "bca" },
	{ "a10- b20- C10", SMTP_FAMILY_ANY, "Cab" },
	{ "a10- b20-", SMTP_FAMILY_ANY, "ab" },
	{ "", SMTP_FAMILY_ANY, "" },
};

START_TEST(preference_then_families_in_turn)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_hosts h = { 0 };

	make(&h, &a, orders[_i].list);
	smtp_hosts_order(&h, orders[_i].family, true, never);
	ck_assert_str_eq(names(&h, &a), orders[_i].order);
}
END_TEST

static uint32_t seed;

static uint32_t
pseudo(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

START_TEST(equals_are_shuffled)
{
	size_t first[3] = { 0 };

	for (int i = 0; i < 3000; i++) {
		CLEAN_ARENA struct arena a = { 0 };
		struct smtp_hosts h = { 0 };

		make(&h, &a, "a10 b10 c10 d20");
		smtp_hosts_order(&h, SMTP_FAMILY_ANY, true, pseudo);
		ck_assert_str_eq(h.at[3].name, "d");
		first[h.at[0].name[0] - 'a']++;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_uint_gt(first[i], 800);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_hosts");
	TCase *t = tcase_create("smtp_hosts");

	tcase_add_loop_test(t, next_hops_are_taken_apart, 0,
	    (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, malformed_ones_are_refused, 0,
	    (int)ARRAY_LEN(bad));
	tcase_add_loop_test(t, we_never_send_to_ourselves, 0,
	    (int)ARRAY_LEN(selves));
	tcase_add_loop_test(t, preference_then_families_in_turn, 0,
	    (int)ARRAY_LEN(orders));
	tcase_add_test(t, equals_are_shuffled);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
