/*
 * smtp_policy: lines of smtp_tls_policy_maps.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "check_conf.h"
#include "smtp_policy.h"
#include "str.h"

static const struct {
	const char *text;
	enum smtp_tls_level level;
	const char *match, *protocols, *ciphers, *exclude, *servername;
} good[] = {
	{ "none", SMTP_TLS_NONE, "", ">=TLSv1.2", "medium", "", "" },
	{ "may", SMTP_TLS_MAY, "", ">=TLSv1.2", "medium", "", "" },
	{ "may protocols=TLSv1.2:TLSv1.3", SMTP_TLS_MAY, "", "TLSv1.2 TLSv1.3",
	    "medium", "", "" },
	{ "Encrypt ciphers=high", SMTP_TLS_ENCRYPT, "", ">=TLSv1.2", "high", "",
	    "" },
	{ "encrypt exclude=kRSA:AES128", SMTP_TLS_ENCRYPT, "", ">=TLSv1.2",
	    "medium", "kRSA AES128", "" },
	{ "dane", SMTP_TLS_DANE, "", ">=TLSv1.2", "medium", "", "" },
	{ "dane-only", SMTP_TLS_DANE_ONLY, "", ">=TLSv1.2", "medium", "", "" },
	{ "fingerprint match=AA:BB|CC:DD", SMTP_TLS_FINGERPRINT, "AA:BB CC:DD",
	    ">=TLSv1.2", "medium", "", "" },
	{ "verify", SMTP_TLS_VERIFY, "hostname", ">=TLSv1.2", "medium", "",
	    "" },
	{ "secure match=nexthop:.example.org servername=hostname",
	    SMTP_TLS_SECURE, "nexthop .example.org", ">=TLSv1.2", "medium", "",
	    "hostname" },
	{ "verify match=a:b match=c", SMTP_TLS_VERIFY, "a b c", ">=TLSv1.2",
	    "medium", "", "" },
	{ "verify tafile=/etc/a tafile=/etc/b", SMTP_TLS_VERIFY, "hostname",
	    ">=TLSv1.2", "medium", "", "" },
	{ "encrypt enable_rpk=no", SMTP_TLS_ENCRYPT, "", ">=TLSv1.2", "medium",
	    "", "" },
	{ "secure connection_reuse=no", SMTP_TLS_SECURE, "nexthop, dot-nexthop",
	    ">=TLSv1.2", "medium", "", "" },
};

static const char *const bad[] = {
	"",
	"sure",
	"dane_only",
	"may match=x",
	"dane match=example.org",
	"fingerprint",
	"verify match=",
	"secure match",
	"secure tafile=",
	"secure tafile",
	"encrypt tafile=/etc/ca.pem",
	"dane tafile=/etc/ca.pem",
	"fingerprint match=AA:BB tafile=/etc/ca.pem",
	"encrypt enable_rpk=yes",
	"encrypt ciphers=high ciphers=high",
	"encrypt servername=a servername=b",
	"encrypt ciphers=low",
	"encrypt exclude=kRSA;@SECLEVEL",
	"encrypt protocols=TLSv9",
	"encrypt protocols=!TLSv1.2:!TLSv1.3:!TLSv1.1:!TLSv1:!SSLv3",
	"encrypt servername=",
	"encrypt connection_reuse=perhaps",
};

START_TEST(a_policy_is_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p;
	const char *why;

	ck_assert_msg(smtp_policy_parse(&a, good[_i].text, &p, &why), "%s",
	    why);
	smtp_policy_settle(&p, p.level);
	ck_assert_int_eq(p.level, good[_i].level);
	ck_assert_str_eq(p.match, good[_i].match);
	ck_assert_str_eq(p.protocols, good[_i].protocols);
	ck_assert_str_eq(p.ciphers, good[_i].ciphers);
	ck_assert_str_eq(p.exclude, good[_i].exclude);
	ck_assert_str_eq(p.servername, good[_i].servername);
	ck_assert_str_eq(p.text, good[_i].text);
}
END_TEST

START_TEST(a_policy_is_refused)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p = { .text = "untouched" };
	const char *why = "";

	ck_assert(!smtp_policy_parse(&a, bad[_i], &p, &why));
	ck_assert_str_ne(why, "");
	ck_assert_str_eq(p.text, "untouched");
}
END_TEST

/* A prefix is a policy or is refused; never anything else. */
START_TEST(every_prefix_has_an_answer)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *text = good[_i].text;

	for (size_t n = 0; n < strlen(text); n++) {
		struct smtp_tls_policy p;
		const char *why = NULL;

		if (!smtp_policy_parse(&a, arena_memdup(&a, text, n), &p, &why))
			ck_assert_ptr_nonnull(why);
	}
}
END_TEST

