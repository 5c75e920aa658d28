/*
 * addr: paths, lists, splitting, quoting, domains.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

#define A16  "aaaaaaaaaaaaaaaa"
#define A63  A16 A16 A16 "aaaaaaaaaaaaaaa"
#define A64  A16 A16 A16 A16
#define A255 A64 A64 A64 A63

/* ---- paths ---- */

/* What a path gives, and what stands behind it. */
static const struct {
	const char *text, *local, *domain, *rest;
} good[] = {
	{ "<alice@example.org>", "alice", "example.org", "" },
	{ "<alice@example.org> SIZE=7", "alice", "example.org", " SIZE=7" },
	{ "<>", "", "", "" },
	{ "<> BODY=7BIT", "", "", " BODY=7BIT" },
	{ "<postmaster>", "postmaster", "", "" },
	{ "<Alice@Example.ORG>", "Alice", "example.org", "" },
	{ "<a.b.c@x>", "a.b.c", "x", "" },
	{ "<!#$%&'*+-/=?^_`{|}~@x.y>", "!#$%&'*+-/=?^_`{|}~", "x.y", "" },
	{ "<a%b@x.y>", "a%b", "x.y", "" },
	{ "<host!user@x.y>", "host!user", "x.y", "" },
	{ "<\"a b\"@x.y>", "a b", "x.y", "" },
	{ "<\"a@b\"@x.y>", "a@b", "x.y", "" },
	{ "<\"a>b\"@x.y>", "a>b", "x.y", "" },
	{ "<\"a\\\"b\\\\\"@x.y>", "a\"b\\", "x.y", "" },
	{ "<\"\\a\"@x.y>", "a", "x.y", "" },
	{ "<\"plain\"@x.y>", "plain", "x.y", "" },
	{ "<@relay.net:alice@x.y>", "alice", "x.y", "" },
	{ "<@r1.net,@r2.net:alice@x.y>", "alice", "x.y", "" },
	{ "<@[10.0.0.1]:alice@x.y>", "alice", "x.y", "" },
	{ "<alice@[192.0.2.1]>", "alice", "[192.0.2.1]", "" },
	{ "<alice@[ipv6:2001:DB8::1]>", "alice", "[IPv6:2001:db8::1]", "" },
	{ "<alice@[IPv6:2001:db8:0:0:0:0:0:1]>", "alice", "[IPv6:2001:db8::1]",
	    "" },
	{ "<alice@[IPv6:::ffff:192.0.2.1]>", "alice", "[IPv6:::ffff:192.0.2.1]",
	    "" },
	{ "<" A255 "@x.y>", A255, "x.y", "" },
	{ "<a@" A63 ".org>", "a", A63 ".org", "" },
	{ "<a@" A63 "." A63 "." A63 "." A63 ">", "a",
	    A63 "." A63 "." A63 "." A63, "" },
	{ "<a@1and1.com>", "a", "1and1.com", "" },
	{ "<a@a-b.c--d.org>", "a", "a-b.c--d.org", "" },
	{ "<a@my_host.org>", "a", "my_host.org", "" },
	{ "<a@xn--bcher-kva.example>", "a", "xn--bcher-kva.example", "" },
};

