/*
 * table: types that are text, patterns, lists, addresses and domains by parts.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "param.h"
#include "table.h"
#include "table_type.h"

#define TEMPLATE "/tmp/check_table.XXXXXX"

static char path[sizeof(TEMPLATE)];

static void
put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
	memcpy(path, TEMPLATE, sizeof(path));
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close_fd(&fd);
	params.recipient_delimiter = "+";
}

static void
teardown(void)
{
	ck_assert_int_eq(unlink(path), 0);
}

/* Opens TYPE:FILE with this text in it, or the spec as it is where there is no
 * text. */
static struct table *
open_with(const char *type, const char *text, const char **why)
{
	CLEAN_BUF struct buf spec = { 0 };

	buf_adds(&spec, type);
	if (text != NULL) {
		put(text, strlen(text));
		buf_addf(&spec, ":%s", path);
	}
	return table_open(buf_str(&spec), why);
}

/* ---- what tables answer ---- */

#define NONE  "(none)"
#define LATER "(later)"

static const struct {
	const char *type, *text, *key, *want;
} answers[] = {
	{ "static:x", NULL, "any", "x" },
	{ "static:{ x y }", NULL, "any", "x y" },
	{ "fail:x", NULL, "any", LATER },
	{ "passwd:", NULL, "root", LATER },
	{ "inline:{a=b}", NULL, "a", "b" },
	{ "inline:{a=b}", NULL, "A", "b" },
	{ "inline:{a=b}", NULL, "b", NONE },
	{ "inline:{a=b, c=d}", NULL, "c", "d" },
	{ "inline:{ {a = b c}, d=e=f }", NULL, "a", "b c" },
	{ "inline:{ {a = b c}, d=e=f }", NULL, "d", "e=f" },
	{ "texthash", "k v\n", "k", "v" },
	{ "texthash", "# c\nK  v w \n\n", "k", "v w" },
	{ "texthash", "k v\n  w\r\nl x\n", "k", "v  w" },
	{ "texthash", "k v\n  w\r\nl x\n", "L", "x" },
	{ "texthash", "k v\nk w\n", "k", "v" },
	{ "texthash", "\"a b\"@c d\n", "a b@c", "d" },
	{ "texthash", "\"a\\\"b\"@c d\n", "a\"b@c", "d" },
	{ "texthash", "", "k", NONE },
	{ "cidr", "10.0.0.0/8 a\n", "10.1.2.3", "a" },
	{ "cidr", "10.0.0.0/8 a\n", "11.1.2.3", NONE },
	{ "cidr", "10.0.0.0/8 a\n", "::ffff:10.0.0.1", "a" },
	{ "cidr", "10.0.0.0/8 a\n", "host", NONE },
	{ "cidr", "!10.0.0.0/8 a\n", "host", NONE },
	{ "cidr", "!10.0.0.0/8 a\n", "11.0.0.1", "a" },
	{ "cidr", "10.0.0.1 a\n0.0.0.0/0 b\n", "10.0.0.2", "b" },
	{ "cidr", "2001:db8::/32 a\n", "2001:db8:1::1", "a" },
	{ "cidr", "[2001:db8::]/33 a\n", "2001:db8:8000::1", NONE },
	{ "cidr", "0.0.0.0/0 a\n", "::1", NONE },
	{ "cidr", "1.2.3.4 $1 x\n", "1.2.3.4", "$1 x" },
	{ "cidr", "if 10.0.0.0/8\n10.1.0.0/16 a\nendif\n0.0.0.0/0 b\n",
	    "10.1.0.1", "a" },
	{ "cidr", "if !10.0.0.0/8\n0.0.0.0/0 a\nendif\n0.0.0.0/0 b\n",
	    "10.1.0.1", "b" },
	{ "regexp", "/^a/ x\n", "Ab", "x" },
	{ "regexp", "/^a/i x\n", "Ab", NONE },
	{ "regexp", "/^(.*)@(.*)$/ $2!${1}\n", "u@h", "h!u" },
	{ "regexp", "/^(a)(b)?/ [$2]\n", "a", "[]" },
	{ "regexp", "/a/ $$1\n", "a", "$1" },
	{ "regexp", "!/a/ x\n", "b", "x" },
	{ "regexp", "!/a/ x\n", "a", NONE },
	{ "regexp", "|a/b| x\n", "a/b", "x" },
	{ "regexp", "/a\\/b/ x\n", "a/b", "x" },
	{ "regexp", "/a(b)/x x\n", "a(b)", "x" },
	{ "regexp", "if /a/\n/b/ x\nendif\n/c/ y\n", "bc", "y" },
	{ "regexp", "if /a/\n/b/ x\nendif\n/c/ y\n", "abc", "x" },
	{ "regexp", "if/a/\nif !/b/\n/./ x\nendif\n/./ y\nendif\n/./ z\n", "ab",
	    "y" },
	{ "regexp", "if/a/\nif !/b/\n/./ x\nendif\n/./ y\nendif\n/./ z\n", "c",
	    "z" },
	{ "regexp", "/a/ x\n y\n", "a", "x y" },
	{ "regexp", "/a/\n", "a", "" },
	{ "pcre", "/^a/ x\n", "Ab", "x" },
	{ "pcre", "/^a/i x\n", "Ab", NONE },
	{ "pcre", "/^(?<n>\\w+)@(.*)$/ $(2) $1\n", "u@h", "h u" },
	{ "pcre", "/^(a)(b)?(c)/ [$2]$3\n", "ac", "[]c" },
	{ "pcre", "/a.b/ x\n", "a\nb", "x" },
	{ "pcre", "/a.b/s x\n", "a\nb", NONE },
	{ "pcre", "/ a # c/x x\n", "a", "x" },
	{ "pcre", "/^(a+)+$/ x\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	    LATER },
	{ "pcre", "!/^(a+)+$/ x\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	    LATER },
};

static const char *
say(enum found found, const struct buf *out)
{
	if (found == FOUND_NONE)
		return NONE;
	return found == FOUND_FAILED ? LATER : buf_str(out);
}

START_TEST(a_table_answers)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why = "";
	struct table *t = open_with(answers[_i].type, answers[_i].text, &why);

	ck_assert_msg(t != NULL, "%s", why);
	enum found found = table_get(t, answers[_i].key, &out);
	ck_assert_str_eq(say(found, &out), answers[_i].want);
	if (found != FOUND_ONE)
		ck_assert_uint_eq(out.len, 0);
	table_close(&t);
	ck_assert_ptr_null(t);
}
END_TEST

START_TEST(every_prefix_opens_or_is_refused)
{
	if (answers[_i].text == NULL)
		return;
	for (size_t n = 0; n <= strlen(answers[_i].text); n++) {
		char *text = strndup(answers[_i].text, n);
		const char *why = NULL;
		struct table *t = open_with(answers[_i].type, text, &why);
		CLEAN_BUF struct buf out = { 0 };
		ck_assert(t != NULL || (why != NULL && why[0] != '\0'));
		if (t != NULL)
			(void)table_get(t, "a", &out);
		table_close(&t);
		free(text);
	}
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	const char *type, *text, *why; /* part of it */
} refused[] = {
	{ "hash:/x", NULL, "hash:/x: write lmdb:/x, and build it with mtable" },
	{ "nosuch:/x", NULL, "nosuch:/x: the type is none of cidr fail" },
	{ "/x", NULL, "/x: write TYPE:NAME" },
	{ "texthash:/nonexistent", NULL, "/nonexistent: No such file" },
	{ "lmdb:/nonexistent", NULL, "/nonexistent.lmdb: No such file" },
	{ "cidr:/nonexistent", NULL, "/nonexistent: No such file" },
	{ "inline:a=b", NULL, "write inline:{key=value" },
	{ "inline:{a=b", NULL, "write inline:{key=value" },
	{ "inline:{}", NULL, "the table is empty" },
	{ "inline:{a}", NULL, "a: write key=value" },
	{ "inline:{a=}", NULL, "a=: write key=value" },
	{ "inline:{=b}", NULL, "=b: write key=value" },
	{ "texthash", "k\n", ":1: k: there is no value" },
	{ "texthash", "\n k v\n", ":2: k v: white space in front" },
	{ "texthash", "a: b\n", ":1: a:: this looks like an alias" },
	{ "cidr", "x y\n", ":1: not an address" },
	{ "cidr", "10.0.0.1/8 y\n", ":1: the address has bits behind" },
	{ "cidr", "10.0.0.0/33 y\n", ":1: what follows / is not" },
	{ "cidr", "10.0.0.0/ y\n", ":1: what follows / is not" },
	{ "cidr", "10.0.0.0/8/8 y\n", ":1: what follows / is not" },
	{ "cidr", "endif\n", ":1: there is no if" },
	{ "cidr", "\nif 10.0.0.0/8\n", ":2: there is no endif" },
	{ "cidr", "if 10.0.0.0/8 x\n", ":1: text behind the pattern" },
	{ "cidr", "if\n", ":1: a pattern is missing" },
	{ "cidr", "!\n", ":1: a pattern is missing" },
	{ "cidr", "if 0.0.0.0/0\nendif x\n", ":2: text behind endif" },
	{ "regexp", "/a\n", ":1: the pattern has no end" },
	{ "regexp", "/a\\/\n", ":1: the pattern has no end" },
	{ "regexp", "a x\n", ":1: a pattern is missing" },
	{ "regexp", "/(/ x\n", ":1: Unmatched ( or" },
	{ "regexp", "/a/q x\n", ":1: there is no flag q" },
	{ "regexp", "/a/ $1\n", ":1: a $ that is no $number" },
	{ "regexp", "/(a)/ ${1\n", ":1: a $ that is no $number" },
	{ "regexp", "/(a)/ $x\n", ":1: a $ that is no $number" },
	{ "regexp", "!/(a)/ $1\n", ":1: a pattern with ! has no $number" },
	{ "pcre", "/(/ x\n", ":1: missing closing parenthesis, at letter" },
	{ "pcre", "/a/\n/b/ $99\n", ":2: a $ that is no $number" },
};

START_TEST(a_bad_table_is_refused)
{
	const char *why = "";
	struct table *t = open_with(refused[_i].type, refused[_i].text, &why);

	ck_assert_ptr_null(t);
	ck_assert_msg(strstr(why, refused[_i].why) != NULL, "%s", why);
}
END_TEST

START_TEST(a_key_that_is_too_long_is_not_judged)
{
	const char *why = "";
	struct table *t = open_with("regexp", "!/b/ x\n", &why);
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_BUF struct buf key = { 0 };

	for (int i = 0; i < 70000; i++)
		buf_addc(&key, 'a');
	ck_assert_int_eq(table_get(t, buf_str(&key), &out), FOUND_FAILED);
	table_close(&t);
}
END_TEST

/* ---- lists and parts ---- */

START_TEST(tables_are_asked_in_order)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why = "";
	struct tables ts;

	ck_assert(tables_open(&ts,
	    "inline:{a=1, b=2}, inline:{a=3, {c = 4}} fail:x static:5", &why));
	ck_assert_uint_eq(ts.n, 4);
	ck_assert_int_eq(tables_get(&ts, "a", &out), FOUND_ONE);
	ck_assert_int_eq(tables_get(&ts, "c", &out), FOUND_ONE);
	ck_assert_int_eq(tables_get(&ts, "d", &out), FOUND_FAILED);
	ck_assert_str_eq(buf_str(&out), "14");
	tables_free(&ts);

	ck_assert(!tables_open(&ts, "inline:{a=1} hash:x", &why));
	ck_assert_uint_eq(ts.n, 0);
	ck_assert(tables_open(&ts, "", &why));
	ck_assert_int_eq(tables_get(&ts, "a", &out), FOUND_NONE);
	tables_free(&ts);
}
END_TEST