static const struct {
	const char *conf, *text, *anchors;
} trusted[] = {
	{ "", "verify", "" },
	{ "", "verify tafile=/a tafile=/b", "/a /b" },
	{ "smtp_tls_trust_anchor_file = /c, /d\n", "secure", "/c, /d" },
	{ "smtp_tls_trust_anchor_file = /c\n", "secure tafile=/a", "/a" },
	{ "smtp_tls_trust_anchor_file = /c\n", "encrypt", "" },
	{ "smtp_tls_trust_anchor_file = /c\n", "dane", "" },
};

START_TEST(a_policy_has_anchors)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p;
	const char *why;

	load_conf(trusted[_i].conf);
	ck_assert(smtp_policy_parse(&a, trusted[_i].text, &p, &why));
	smtp_policy_settle(&p, p.level);
	ck_assert_str_eq(p.anchors, trusted[_i].anchors);
}
END_TEST

static void
note_file(void *arg, const char *path)
{
	buf_addf(arg, "%s ", path);
}

/* Of tables that cannot be listed nothing is known at the start. */
START_TEST(all_files_of_tables_are_told)
{
	CLEAN_BUF struct buf seen = { 0 };
	const char *why;

	load_conf("smtp_tls_trust_anchor_file = /c, /d\n"
		  "smtp_tls_policy_maps = static:{verify tafile=/s},\n"
		  " inline:{ {a = verify tafile=/a tafile=/b} {b = may}\n"
		  " {c = wrong tafile=/w} {d = secure tafile=/a} }\n");
	ck_assert(smtp_policy_open(&why));
	ck_assert_msg(smtp_policy_each_file(note_file, &seen, &why), "%s", why);
	ck_assert_str_eq(buf_str(&seen), "/c /d /a /b /a ");
}
END_TEST

START_TEST(the_owner_of_a_domain_asks_for_more)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p;
	const char *why;

	ck_assert(
	    smtp_policy_parse(&a, "may servername=other.example", &p, &why));
	smtp_policy_obey_sts(&p);
	smtp_policy_settle(&p, p.level);
	ck_assert_int_eq(p.level, SMTP_TLS_SECURE);
	ck_assert_int_eq(p.origin, SMTP_TLS_BY_STS);
	ck_assert_str_eq(p.match, "hostname");
	ck_assert_str_eq(p.servername, "hostname");
	ck_assert_str_eq(p.anchors, "");
}
END_TEST

START_TEST(words_stand_for_names)
{
	CLEAN_ARENA struct arena a = { 0 };
	static const char *const cases[][3] = {
		{ "hostname", "example.org", "mx.example.org" },
		{ "nexthop", "example.org", "example.org" },
		{ "nexthop", "[relay.example]:587", "relay.example" },
		{ "dot-nexthop", "example.org:25", ".example.org" },
		{ "a.example", "example.org", "a.example" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_str_eq(smtp_policy_name(&a, cases[i][0],
				     "mx.example.org", cases[i][1]),
		    cases[i][2]);
}
END_TEST

static void
set_up(void)
{
	load_conf("");
}

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_policy");
	TCase *t = tcase_create("lines");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, a_policy_is_read, 0, (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, every_prefix_has_an_answer, 0,
	    (int)ARRAY_LEN(good));
	tcase_add_loop_test(t, a_policy_is_refused, 0, (int)ARRAY_LEN(bad));
	tcase_add_loop_test(t, a_policy_has_anchors, 0,
	    (int)ARRAY_LEN(trusted));
	tcase_add_test(t, all_files_of_tables_are_told);
	tcase_add_test(t, the_owner_of_a_domain_asks_for_more);
	tcase_add_test(t, words_stand_for_names);
	return s;
}

#include "check_main.h"
