/*
 * sts: records and policies, good and bad, every prefix of them, and which
 * hosts a pattern allows.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "sts_policy.h"

/* clang-format off */
static const struct {
	const char *record;
	const char *id; /* NULL: malformed */
} records[] = {
	{ "v=STSv1; id=20160831085700Z;", "20160831085700Z" }, /* RFC 8461 3.1 */
	{ "v=STSv1; id=1", "1" },
	{ "v=STSv1;id=a;", "a" },
	{ "v=STSv1 ;\tid=a ; ", "a" },
	{ "v=STSv1; id=a; x=y", "a" },
	{ "v=STSv1; x.y-z_1=!\"#; id=a;", "a" },
	{ "v=STSv1; id=12345678901234567890123456789012",
	  "12345678901234567890123456789012" },
	{ "v=STSv1; id=123456789012345678901234567890123", NULL },
	{ "v=STSv1; id=", NULL },
	{ "v=STSv1; id=a-b", NULL },
	{ "v=STSv1; id=a b", NULL },
	{ "v=STSv1; id =a", NULL },
	{ "v=STSv1;", NULL },
	{ "v=STSv1", NULL },
	{ "v=STSv1 id=a", NULL },
	{ "V=STSv1; id=a", NULL },
	{ "v=stsv1; id=a", NULL },
	{ "v=STSv10; id=a", NULL },
	{ " v=STSv1; id=a", NULL },
	{ "id=a; v=STSv1;", NULL },
	{ "v=STSv1;; id=a", NULL },
	{ "v=STSv1; id=a; id=b", NULL },
	{ "v=STSv1; id=a; -x=y", NULL },
	{ "v=STSv1; id=a; x=", NULL },
	{ "v=STSv1; id=a; x=y=z", NULL },
	{ "v=STSv1; id=a; x=y z", NULL },
	{ "v=STSv1; id=a; x", NULL },
	{ "v=STSv1; id=a; x\x80=y", NULL },
	{ "", NULL },
};

static const struct {
	const char *text;
	enum sts_mode mode;
	int64_t max_age;
	const char *mx; /* NULL: malformed */
} policies[] = {
	{ "version: STSv1\nmode: enforce\nmx: mail.example.com\n"
	  "mx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n",
	  STS_ENFORCE, 604800,
	  "mail.example.com *.example.net backupmx.example.com" },
	{ "version:STSv1\r\nmode:testing\r\nmx:A.Example\r\nmax_age:0",
	  STS_TESTING, 0, "a.example" },
	{ "max_age: 86400 \nmx: a.example\t\nmode: none\nversion: STSv1  \n\n",
	  STS_NONE, 86400, "a.example" },
	{ "version: STSv1\nmode: none\nmax_age: 86400\n", STS_NONE, 86400, "" },
	/* only the first counts, of all but mx */
	{ "version: STSv1\nversion: STSv2\nmode: enforce\nmode: none\n"
	  "mx: a.example\nmax_age: 9\nmax_age: 10\n",
	  STS_ENFORCE, 9, "a.example" },
	{ "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 9999999999\n",
	  STS_ENFORCE, STS_MAX_AGE_TOP, "a.example" },
	{ "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\n"
	  "x-y.z: gr\xc3\xbc\xc3\x9f dich\n",
	  STS_ENFORCE, 1, "a.example" },
	{ "mode: enforce\nmx: a.example\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmx: a.example\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: a.example\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: testing\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv2\nmode: none\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1\n", 0, 0, NULL },
	{ "Version: STSv1\nmode: none\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: -1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 12345678901\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1 day\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age:\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: .example\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: enforce\nmx:\nmax_age: 1\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1\nhello\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1\nx: \n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1\nx: a\x01\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1\nx: a\xff\n", 0, 0, NULL },
	{ "version: STSv1\nmode: none\nmax_age: 1\n-x: a\n", 0, 0, NULL },
	{ "<html>\n<p>version: STSv1</p>\n", 0, 0, NULL },
	{ "", 0, 0, NULL },
};