START_TEST(only_lookup_knows_a_remote_table)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why = "";
	struct tables ts;

	ck_assert(tables_open(&ts, "passwd: inline:{a=1}", &why));
	ck_assert(tables_any_remote(&ts));
	ck_assert_int_eq(tables_get(&ts, "a", &out), FOUND_ONE);
	ck_assert_int_eq(tables_get(&ts, "b", &out), FOUND_FAILED);
	ck_assert_int_eq(tables_get_here(&ts, "b", &out), FOUND_NONE);
	ck_assert_int_eq(tables_get_address(&ts, "b@c", true, &out, NULL),
	    FOUND_FAILED);
	tables_free(&ts);
}
END_TEST

static const struct {
	const char *table, *address;
	bool local;
	const char *want, *ext;
} addresses[] = {
	{ "{u+e@h=1, u@h=2, u+e=3, u=4, @h=5}", "u+e@h", true, "1", "" },
	{ "{u@h=2, u+e=3, u=4, @h=5}", "u+e@h", true, "2", "+e" },
	{ "{u+e=3, u=4, @h=5}", "u+e@h", true, "3", "" },
	{ "{u=4, @h=5}", "u+e@h", true, "4", "+e" },
	{ "{@h=5}", "u+e@h", true, "5", "" },
	{ "{u+e=3, u=4, @h=5}", "u+e@h", false, "5", "" },
	{ "{u=4}", "u+e@h", false, NONE, "" },
	{ "{u@h=2}", "U@h", false, "2", "" },
	{ "{u=4}", "u+e", false, "4", "+e" },
	{ "{u=4}", "u", false, "4", "" },
	{ "{x=4}", "@h", true, NONE, "" },
	{ "{x=4}", "", true, NONE, "" },
};