/* Refused, strict or not. */
static const char *const bad[] = {
	"",
	"<",
	">",
	"<a",
	"<@",
	"<@>",
	"<@x.y>",
	"<a@>",
	"<a@@x.y>",
	"<a@b@x.y>",
	"<a b@x.y>",
	"<a@x.y",
	"<a@x.y SIZE=1",
	"<<a@x.y>",

	"<a,b@x.y>",
	"<a(c)@x.y>",
	"<a@x.y (c)>",
	"<a\t@x.y>",
	"<a\x01@x.y>",
	"<a\x7f@x.y>",
	"<\"a\x01\"@x.y>",
	"<\"a\t\"@x.y>",
	"<\"a\\\x01\"@x.y>",
	"<\xc3\xa4@x.y>",
	"<a@\xc3\xa4.org>",
	"<\"\xc3\xa4\"@x.y>",
	"<\"a@x.y>",
	"<\"a\"b@x.y>",
	"<a\"b\"@x.y>",
	"<\"\"@x.y>",
	"<\"a@b\">",
	"<a\\@x.y>",
	"<a@-x.y>",
	"<a@x-.y>",
	"<a@.x.y>",
	"<a@x..y>",
	"<a@x.y..>",
	"<a@.>",
	"<a@x!y>",
	"<a@x y>",
	"<a@1.2.3.4>",
	"<a@1234>",
	"<a@[1.2.3.4>",
	"<a@[1.2.3.4",
	"<a@1.2.3.4]>",
	"<a@[1.2.3]>",
	"<a@[1.2.3.256]>",
	"<a@[1.2.3.4.5]>",
	"<a@[01.2.3.4]>",
	"<a@[]>",
	"<a@[x.y]>",
	"<a@[1.2.3.4]x>",
	"<a@[1.2.3.4].org>",
	"<a@[ 1.2.3.4 ]>",
	"<a@[2001:db8::1]>",
	"<a@[IPv6:]>",
	"<a@[IPv6:1.2.3.4]>",
	"<a@[IPv6:2001:db8:::1]>",
	"<a@[IPv6:1:2:3:4:5:6:7:8:9]>",
	"<a@[IPv6:12345::]>",
	"<a@[IPv6:fe80::1%eth0]>",
	"<a@[IPv6:2001:db8::1>",
	"<a@[tag:content]>",
	"<@r1.net>",
	"<@r1.net:>",
	"<@r1.net:@x.y>",
	"<@r1.net alice@x.y>",
	"<@r1.net,alice@x.y>",
	"<@r1..net:alice@x.y>",
	"<@:alice@x.y>",
	"<@r1.net,@:alice@x.y>",
	"<" A255 "a@x.y>",
	"<a@" A63 "a.org>",
	"<a@" A63 "." A63 "." A63 "." A63 ".a>",
};

/* Refused by the RFC, let in unless strict. */
static const struct {
	const char *text, *local, *domain, *rest;
} lax[] = {
	{ "alice@example.org", "alice", "example.org", "" },
	{ "alice@example.org SIZE=7", "alice", "example.org", " SIZE=7" },
	{ "postmaster", "postmaster", "", "" },
	{ " <alice@example.org>", "alice", "example.org", "" },
	{ "  alice@example.org", "alice", "example.org", "" },
	{ "<alice@example.org.>", "alice", "example.org", "" },
	{ "<a..b@x.y>", "a..b", "x.y", "" },
	{ "<.a@x.y>", ".a", "x.y", "" },
	{ "<a.@x.y>", "a.", "x.y", "" },
};

static bool
parse(struct arena *a, const char *text, bool strict, struct addr *out,
    const char **at)
{
	const char *why = NULL;

	*at = text;
	bool ok = addr_parse_path(a, at, strict, out, &why);
	if (!ok) {
		ck_assert_ptr_nonnull(why);
		ck_assert_ptr_eq(*at, text);
	}
	return ok;
}

static void
expect(const char *text, bool strict, const char *local, const char *domain,
    const char *rest)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr = { 0 };
	const char *at;

	ck_assert_msg(parse(&a, text, strict, &addr, &at), "%s", text);
	ck_assert_str_eq(addr.local, local);
	ck_assert_str_eq(addr.domain, domain);
	ck_assert_str_eq(at, rest);
}

START_TEST(good_path)
{
	expect(good[_i].text, true, good[_i].local, good[_i].domain,
	    good[_i].rest);
	expect(good[_i].text, false, good[_i].local, good[_i].domain,
	    good[_i].rest);
}
END_TEST

START_TEST(bad_path)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr = { "untouched", "x" };
	const char *at;

	ck_assert_msg(!parse(&a, bad[_i], true, &addr, &at), "%s", bad[_i]);
	ck_assert_msg(!parse(&a, bad[_i], false, &addr, &at), "%s", bad[_i]);
	ck_assert_str_eq(addr.local, "untouched");
}
END_TEST

START_TEST(lax_path_is_refused_when_strict)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr;
	const char *at;

	expect(lax[_i].text, false, lax[_i].local, lax[_i].domain,
	    lax[_i].rest);
	ck_assert(!parse(&a, lax[_i].text, true, &addr, &at));
}
END_TEST

START_TEST(every_prefix_of_a_path_is_refused)
{
	const char *text = good[_i].text;
	size_t whole = strlen(text) - strlen(good[_i].rest);

	for (size_t n = 0; n < whole; n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_STR char *part = strndup(text, n);
		struct addr addr;
		const char *at;

		ck_assert_msg(!parse(&a, part, true, &addr, &at), "%s", part);
		ck_assert_msg(!parse(&a, part, false, &addr, &at), "%s", part);
	}
}
END_TEST

