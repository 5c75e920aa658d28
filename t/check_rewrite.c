/*
 * rewrite: completion of addresses, virtual aliases.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "check_conf.h"
#include "rewrite.h"
#include "route.h"

static const char conf[] =
    "myhostname = mail.example.org\n"
    "mydomain = example.org\n"
    "myorigin = $mydomain\n"
    "mydestination = mail.example.org\n"
    "inet_interfaces = 127.0.0.1\n"
    "local_recipient_maps =\n"
    "append_dot_mydomain = yes\n"
    "recipient_delimiter = +\n"
    "virtual_alias_domains = a.example\n"
    "virtual_alias_recursion_limit = 20\n"
    "virtual_alias_expansion_limit = 30\n"
    "virtual_alias_maps = inline:{"
    " {one@a.example = bob@b.example}"
    " {two@a.example = Bob@B.example, Carol <carol@c.example>}"
    " {blanks@a.example = bob@b.example carol@c.example}"
    " {plain@a.example = bob}"
    " {deep@a.example = one@a.example, two@a.example}"
    " {self@a.example = self@a.example, bob@b.example}"
    " {loop@a.example = pool@a.example}"
    " {pool@a.example = loop@a.example}"
    " {many@a.example = many1@a.example, many1@a.example}"
    " {many1@a.example = many2@a.example, many2@a.example}"
    " {many2@a.example = many3@a.example, many3@a.example}"
    " {many3@a.example = many4@a.example, many4@a.example}"
    " {many4@a.example = x@b.example, y@b.example}"
    " {broken@a.example = bob@b.example, a@@b}"
    " {@all.example = catch@b.example}"
    " {@old.example = @new.example}"
    " {home = dave@d.example}"
    " }\n";

static void
open_with(const char *more)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *why = "";

	load_conf(arena_printf(&a, "%s%s", conf, more));
	ck_assert_msg(route_open(&why), "%s", why);
}

static const char *const completed[][2] = {
	{ "alice", "alice@example.org" },
	{ "alice@host", "alice@host.example.org" },
	{ "alice@host.example", "alice@host.example" },
	{ "alice@[127.0.0.1]", "alice@[127.0.0.1]" },
	{ "", "" },
};

START_TEST(an_address_is_completed)
{
	CLEAN_ARENA struct arena a = { 0 };

	load_conf(conf);
	struct addr addr = rewrite_complete(&a,
	    addr_split(&a, completed[_i][0]));
	ck_assert_str_eq(addr_internal(&a, &addr), completed[_i][1]);
}
END_TEST

START_TEST(completion_can_be_off)
{
	CLEAN_ARENA struct arena a = { 0 };

	load_conf("append_at_myorigin = no\nappend_dot_mydomain = no\n"
		  "myhostname = x.example\n");
	struct addr addr = rewrite_complete(&a, (struct addr){ "a", "" });
	ck_assert_str_eq(addr_internal(&a, &addr), "a");
	addr = rewrite_complete(&a, (struct addr){ "a", "host" });
	ck_assert_str_eq(addr_internal(&a, &addr), "a@host");
}
END_TEST

static const char *const fields[][2] = {
	{ " alice", " alice@example.org" },
	{ " alice, bob@host (x),\r\n carol@c.example",
	    " alice@example.org, bob@host.example.org (x),\r\n "
	    "carol@c.example" },
	{ " Alice <alice>", " Alice <alice@example.org>" },
	{ " g: alice, <bob>;", " g: alice@example.org, <bob@example.org>;" },
	{ " \"a b\" (c)", " \"a b\"@example.org (c)" },
	{ " a@@b, alice", " a@@b, alice@example.org" },
	{ " undisclosed-recipients:;", " undisclosed-recipients:;" },
	{ "", "" },
};

START_TEST(a_field_is_completed_in_place)
{
	CLEAN_BUF struct buf out = { 0 };

	load_conf(conf);
	rewrite_field_value(&out, slice_of(fields[_i][0]));
	ck_assert_str_eq(buf_str(&out), fields[_i][1]);
}
END_TEST

static const struct {
	const char *name;
	bool is;
} names[] = {
	{ "From: x\n", true },
	{ "resent-to: x\n", true },
	{ "CC: x\n", true },
	{ "Resent-: x\n", false },
	{ "Subject: x\n", false },
	{ "Tos: x\n", false },
};

START_TEST(fields_with_addresses_are_known)
{
	struct slice rest = slice_of(names[_i].name);
	struct header_field f;

	ck_assert(header_next(&rest, &f));
	ck_assert_int_eq(rewrite_is_address_field(&f), names[_i].is);
}
END_TEST

static const struct {
	const char *more, *address;
	enum found found;
	const char *want; /* members, or why */
} aliases[] = {
	{ "", "x@b.example", FOUND_NONE, "x@b.example" },
	{ "", "one@a.example", FOUND_ONE, "bob@b.example" },
	{ "", "one+ext@a.example", FOUND_ONE, "bob+ext@b.example" },
	{ "", "two@a.example", FOUND_ONE, "Bob@b.example carol@c.example" },
	{ "", "blanks@a.example", FOUND_ONE, "bob@b.example carol@c.example" },
	{ "", "plain@a.example", FOUND_ONE, "bob@example.org" },
	{ "", "deep@a.example", FOUND_ONE,
	    "bob@b.example Bob@b.example carol@c.example" },
	{ "", "self@a.example", FOUND_ONE, "self@a.example bob@b.example" },
	{ "", "any@all.example", FOUND_ONE, "catch@b.example" },
	{ "", "a b+x@old.example", FOUND_ONE, "a b+x@new.example" },
	{ "", "home@mail.example.org", FOUND_ONE, "dave@d.example" },
	{ "", "home@example.org", FOUND_ONE, "dave@d.example" },
	{ "", "home@b.example", FOUND_NONE, "home@b.example" },
	{ "", "loop@a.example", FOUND_FAILED,
	    "virtual_alias_recursion_limit exceeded" },
	{ "", "many@a.example", FOUND_FAILED,
	    "virtual_alias_expansion_limit exceeded" },
	{ "", "many3@a.example", FOUND_ONE,
	    "x@b.example x@b.example y@b.example y@b.example" },
	{ "", "broken@a.example", FOUND_FAILED,
	    "malformed value in virtual_alias_maps" },
	{ "virtual_alias_maps = fail:down\n", "one@a.example", FOUND_FAILED,
	    "virtual_alias_maps could not be asked" },
	{ "virtual_alias_maps =\n", "one@a.example", FOUND_NONE,
	    "one@a.example" },
};

