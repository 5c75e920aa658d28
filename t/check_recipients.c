/*
 * recipients: lists read, every prefix refused, put in force and asked.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "param.h"
#include "recipients.h"

#define HEAD "posthouse-recipients 1\n"
#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const good[] = {
	HEAD "form plain\ndomain a.test complete\nalice@a.test\n@a.test\n"
	     "domain b.test partial\nend 2\n",
	HEAD "# made by hand\n\nform plain\r\ndomain A.test complete\r\n"
	     "Alice@A.TEST\r\nend 1\r\n",
	HEAD "form hashed pbkdf2-sha256 1000 " SALT
	     "\ndomain a.test complete\n" HASH "\nend 1\n",
	HEAD "form plain\nend 0\n",
};

static const struct {
	const char *text, *why;
	size_t line;
} bad[] = {
	{ "", "cut short", 0 },
	{ "posthouse-recipients 2\nform plain\nend 0\n", "newer", 1 },
	{ "alice@a.test\n", "not a list", 1 },
	{ HEAD "domain a.test complete\n", "no form", 2 },
	{ HEAD "form sealed\n", "not a form", 2 },
	{ HEAD "form hashed md5 1 " SALT "\n", "not a form", 2 },
	{ HEAD "form hashed pbkdf2-sha256 0 " SALT "\n", "rounds", 2 },
	{ HEAD "form hashed pbkdf2-sha256 99999999 " SALT "\n", "rounds", 2 },
	{ HEAD "form hashed pbkdf2-sha256 1000 00\n", "rounds", 2 },
	{ HEAD "form plain\nalice@a.test\n", "in front of the first", 3 },
	{ HEAD "form plain\ndomain a..b complete\n", "malformed domain", 3 },
	{ HEAD "form plain\ndomain a.test\n", "neither", 3 },
	{ HEAD "form plain\ndomain a.test complete\ndomain A.test complete\n",
	    "twice", 4 },
	{ HEAD "form plain\ndomain a.test complete\nalice@b.test\n",
	    "not an address of that", 4 },
	{ HEAD "form plain\ndomain a.test complete\nalice\n",
	    "not an address of that", 4 },
	{ HEAD "form plain\ndomain a.test complete\na\001b@a.test\n",
	    "not an address of that", 4 },
	{ HEAD "form hashed pbkdf2-sha256 1 " SALT "\ndomain a.test complete\n"
	       "alice@a.test\n",
	    "hexadecimal", 4 },
	{ HEAD "form plain\ndomain a.test complete\nalice@a.test\nend 2\n",
	    "as many", 5 },
	{ HEAD "form plain\nend 0\nalice@a.test\n", "behind the end", 4 },
};

START_TEST(a_list_is_read_and_no_part_of_it)
{
	struct slice text = slice_of(good[_i]);
	struct recipients r;
	const char *why;
	size_t line;

	for (size_t n = 0; n < text.len; n++) {
		char *part = malloc(n + 1); /* of this size, for sanitizers */
		bool whole = text.len - n <= 2; /* only the line's end */

		memcpy(part, text.at, n);
		bool read = recipients_parse(&r, (struct slice){ part, n },
		    &line, &why);
		ck_assert_msg(!read || whole, "the first %zu bytes", n);
		recipients_free(&r);
		free(part);
	}
	ck_assert(recipients_parse(&r, text, &line, &why));
	recipients_free(&r);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	struct recipients r;
	const char *why;
	size_t line;

	ck_assert(!recipients_parse(&r, slice_of(bad[_i].text), &line, &why));
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s", why);
	ck_assert_uint_eq(line, bad[_i].line);
	recipients_free(&r);
}
END_TEST

static void
fill(struct recipients *r, bool hashed)
{
	*r = (struct recipients){ 0 };
	if (hashed)
		r->form = (struct recipients_form){ true, 10, { 1, 2, 3 } };
	struct recipients_domain *d = recipients_add_domain(r, "A.test");
	for (int i = 0; i < 40; i++) {
		char address[32];

		snprintf(address, sizeof(address), "User%d@a.test", i);
		recipients_add(r, d, address);
	}
	recipients_add(r, d, "alice@a.test");
	d = recipients_add_domain(r, "all.test");
	recipients_add(r, d, "@all.test");
}

