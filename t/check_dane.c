/*
 * dane: the data of TLSA records.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "dane.h"

#define ZEROS32 \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define ZEROS64 ZEROS32 ZEROS32

/* The public key of a P-256 certificate, as SubjectPublicKeyInfo. */
#define KEY                                                                \
	"3059301306072a8648ce3d020106082a8648ce3d03010703420004"           \
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static const struct {
	const char *hex;
	enum match meaning;
} cases[] = {
	{ "030101" ZEROS32, MATCH_YES },
	{ "030001" ZEROS32, MATCH_YES },
	{ "020001" ZEROS32, MATCH_YES },
	{ "020102" ZEROS64, MATCH_YES },
	{ "030100" KEY, MATCH_YES },
	/* PKIX-TA and PKIX-EE are not for mail (RFC 7672 3.1.3). */
	{ "000101" ZEROS32, MATCH_NO },
	{ "010001" ZEROS32, MATCH_NO },
	{ "ff0101" ZEROS32, MATCH_NO },
	{ "030201" ZEROS32, MATCH_NO },
	{ "030103" ZEROS32, MATCH_NO },
	{ "0301ff" ZEROS32, MATCH_NO },
	{ "030102" ZEROS32, MATCH_BAD },
	{ "030101" ZEROS64, MATCH_BAD },
	{ "030101" ZEROS32 "00", MATCH_BAD },
	{ "030100" KEY "00", MATCH_BAD },
	{ "030000" KEY, MATCH_BAD },
	{ "030100" ZEROS32, MATCH_BAD },
	{ "0301", MATCH_BAD },
	{ "", MATCH_BAD },
};

static void
put_bytes(struct buf *b, const char *hex)
{
	for (; hex[0] != '\0'; hex += 2) {
		static const char digits[] = "0123456789abcdef";

		buf_addc(b,
		    (char)((strchr(digits, hex[0]) - digits) << 4 |
			(strchr(digits, hex[1]) - digits)));
	}
}

START_TEST(a_record_is_read)
{
	CLEAN_BUF struct buf bytes = { 0 };
	struct dane_record r = { .usage = 77 };

	put_bytes(&bytes, cases[_i].hex);
	ck_assert_int_eq(dane_parse((struct slice){ bytes.text, bytes.len },
			     &r),
	    cases[_i].meaning);
	if (cases[_i].meaning != MATCH_YES)
		ck_assert_uint_eq(r.usage, 77);
}
END_TEST

START_TEST(no_prefix_of_a_record_is_one)
{
	CLEAN_BUF struct buf bytes = { 0 };
	struct dane_record r;

	put_bytes(&bytes, cases[_i].hex);
	for (size_t n = 0; n < bytes.len; n++)
		if (cases[_i].meaning == MATCH_YES)
			ck_assert_int_ne(
			    dane_parse((struct slice){ bytes.text, n }, &r),
			    MATCH_YES);
}
END_TEST

START_TEST(a_record_is_shown)
{
	CLEAN_BUF struct buf bytes = { 0 }, text = { 0 };
	struct dane_record r;

	put_bytes(&bytes, "030101" ZEROS32);
	ck_assert_int_eq(dane_parse((struct slice){ bytes.text, bytes.len },
			     &r),
	    MATCH_YES);
	dane_put(&text, &r);
	ck_assert_str_eq(buf_str(&text), "3 1 1 " ZEROS32);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dane");
	TCase *t = tcase_create("records");

	tcase_add_loop_test(t, a_record_is_read, 0, (int)ARRAY_LEN(cases));
	tcase_add_loop_test(t, no_prefix_of_a_record_is_one, 0,
	    (int)ARRAY_LEN(cases));
	tcase_add_test(t, a_record_is_shown);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
