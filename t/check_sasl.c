/*
 * sasl: names, options, verifiers.  The servers' dialogues are in
 * check_sasl_server.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "base64.h"
#include "sasl.h"

START_TEST(names_are_found_in_any_case)
{
	ck_assert_int_eq(sasl_mech(slice_of("plain")), SASL_PLAIN);
	ck_assert_int_eq(sasl_mech(slice_of("Scram-SHA-256-plus")),
	    SASL_SCRAM_PLUS);
	ck_assert_int_eq(sasl_mech(slice_of("PLAI")), SASL_NONE);
	ck_assert_int_eq(sasl_mech(slice_of("")), SASL_NONE);
	for (int i = SASL_NONE + 1; i < SASL_MECHS; i++)
		ck_assert_int_eq(sasl_mech(
				     slice_of(sasl_name((enum sasl_mech)i))),
		    i);
}
END_TEST

START_TEST(options_are_postfixs)
{
	uint32_t without, with;
	const char *why;

	ck_assert(sasl_parse_options("noanonymous, noplaintext", &without,
	    &with, &why));
	ck_assert_uint_eq(without, SASL_ANONYMOUS | SASL_PLAINTEXT);
	ck_assert_uint_eq(with, 0);
	ck_assert(sasl_parse_options("mutual_auth", &without, &with, &why));
	ck_assert_uint_eq(with, SASL_MUTUAL);
	ck_assert(sasl_parse_options("", &without, &with, &why));
	ck_assert(!sasl_parse_options("noplain", &without, &with, &why));
}
END_TEST

START_TEST(users_are_text)
{
	char longest[SASL_USER_MAX + 1];

	ck_assert(sasl_is_user(slice_of("j\xc3\xbcrgen@example.com")));
	ck_assert(!sasl_is_user(slice_of("")));
	ck_assert(!sasl_is_user(slice_of("a\nb")));
	ck_assert(!sasl_is_user(slice_of("a\x7f")));
	ck_assert(!sasl_is_user(slice_of("\xfc")));
	ck_assert(!sasl_is_user((struct slice){ "a\0b", 3 }));
	memset(longest, 'a', sizeof(longest));
	ck_assert(sasl_is_user((struct slice){ longest, SASL_USER_MAX }));
	ck_assert(!sasl_is_user((struct slice){ longest, SASL_USER_MAX + 1 }));
	ck_assert(sasl_is_password((struct slice){ longest, 256 }));
}
END_TEST

/* RFC 7677 3. */
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="

START_TEST(a_verifier_survives_its_text)
{
	CLEAN_BUF struct buf salt = { 0 }, text = { 0 }, again = { 0 };
	struct scram_verifier v = { 0 }, back;
	uint8_t client[SCRAM_KEY];
	const char *why = "";

	ck_assert(base64_get(&salt, slice_of(SALT)));
	ck_assert(scram_keys(SLICE("pencil"),
	    (struct slice){ salt.text, salt.len }, 4096, client, &v));
	ck_assert(scram_is_key(client, v.stored));
	client[0] ^= 1;
	ck_assert(!scram_is_key(client, v.stored));

	scram_put(&text, &v);
	ck_assert_str_eq(buf_str(&text),
	    "SCRAM-SHA-256$4096:" SALT
	    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
	ck_assert_msg(scram_parse(buf_str(&text), &back, &why), "%s", why);
	scram_put(&again, &back);
	ck_assert_str_eq(buf_str(&again), buf_str(&text));
	for (size_t n = 0; n < text.len; n++) {
		text.text[n] ^= 1;
		bool ok = scram_parse(buf_str(&text), &back, &why);
		text.text[n] ^= 1;
		/* A letter of base64 may become another one. */
		ck_assert(!ok || n >= 14);
	}
	for (size_t n = text.len; n-- > 0;) {
		text.text[n] = '\0';
		ck_assert(!scram_parse(buf_str(&text), &back, &why));
	}
}
END_TEST

START_TEST(counts_have_bounds)
{
	struct scram_verifier v;
	const char *why;

	ck_assert(!scram_parse("SCRAM-SHA-256$4095:" SALT
			       "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
			       "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	    &v, &why));
	ck_assert_str_eq(why,
	    "has a SCRAM verifier with a bad iteration count");
}
END_TEST

START_TEST(bindings_have_names)
{
	struct sasl_bindings b = { .end_point = SLICE("cert") };

	ck_assert(sasl_can_bind(&b));
	ck_assert_uint_eq(sasl_binding(&b, slice_of("tls-exporter")).len, 0);
	ck_assert_uint_eq(
	    sasl_binding(&b, slice_of("tls-server-end-point")).len, 4);
	ck_assert_uint_eq(sasl_binding(&b, slice_of("tls-unique")).len, 0);
}
END_TEST

START_TEST(nonces_differ)
{
	CLEAN_BUF struct buf a = { 0 }, b = { 0 };

	sasl_nonce(&a);
	sasl_nonce(&b);
	ck_assert_uint_eq(a.len, 24);
	ck_assert_str_ne(buf_str(&a), buf_str(&b));
	ck_assert_ptr_null(strchr(buf_str(&a), ','));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sasl");
	TCase *t = tcase_create("sasl");

	tcase_add_test(t, names_are_found_in_any_case);
	tcase_add_test(t, options_are_postfixs);
	tcase_add_test(t, users_are_text);
	tcase_add_test(t, a_verifier_survives_its_text);
	tcase_add_test(t, counts_have_bounds);
	tcase_add_test(t, bindings_have_names);
	tcase_add_test(t, nonces_differ);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