START_TEST(a_path_survives_writing_and_reading)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf out = { 0 };
	struct addr addr;
	const char *at;

	ck_assert(parse(&a, good[_i].text, true, &addr, &at));
	buf_addc(&out, '<');
	addr_put(&out, &addr);
	buf_addc(&out, '>');
	expect(buf_str(&out), true, addr.local, addr.domain, "");

	const char *internal = addr_internal(&a, &addr);
	struct addr again = addr_split(&a, internal);
	ck_assert_str_eq(again.local, addr.local);
	ck_assert_str_eq(again.domain, addr.domain);
}
END_TEST

static const char *const put_cases[][2] = {
	{ "alice@example.org", "alice@example.org" },
	{ "alice", "alice" },
	{ "", "" },
	{ "a b@x.y", "\"a b\"@x.y" },
	{ "a@b@x.y", "\"a@b\"@x.y" },
	{ "a\"b\\@x.y", "\"a\\\"b\\\\\"@x.y" },
	{ ".a@x.y", "\".a\"@x.y" },
	{ "a..b@x.y", "\"a..b\"@x.y" },
	{ "a.@x.y", "\"a.\"@x.y" },
	{ "@x.y", "\"\"@x.y" },
	{ "a\r\nRCPT TO:<b@x.y", "\"a??RCPT TO:<b\"@x.y" },
	{ "a@x\r\n.y", "a@x??.y" },
};

START_TEST(a_local_part_is_quoted_where_it_must_be)
{
	CLEAN_BUF struct buf out = { 0 };

	addr_put_internal(&out, put_cases[_i][0]);
	ck_assert_str_eq(buf_str(&out), put_cases[_i][1]);
}
END_TEST

/* ---- lists ---- */

/* The addresses as they are written, joined by blanks, and how many are
 * broken. */
static const struct {
	const char *value, *want;
	size_t bad;
} lists[] = {
	{ "", "", 0 },
	{ " ", "", 0 },
	{ "a@x.y", "a@x.y", 0 },
	{ "a", "a", 0 },
	{ "a@x.y, b@x.y", "a@x.y b@x.y", 0 },
	{ "a@x.y,b@x.y,", "a@x.y b@x.y", 0 },
	{ ",,a@x.y,,b@x.y", "a@x.y b@x.y", 0 },
	{ "a@x.y; b@x.y", "a@x.y b@x.y", 0 },
	{ "a@X.Y.", "a@x.y", 0 },
	{ "Alice <a@x.y>", "a@x.y", 0 },
	{ "<a@x.y>", "a@x.y", 0 },
	{ "<a>", "a", 0 },
	{ "\"Doe, Jane\" <a@x.y>, b@x.y", "a@x.y b@x.y", 0 },
	{ "\"a \\\" , <b@z>\" <a@x.y>", "a@x.y", 0 },
	{ "Joe Q. Public <a@x.y>", "a@x.y", 0 },
	{ "J\xc3\xb6rg <a@x.y>", "a@x.y", 0 },
	{ "a@x.y <a@x.y>", "a@x.y", 0 },
	{ "a@x.y (Alice, the (first) one)", "a@x.y", 0 },
	{ "(c)a(c)@(c)x(c).(c)y(c)", "a@x.y", 0 },
	{ "a (\\) b@z) @x.y", "a@x.y", 0 },
	{ "a @ x . y", "a@x.y", 0 },
	{ "Alice\r\n <a@x.y>,\r\n\tb@x.y\r\n", "a@x.y b@x.y", 0 },
	{ "\"a b\"@x.y", "\"a b\"@x.y", 0 },
	{ "\"a\\\"b\"@x.y", "\"a\\\"b\"@x.y", 0 },
	{ "\"a\".b@x.y", "a.b@x.y", 0 },
	{ "\"a\r\n b\"@x.y", "\"a b\"@x.y", 0 },
	{ "a@[192.0.2.1], <b@[IPv6:::1]>", "a@[192.0.2.1] b@[IPv6:::1]", 0 },
	{ "<@r1.net,@r2.net:a@x.y>, b@x.y", "a@x.y b@x.y", 0 },
	{ "friends: a@x.y, Bob <b@x.y>;, c@x.y", "a@x.y b@x.y c@x.y", 0 },
	{ "undisclosed-recipients:;", "", 0 },
	{ "nobody: ; a@x.y", "a@x.y", 0 },
	{ "\"g:g\": a@x.y;", "a@x.y", 0 },
	{ "a..b@x.y", "\"a..b\"@x.y", 0 },
	/* Broken parts. */
	{ "a b@x.y", "", 1 },
	{ "a b, c@x.y", "c@x.y", 1 },
	{ "a@, c@x.y", "c@x.y", 1 },
	{ "@x.y, c@x.y", "c@x.y", 1 },
	{ "a@@x.y, c@x.y", "c@x.y", 1 },
	{ "a@b@x.y, c@x.y", "c@x.y", 1 },
	{ "<>, c@x.y", "c@x.y", 1 },
	{ "<a@x.y, c@x.y", "c@x.y", 1 },
	{ "<a@x.y, <c@x.y>", "c@x.y", 1 },
	{ "a@x.y>, c@x.y", "c@x.y", 1 },
	{ "<a@x.y> <b@x.y>, c@x.y", "c@x.y", 1 },
	{ "<a@x.y> junk, c@x.y", "c@x.y", 1 },
	{ "Al <<a@x.y>>, c@x.y", "c@x.y", 1 },
	{ "a@x y, c@x.y", "c@x.y", 1 },
	{ "a@x..y, c@x.y", "c@x.y", 1 },
	{ "a@[1.2.3], c@x.y", "c@x.y", 1 },
	{ "a@1.2.3.4, c@x.y", "c@x.y", 1 },
	{ "\\a@x.y, c@x.y", "c@x.y", 1 },
	{ "\xc3\xa4@x.y, c@x.y", "c@x.y", 1 },
	{ "\"a\tb\"@x.y, c@x.y", "c@x.y", 1 },
	{ "\"\"@x.y, c@x.y", "c@x.y", 1 },
	{ "\"a@b\", c@x.y", "c@x.y", 1 },
	{ "a@x.y, \"open, b@x.y", "a@x.y", 1 },
	{ "a@x.y, b@x.y (open, c@x.y", "a@x.y", 1 },
	{ "a@x.y, b@[1.2.3.4, c@x.y", "a@x.y", 1 },
	{ "a@x.y, b\\", "a@x.y", 1 },
	{ "a@x.y, \"b\\", "a@x.y", 1 },
	{ A255 "a@x.y, c@x.y", "c@x.y", 1 },
};