static const struct {
	const char *patterns, *host;
	bool want;
} hosts[] = {
	{ "mail.example.com", "mail.example.com", true },
	{ "mail.example.com", "Mail.Example.COM", true },
	{ "mail.example.com", "mail2.example.com", false },
	{ "mail.example.com", "a.mail.example.com", false },
	{ "*.example.com", "mail.example.com", true },
	{ "*.example.com", "a.mail.example.com", false },
	{ "*.example.com", "example.com", false },
	{ "*.example.com", ".example.com", false },
	{ "*.example.com", "mailexample.com", false },
	{ "*.com", "example.com", true },
	{ "a.x b.x *.y", "b.x", true },
	{ "a.x b.x *.y", "c.y", true },
	{ "a.x b.x *.y", "c.x", false },
	{ "", "a.x", false },
	{ "a.x", "", false },
};
/* clang-format on */

START_TEST(a_record_gives_its_id)
{
	char id[STS_ID_MAX + 1] = "untouched";
	const char *want = records[_i].id;
	const char *why = NULL;
	bool ok = sts_txt_parse(slice_of(records[_i].record), id, &why);

	ck_assert_msg(ok == (want != NULL), "%s: %s", records[_i].record, why);
	ck_assert_str_eq(id, want != NULL ? want : "untouched");
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(every_prefix_of_a_record_is_read)
{
	static const char whole[] = "v=STSv1; id=20160831085700Z; x=y;";
	char id[STS_ID_MAX + 1];
	const char *why;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		CLEAN_STR char *copy = strndup(whole, n);
		bool ok = sts_txt_parse(slice_of(copy), id, &why);

		/* One that is cut within the extension is none. */
		ck_assert_msg(ok == ((n >= 13 && n <= 29) || n >= 32), "%zu",
		    n);
	}
}
END_TEST

START_TEST(a_policy_is_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct sts_policy p = { 0 };
	const char *why = "";
	const char *want = policies[_i].mx;
	bool ok = sts_policy_parse(&a, slice_of(policies[_i].text), &p, &why);

	ck_assert_msg(ok == (want != NULL), "%s: %s", policies[_i].text, why);
	if (!ok) {
		ck_assert_ptr_null(p.mx);
		return;
	}
	ck_assert_str_eq(p.mx, want);
	ck_assert_int_eq(p.mode, policies[_i].mode);
	ck_assert_int_eq(p.max_age, policies[_i].max_age);
}
END_TEST

START_TEST(every_prefix_of_a_policy_is_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *whole = policies[0].text;
	struct sts_policy p;
	const char *why;

	for (size_t n = 0; n < strlen(whole); n++) {
		CLEAN_STR char *copy = strndup(whole, n);
		bool ok = sts_policy_parse(&a, slice_of(copy), &p, &why);

		/* As soon as a digit of max_age is there. */
		ck_assert_msg(ok == (n >= strlen(whole) - 6), "%zu", n);
	}
}
END_TEST

START_TEST(too_many_patterns_are_refused)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct sts_policy p;
	const char *why;

	buf_adds(&text, "version: STSv1\nmode: enforce\nmax_age: 1\n");
	for (size_t i = 0; i < STS_MX_MAX; i++)
		buf_addf(&text, "mx: a%zu.example\n", i);
	ck_assert(sts_policy_parse(&a, slice_of(buf_str(&text)), &p, &why));
	ck_assert_uint_eq(p.n_mx, STS_MX_MAX);
	ck_assert(sts_mx_matches(p.mx, "a255.example"));
	buf_adds(&text, "mx: b.example\n");
	ck_assert(!sts_policy_parse(&a, slice_of(buf_str(&text)), &p, &why));
}
END_TEST

START_TEST(a_pattern_allows_a_host)
{
	ck_assert_int_eq(sts_mx_matches(hosts[_i].patterns, hosts[_i].host),
	    hosts[_i].want);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sts");
	TCase *t = tcase_create("sts");

	tcase_add_loop_test(t, a_record_gives_its_id, 0,
	    (int)ARRAY_LEN(records));
	tcase_add_test(t, every_prefix_of_a_record_is_read);
	tcase_add_loop_test(t, a_policy_is_read, 0, (int)ARRAY_LEN(policies));
	tcase_add_test(t, every_prefix_of_a_policy_is_read);
	tcase_add_test(t, too_many_patterns_are_refused);
	tcase_add_loop_test(t, a_pattern_allows_a_host, 0,
	    (int)ARRAY_LEN(hosts));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
