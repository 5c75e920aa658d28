/*
 * authres: whose results a field claims to be, however it is written.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "authres.h"

#define OURS  "m\xc3\xbcller.example"
#define ASCII "xn--mller-kva.example"
#define WIDE  "\xef\xbd\x8d\xef\xbd\x98.example.org" /* of full width */

static const struct {
	const char *value;
	bool claims; /* mx.example.org */
} fields[] = {
	{ " mx.example.org; spf=pass", true },
	{ "mx.example.org;none", true },
	{ " MX.Example.ORG; spf=pass", true },
	{ " mx.example.org. ; spf=pass", true },
	{ " mx.example.org 1; spf=pass", true },
	{ "\r\n\tmx.example.org\r\n\t;\r\n\tspf=pass", true },
	{ " (a (nested \\) one)) mx.example.org (x) 1 (y); spf=pass", true },
	{ " \"mx.example.org\"; spf=pass", true },
	{ " \"mx.ex\\ample.org\"; spf=pass", true },
	{ " \"mx.\r\n example.org\"; spf=pass", false },
	{ " \" mx.example.org \"; spf=pass", true },
	{ " mx.example.org", true },
	/* not well-formed: who knows how it is read */
	{ "", true },
	{ " ", true },
	{ " ; spf=pass", true },
	{ " (mx.example.org", true },
	{ " \"mx.example.org", true },
	{ " mx.example.org spf=pass", true },
	{ " mx.example.org/x; spf=pass", true },
	{ " mx.example.org (", true },
	/* of others */
	{ " other.example.org; spf=pass", false },
	{ " mx.example.organic; spf=pass", false },
	{ " amx.example.org; spf=pass", false },
	{ " other.example (mx.example.org); spf=pass", false },
	{ " " OURS "; spf=pass", false },
	/* the same name to who maps letters */
	{ " " WIDE "; spf=pass", true },
	{ " \"" WIDE "\" 1; spf=pass", true },
};

static const struct {
	const char *value, *id;
	bool claims;
} forms[] = {
	{ " " OURS "; spf=pass", ASCII, true },
	{ " M\xc3\x9cLLER.example.; spf=pass", ASCII, true },
	{ " XN--MLLER-KVA.example 1; spf=pass", OURS, true },
	{ " " OURS "; spf=pass", OURS, true },
	{ " m\xc3\xb6ller.example; spf=pass", ASCII, false },
	{ " m\xff.example; spf=pass", ASCII, false },
};

START_TEST(a_name_has_two_forms)
{
	ck_assert_int_eq(authres_claims(slice_of(forms[_i].value),
			     forms[_i].id),
	    forms[_i].claims);
}
END_TEST

START_TEST(a_claim_is_seen)
{
	ck_assert_int_eq(authres_claims(slice_of(fields[_i].value),
			     "mx.example.org"),
	    fields[_i].claims);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	static const char quoted[] = " \"mx.example.org\0x\"; spf=pass";
	static const char word[] = " mx.example.org\0x; spf=pass";

	ck_assert(authres_claims(SLICE(quoted), "mx.example.org"));
	ck_assert(authres_claims(SLICE(word), "mx.example.org"));
}
END_TEST

START_TEST(every_prefix_is_read)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice all = slice_of(fields[i].value);

		for (size_t n = 0; n <= all.len; n++) {
			CLEAN_STR char *copy = xcalloc(1, n + 1);

			for (size_t k = 0; k < n; k++)
				copy[k] = all.at[k];
			(void)authres_claims((struct slice){ copy, n }, "x");
		}
	}
}
END_TEST

START_TEST(only_words_are_written)
{
	CLEAN_BUF struct buf out = { 0 };

	authres_put(&out, "spf", "pass", "smtp.mailfrom", "a.example");
	authres_put(&out, "spf", "fail", "smtp.helo", "x; dkim=pass");
	authres_put(&out, "spf", "none", "smtp.helo", "");
	ck_assert_str_eq(buf_str(&out),
	    "; spf=pass smtp.mailfrom=a.example; spf=fail; spf=none");
}
END_TEST

START_TEST(words_are_read)
{
	static const char field[] =
	    " mx.example 1; Dkim = pass (x; y=z) reason=\"a; b=c\""
	    " header.b=AA== header.d=x.test;;spf=fail;";
	struct authres_reader r = { .rest = SLICE(field) };
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	struct authres_word w;

	ck_assert(authres_enter(&r));
	while (authres_next(&r, &a, &w))
		buf_addf(&got, "%s%s=%s", w.method ? "; " : " ", w.name,
		    w.value);
	ck_assert_str_eq(buf_str(&got),
	    "; dkim=pass reason=a; b=c header.b=AA== header.d=x.test; "
	    "spf=fail");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("authres");
	TCase *t = tcase_create("authres");

	tcase_add_loop_test(t, a_claim_is_seen, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(t, a_name_has_two_forms, 0, ARRAY_LEN(forms));
	tcase_add_test(t, a_nul_is_no_end);
	tcase_add_test(t, every_prefix_is_read);
	tcase_add_test(t, only_words_are_written);
	tcase_add_test(t, words_are_read);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