static struct addr_list
parse_exact(struct arena *a, const char *text, size_t len)
{
	char *copy = malloc(len + 1); /* a sanitizer sees what is beyond */

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	struct addr_list list = addr_parse_list(a, (struct slice){ copy, len });
	free(copy);
	return list;
}

START_TEST(list_of_addresses)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	const char *value = lists[_i].value;
	struct addr_list list = parse_exact(&a, value, strlen(value));

	for (size_t i = 0; i < list.n; i++) {
		if (i > 0)
			buf_addc(&got, ' ');
		addr_put(&got, &list.at[i]);
	}
	ck_assert_str_eq(buf_str(&got), lists[_i].want);
	ck_assert_uint_eq(list.bad, lists[_i].bad);
}
END_TEST

START_TEST(every_prefix_of_a_list_is_read_within_its_bounds)
{
	for (size_t n = 0; n < strlen(lists[_i].value); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		struct addr_list list = parse_exact(&a, lists[_i].value, n);

		for (size_t i = 0; i < list.n; i++)
			ck_assert_uint_le(list.ends[i], n);
	}
}
END_TEST

START_TEST(a_list_says_where_each_address_ends)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr_list list = addr_parse_list(&a,
	    SLICE("alice (x), Bob <bob@x> , g: c . d@y ;"));

	ck_assert_uint_eq(list.n, 3);
	ck_assert_uint_eq(list.ends[0], 5);
	ck_assert_uint_eq(list.ends[1], 21);
	ck_assert_uint_eq(list.ends[2], 35);
}
END_TEST

START_TEST(a_long_list_is_read_in_good_time)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	for (int i = 0; i < 20000; i++)
		buf_adds(&value, "a@x.y,((,<b@x.y,");
	struct addr_list list = addr_parse_list(&a,
	    (struct slice){ buf_str(&value), value.len });
	ck_assert_uint_eq(list.n, 1);

	buf_reset(&value);
	for (int i = 0; i < 20000; i++)
		buf_adds(&value, "a@x.y,");
	list = addr_parse_list(&a,
	    (struct slice){ buf_str(&value), value.len });
	ck_assert_uint_eq(list.n, 20000);
	ck_assert_uint_eq(list.ends[19999], value.len - 1);
}
END_TEST