START_TEST(an_address_is_found_by_its_parts)
{
	CLEAN_BUF struct buf spec = { 0 };
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_BUF struct buf ext = { 0 };
	const char *why = "";
	struct tables ts;

	buf_addf(&spec, "inline:%s", addresses[_i].table);
	ck_assert_msg(tables_open(&ts, buf_str(&spec), &why), "%s", why);
	enum found found = tables_get_address(&ts, addresses[_i].address,
	    addresses[_i].local, &out, &ext);
	ck_assert_str_eq(say(found, &out), addresses[_i].want);
	ck_assert_str_eq(buf_str(&ext), addresses[_i].ext);
	tables_free(&ts);
}
END_TEST

START_TEST(patterns_see_whole_addresses_only)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why = "";
	struct tables ts;

	put("/^@h$/ part\n/^u$/ part\n/^h$/ part\n",
	    strlen("/^@h$/ part\n/^u$/ part\n/^h$/ part\n"));
	buf_addf(&out, "pcre:%s", path);
	ck_assert(tables_open(&ts, buf_str(&out), &why));
	ck_assert_int_eq(tables_get_address(&ts, "u@h", true, &out, NULL),
	    FOUND_NONE);
	ck_assert_int_eq(tables_get_domain(&ts, "x.h", true, &out), FOUND_NONE);
	ck_assert_int_eq(tables_get_domain(&ts, "h", true, &out), FOUND_ONE);
	tables_free(&ts);
}
END_TEST