START_TEST(what_is_written_is_read)
{
	struct recipients r, back;
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf again = { 0 };
	const char *why;
	size_t line;

	fill(&r, _i == 1);
	recipients_put(&text, &r);
	ck_assert(recipients_parse(&back, (struct slice){ text.text, text.len },
	    &line, &why));
	recipients_put(&again, &back);
	ck_assert_str_eq(buf_str(&text), buf_str(&again));
	ck_assert_int_eq(strstr(text.text, "alice") == NULL, _i == 1);
	recipients_free(&r);
	recipients_free(&back);
}
END_TEST

/* Over the folded address, with the salt. */
START_TEST(the_hash_is_the_one_that_it_says)
{
	struct recipients_form f = { true, 1, { 0 } };
	CLEAN_BUF struct buf one = { 0 };
	CLEAN_BUF struct buf two = { 0 };

	recipients_key(&one, &f, "Alice@A.test");
	recipients_key(&two, &f, "alice@a.test");
	ck_assert_str_eq(buf_str(&one), buf_str(&two));
	ck_assert_uint_eq(one.len, 64);
	f.salt[0] = 1;
	buf_reset(&two);
	recipients_key(&two, &f, "alice@a.test");
	ck_assert_str_ne(buf_str(&one), buf_str(&two));
}
END_TEST

/* ---- in force ---- */

static char folder[64], spec[96];

static void
start(void)
{
	snprintf(folder, sizeof(folder), "/tmp/check_recipients.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(spec, sizeof(spec), "lmdb:%s/lists", folder);
	params.recipient_lists = spec;
	params.recipient_delimiter = xstrdup("+");
}

static void
finish(void)
{
	CLEAN_BUF struct buf file = { 0 };

	buf_addf(&file, "%s/lists.lmdb", folder);
	(void)unlink(buf_str(&file));
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
install(bool hashed, bool final)
{
	struct recipients r;
	const char *why = "";

	fill(&r, hashed);
	bool ok = recipients_install(&r, final, 1000, &why);
	ck_assert_msg(ok, "%s", why);
	recipients_free(&r);
}

static enum listed
find(const char *address)
{
	CLEAN_ARENA struct arena a = { 0 };

	return recipients_find(&a, address);
}

static void
count(void *arg, const char *domain, const struct recipients_info *i)
{
	int64_t *n = arg;

	ck_assert_int_eq(i->n, str_eq(domain, "a.test") ? 41 : 1);
	ck_assert_int_eq(i->when, 1000);
	*n += i->n;
}

START_TEST(a_list_decides_from_the_next_question_on)
{
	bool hashed = (_i & 1) != 0, final = (_i & 2) != 0;
	const char *why = "";
	int64_t n = 0;

	start();
	ck_assert(recipients_open(&why));
	ck_assert_int_eq(find("alice@a.test"), LISTED_NO_LIST);
	install(!hashed, !final);
	ck_assert(recipients_open(&why));
	install(hashed, final); /* in the place of the other */
	ck_assert_int_eq(find("alice@a.test"), LISTED_YES);
	ck_assert_int_eq(find("ALICE@a.test"), LISTED_YES);
	ck_assert_int_eq(find("alice+news@a.test"), LISTED_YES);
	ck_assert_int_eq(find("user39@a.test"), LISTED_YES);
	ck_assert_int_eq(find("user40@a.test"),
	    final ? LISTED_NEVER : LISTED_NO);
	ck_assert_int_eq(find("whoever@all.test"), LISTED_YES);
	ck_assert_int_eq(find("alice@b.test"), LISTED_NO_LIST);
	ck_assert(recipients_each(count, &n, &why));
	ck_assert_int_eq(n, 42);
	finish();
}
END_TEST

START_TEST(a_list_that_is_dropped_is_gone_and_others_stay)
{
	const char *why = "";

	start();
	install(true, true);
	ck_assert_int_eq(recipients_remove("b.test", &why), FOUND_NONE);
	ck_assert_int_eq(recipients_remove("a.test", &why), FOUND_ONE);
	ck_assert(recipients_open(&why));
	ck_assert_int_eq(find("alice@a.test"), LISTED_NO_LIST);
	ck_assert_int_eq(find("whoever@all.test"), LISTED_YES);
	finish();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("recipients");
	TCase *t = tcase_create("recipients");

	tcase_add_loop_test(t, a_list_is_read_and_no_part_of_it, 0,
	    (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, what_is_wrong_is_said, 0, (int)ARRAY_LEN(bad));
	tcase_add_loop_test(t, what_is_written_is_read, 0, 2);
	tcase_add_test(t, the_hash_is_the_one_that_it_says);
	tcase_add_loop_test(t, a_list_decides_from_the_next_question_on, 0, 4);
	tcase_add_test(t, a_list_that_is_dropped_is_gone_and_others_stay);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