/* ---- the rest ---- */

static const struct {
	const char *local, *delimiters, *user, *ext;
} extensions[] = {
	{ "alice+lists", "+", "alice", "lists" },
	{ "alice+a+b", "+", "alice", "a+b" },
	{ "alice-a+b", "+-", "alice", "a+b" },
	{ "alice", "+", "alice", "" },
	{ "alice+", "+", "alice", "" },
	{ "alice+x", "", "alice+x", "" },
	{ "+alice", "+", "+alice", "" },
	{ "", "+", "", "" },
	{ "double-bounce", "-", "double-bounce", "" },
	{ "Mailer-Daemon", "-", "Mailer-Daemon", "" },
	{ "postmaster", "m", "postmaster", "" },
	{ "owner-list", "-", "owner-list", "" },
	{ "list-request", "-", "list-request", "" },
	{ "list-request", "+", "list-request", "" },
	{ "owner-list+x", "+", "owner-list", "x" },
	{ "a-b", "-", "a", "b" },
};

START_TEST(extension)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *user, *ext;

	addr_split_extension(&a, extensions[_i].local,
	    extensions[_i].delimiters, &user, &ext);
	ck_assert_str_eq(user, extensions[_i].user);
	ck_assert_str_eq(ext, extensions[_i].ext);
}
END_TEST

START_TEST(a_route_in_a_local_part_is_seen)
{
	ck_assert(addr_has_route("a%b"));
	ck_assert(addr_has_route("a!b"));
	ck_assert(addr_has_route("a@b"));
	ck_assert(!addr_has_route("a.b+c"));
}
END_TEST

START_TEST(domains_and_literals)
{
	ck_assert(addr_domain_valid(SLICE("example.org")));
	ck_assert(addr_domain_valid(SLICE("localhost")));
	ck_assert(addr_domain_valid(SLICE("[127.0.0.1]")));
	ck_assert(!addr_domain_valid(SLICE("")));
	ck_assert(!addr_domain_valid(SLICE("example.org.")));
	ck_assert(!addr_domain_valid(SLICE("127.0.0.1")));
	ck_assert(!addr_domain_valid(SLICE("exam\0ple")));
	ck_assert(addr_literal_valid(SLICE("[127.0.0.1]")));
	ck_assert(addr_literal_valid(SLICE("[IPv6:::1]")));
	ck_assert(!addr_literal_valid(SLICE("127.0.0.1")));
	ck_assert(!addr_literal_valid(SLICE("[127.0.0.1\0]")));
	ck_assert(!addr_literal_valid(SLICE("[")));
	ck_assert(!addr_literal_valid(SLICE("")));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("addr");
	TCase *t = tcase_create("paths");

	tcase_add_loop_test(t, good_path, 0, ARRAY_LEN(good));
	tcase_add_loop_test(t, bad_path, 0, ARRAY_LEN(bad));
	tcase_add_loop_test(t, lax_path_is_refused_when_strict, 0,
	    ARRAY_LEN(lax));
	tcase_add_loop_test(t, every_prefix_of_a_path_is_refused, 0,
	    ARRAY_LEN(good));
	tcase_add_loop_test(t, a_path_survives_writing_and_reading, 0,
	    ARRAY_LEN(good));
	tcase_add_loop_test(t, a_local_part_is_quoted_where_it_must_be, 0,
	    ARRAY_LEN(put_cases));
	suite_add_tcase(s, t);

	t = tcase_create("lists");
	tcase_add_loop_test(t, list_of_addresses, 0, ARRAY_LEN(lists));
	tcase_add_loop_test(t, every_prefix_of_a_list_is_read_within_its_bounds,
	    0, ARRAY_LEN(lists));
	tcase_add_test(t, a_list_says_where_each_address_ends);
	tcase_add_test(t, a_long_list_is_read_in_good_time);
	suite_add_tcase(s, t);

	t = tcase_create("parts");
	tcase_add_loop_test(t, extension, 0, ARRAY_LEN(extensions));
	tcase_add_test(t, a_route_in_a_local_part_is_seen);
	tcase_add_test(t, domains_and_literals);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