static const struct {
	const char *table, *domain;
	bool parents;
	const char *want;
} by_domain[] = {
	{ "{a.b.c=1, b.c=2, .b.c=3}", "a.b.c", true, "1" },
	{ "{b.c=2, .b.c=3}", "a.b.c", true, "2" },
	{ "{b.c=2, .b.c=3}", "a.b.c", false, "3" },
	{ "{b.c=2}", "a.b.c", false, NONE },
	{ "{c=2}", "a.b.c", true, "2" },
	{ "{.c=2}", "a.b.c", false, "2" },
	{ "{.c=2}", "c", false, NONE },
	{ "{.0.1]=2}", "[1.0.0.1]", false, NONE },
	{ "{.c=2}", "", false, NONE },
};

START_TEST(a_domain_is_found_by_its_parents)
{
	CLEAN_BUF struct buf spec = { 0 };
	CLEAN_BUF struct buf out = { 0 };
	const char *why = "";
	struct tables ts;

	buf_addf(&spec, "inline:%s", by_domain[_i].table);
	ck_assert_msg(tables_open(&ts, buf_str(&spec), &why), "%s", why);
	enum found found = tables_get_domain(&ts, by_domain[_i].domain,
	    by_domain[_i].parents, &out);
	ck_assert_str_eq(say(found, &out), by_domain[_i].want);
	tables_free(&ts);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("table");
	TCase *t = tcase_create("table");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_table_answers, 0, ARRAY_LEN(answers));
	tcase_add_loop_test(t, every_prefix_opens_or_is_refused, 0,
	    ARRAY_LEN(answers));
	tcase_add_loop_test(t, a_bad_table_is_refused, 0, ARRAY_LEN(refused));
	tcase_add_test(t, a_key_that_is_too_long_is_not_judged);
	tcase_add_test(t, tables_are_asked_in_order);
	tcase_add_test(t, only_lookup_knows_a_remote_table);
	tcase_add_loop_test(t, an_address_is_found_by_its_parts, 0,
	    ARRAY_LEN(addresses));
	tcase_add_test(t, patterns_see_whole_addresses_only);
	tcase_add_loop_test(t, a_domain_is_found_by_its_parents, 0,
	    ARRAY_LEN(by_domain));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
