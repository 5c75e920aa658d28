/*
 * tlsrpt: records of RFC 8460, good and bad, every prefix, and what mailto:
 * names.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "tlsrpt.h"

/* clang-format off */
static const struct {
	const char *record;
	const char *uris; /* NULL: malformed */
} records[] = {
	{ "v=TLSRPTv1; rua=mailto:reports@example.com",
	  "mailto:reports@example.com" },
	{ "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt",
	  "https://reporting.example.com/v1/tlsrpt" },
	{ "v=TLSRPTv1;rua=mailto:a@x,https://y/ , mailto:b@z;",
	  "mailto:a@x https://y/ mailto:b@z" },
	{ "v=TLSRPTv1; x=y; rua=mailto:a@x", "mailto:a@x" },
	{ "v=TLSRPTv1; rua=ftp://x/, mailto:a@x", "mailto:a@x" },
	{ "v=TLSRPTv1; rua=http://x/", "" },
	{ "v=TLSRPTv1; rua=mailto:1@x,mailto:2@x,mailto:3@x,mailto:4@x,"
	  "mailto:5@x,mailto:6@x",
	  "mailto:1@x mailto:2@x mailto:3@x mailto:4@x mailto:5@x" },
	{ "v=TLSRPTv1; rua=", NULL },
	{ "v=TLSRPTv1; rua=mailto:a@x,,mailto:b@x", NULL },
	{ "v=TLSRPTv1; rua=mailto:a b@x", NULL },
	{ "v=TLSRPTv1; rua=mailto:a@x; rua=mailto:b@x", NULL },
	{ "v=TLSRPTv1; rua=mailto:a@x; y", NULL },
	{ "v=TLSRPTv1;", NULL },
	{ "v=TLSRPTv1 rua=mailto:a@x", NULL },
	{ "v=TLSRPTv2; rua=mailto:a@x", NULL },
	{ "rua=mailto:a@x", NULL },
	{ "", NULL },
};

static const struct {
	const char *uri;
	const char *address; /* NULL: none */
} addresses[] = {
	{ "mailto:a@example.com", "a@example.com" },
	{ "MAILTO:a@Example.COM", "a@example.com" },
	{ "mailto:a%2Cb@example.com", "a,b@example.com" },
	{ "mailto:a%21b@example.com?subject=x", "a!b@example.com" },
	{ "mailto:a%40b@example.com", "a@b@example.com" },
	{ "mailto:a%0D%0AX:@example.com", NULL },
	{ "mailto:a%00@example.com", NULL },
	{ "mailto:a%4", NULL },
	{ "mailto:a%zz@example.com", NULL },
	{ "mailto:a", NULL },
	{ "mailto:a@", NULL },
	{ "mailto:@example.com", NULL },
	{ "mailto:", NULL },
	{ "https://a@example.com", NULL },
};
/* clang-format on */

START_TEST(a_record_names_who_wants_reports)
{
	CLEAN_BUF struct buf uris = { 0 };
	const char *why = NULL;
	bool ok = tlsrpt_parse(slice_of(records[_i].record), &uris, &why);

	ck_assert_msg(ok == (records[_i].uris != NULL), "%s: %s",
	    records[_i].record, why);
	ck_assert_str_eq(buf_str(&uris), ok ? records[_i].uris : "");
}
END_TEST

START_TEST(every_prefix_is_read)
{
	static const char whole[] =
	    "v=TLSRPTv1; rua=mailto:a@x,https://y/z; ext=1";
	const char *why;

	for (size_t n = 0; n < sizeof(whole); n++) {
		CLEAN_BUF struct buf uris = { 0 };
		CLEAN_STR char *copy = strndup(whole, n);
		bool ok = tlsrpt_parse(slice_of(copy), &uris, &why);

		ck_assert_msg(ok || uris.len == 0, "%zu", n);
		ck_assert_msg(ok || n < 17 || n > 39, "%zu", n);
	}
}
END_TEST

START_TEST(mailto_names_an_address)
{
	CLEAN_BUF struct buf address = { 0 };
	bool ok = tlsrpt_mailto(slice_of(addresses[_i].uri), &address);

	ck_assert_msg(ok == (addresses[_i].address != NULL), "%s",
	    addresses[_i].uri);
	ck_assert_str_eq(buf_str(&address), ok ? addresses[_i].address : "");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("tlsrpt");
	TCase *t = tcase_create("tlsrpt");

	tcase_add_loop_test(t, a_record_names_who_wants_reports, 0,
	    (int)ARRAY_LEN(records));
	tcase_add_test(t, every_prefix_is_read);
	tcase_add_loop_test(t, mailto_names_an_address, 0,
	    (int)ARRAY_LEN(addresses));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