START_TEST(virtual_alias)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	struct rewrite_members m;
	const char *why = "";

	open_with(aliases[_i].more);
	enum found f = rewrite_virtual(&a, aliases[_i].address, &m, &why);
	for (size_t i = 0; i < m.n && f != FOUND_FAILED; i++)
		buf_addf(&got, "%s%s", i > 0 ? " " : "", m.at[i]);
	if (f == FOUND_FAILED)
		buf_adds(&got, why);
	ck_assert_str_eq(buf_str(&got), aliases[_i].want);
	ck_assert_int_eq(f, aliases[_i].found);
	route_close();
}
END_TEST

START_TEST(a_recipient_is_new_once)
{
	struct map seen = { 0 };

	ck_assert(rewrite_is_new(&seen, "Alice@x.y"));
	ck_assert(!rewrite_is_new(&seen, "alice@x.y"));
	ck_assert(rewrite_is_new(&seen, "bob@x.y"));
	map_free(&seen);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("rewrite");
	TCase *t = tcase_create("rewrite");

	tcase_add_loop_test(t, an_address_is_completed, 0,
	    ARRAY_LEN(completed));
	tcase_add_test(t, completion_can_be_off);
	tcase_add_loop_test(t, a_field_is_completed_in_place, 0,
	    ARRAY_LEN(fields));
	tcase_add_loop_test(t, fields_with_addresses_are_known, 0,
	    ARRAY_LEN(names));
	tcase_add_loop_test(t, virtual_alias, 0, ARRAY_LEN(aliases));
	tcase_add_test(t, a_recipient_is_new_once);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
