/*
 * dmarc: a table of messages and records, each with what is to come of it; and
 * the parsers of records, From fields and places of reports.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "dmarc.h"
#include "dmarc_from.h"
#include "org_domain.h"

/* A message and its world in words:
 *   from     the header
 *   zone     "name=text|name=text"; _dmarc. goes without saying; "!" as text
 *            is a DNS failure; "name=@" is a domain that exists
 *   spf      "result domain"
 *   dkim     "domain" of good signatures, "-domain" of bad ones, "?domain" of
 *            those in doubt
 *   lot      what is drawn for pct
 *   want     "result policy disposition", or "malformed", or "nobody"
 */
struct case_row {
	const char *what, *from, *zone, *spf, *dkim;
	unsigned int lot;
	const char *want;
};

#define X    "From: a@example.com\r\n"
#define SUB  "From: a@m.example.com\r\n"
#define NONE "none -"

/* clang-format off */
static const struct case_row rows[] = {
/* ---- alignment of SPF ---- */
{ "the same domain", X, "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "pass reject none" },
{ "a subdomain, relaxed", X, "example.com=v=DMARC1; p=reject", "pass b.example.com", "", 0, "pass reject none" },
{ "a subdomain, strict", X, "example.com=v=DMARC1; p=reject; aspf=s", "pass b.example.com", "", 0, "fail reject reject" },
{ "the same, strict", X, "example.com=v=DMARC1; p=reject; aspf=s", "pass example.com", "", 0, "pass reject none" },
{ "the parent, relaxed", SUB, "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "pass reject none" },
{ "the parent, strict", SUB, "example.com=v=DMARC1; p=reject; aspf=s", "pass example.com", "", 0, "fail reject reject" },
{ "siblings", SUB, "example.com=v=DMARC1; p=reject", "pass other.example.com", "", 0, "pass reject none" },
{ "another domain", X, "example.com=v=DMARC1; p=reject", "pass example.net", "", 0, "fail reject reject" },
{ "softfail is no pass", X, "example.com=v=DMARC1; p=reject", "softfail example.com", "", 0, "fail reject reject" },
{ "neutral is no pass", X, "example.com=v=DMARC1; p=quarantine", "neutral example.com", "", 0, "fail quarantine quarantine" },
{ "SPF fail", X, "example.com=v=DMARC1; p=none", "fail example.com", "", 0, "fail none none" },
{ "SPF permerror", X, "example.com=v=DMARC1; p=reject", "permerror example.com", "", 0, "fail reject reject" },
{ "SPF in doubt", X, "example.com=v=DMARC1; p=reject", "temperror example.com", "", 0, "temperror reject none" },
{ "SPF of others in doubt", X, "example.com=v=DMARC1; p=reject", "temperror example.net", "", 0, "fail reject reject" },
{ "an ending is not a domain", X, "example.com=v=DMARC1; p=reject", "pass badexample.com", "", 0, "fail reject reject" },
{ "upper case", "From: A@EXAMPLE.Com\r\n", "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "pass reject none" },
/* ---- alignment of DKIM ---- */
{ "d= the same", X, "example.com=v=DMARC1; p=reject", NONE, "example.com", 0, "pass reject none" },
{ "d= a subdomain, relaxed", X, "example.com=v=DMARC1; p=reject", NONE, "mail.example.com", 0, "pass reject none" },
{ "d= a subdomain, strict", X, "example.com=v=DMARC1; p=reject; adkim=s", NONE, "mail.example.com", 0, "fail reject reject" },
{ "d= the parent, strict", SUB, "example.com=v=DMARC1; p=reject; adkim=s", NONE, "example.com", 0, "fail reject reject" },
{ "d= the same, strict", SUB, "example.com=v=DMARC1; p=reject; adkim=s", NONE, "m.example.com", 0, "pass reject none" },
{ "aspf does not bind DKIM", X, "example.com=v=DMARC1; p=reject; aspf=s", NONE, "mail.example.com", 0, "pass reject none" },
{ "a bad signature", X, "example.com=v=DMARC1; p=reject", NONE, "-example.com", 0, "fail reject reject" },
{ "one good of three", X, "example.com=v=DMARC1; p=reject", NONE, "-example.com list.org example.com", 0, "pass reject none" },
{ "a signature of others", X, "example.com=v=DMARC1; p=reject", NONE, "list.org", 0, "fail reject reject" },
{ "a key in doubt", X, "example.com=v=DMARC1; p=reject", NONE, "?example.com", 0, "temperror reject none" },
{ "a key of others in doubt", X, "example.com=v=DMARC1; p=reject", NONE, "?list.org", 0, "fail reject reject" },
{ "a key in doubt, SPF good", X, "example.com=v=DMARC1; p=reject", "pass example.com", "?example.com", 0, "pass reject none" },
{ "d= a public suffix", "From: a@example.co.uk\r\n", "example.co.uk=v=DMARC1; p=reject", NONE, "co.uk", 0, "fail reject reject" },
{ "d= a top level domain", X, "example.com=v=DMARC1; p=reject", NONE, "com", 0, "fail reject reject" },
/* ---- public suffixes ---- */
{ "neighbours below co.uk", "From: a@a.co.uk\r\n", "a.co.uk=v=DMARC1; p=reject", "pass b.co.uk", "", 0, "fail reject reject" },
{ "below co.uk, deep", "From: a@x.y.a.co.uk\r\n", "a.co.uk=v=DMARC1; p=reject", "pass z.a.co.uk", "", 0, "pass reject none" },
{ "the suffix has a record", "From: a@a.co.uk\r\n", "co.uk=v=DMARC1; p=reject", "fail a.co.uk", "", 0, "none none none" },
{ "a private suffix", "From: a@one.github.io\r\n", "one.github.io=v=DMARC1; p=reject", NONE, "two.github.io", 0, "fail reject reject" },
{ "From a suffix itself", "From: a@co.uk\r\n", "co.uk=v=DMARC1; p=reject", "pass a.co.uk", "", 0, "fail reject reject" },
{ "a suffix with a wildcard", "From: a@b.c.ck\r\n", "b.c.ck=v=DMARC1; p=reject", "pass x.b.c.ck", "", 0, "pass reject none" },
{ "neighbours there", "From: a@b.c.ck\r\n", "b.c.ck=v=DMARC1; p=reject", "pass d.c.ck", "", 0, "fail reject reject" },
{ "an exception of it", "From: a@m.www.ck\r\n", "www.ck=v=DMARC1; p=reject", "pass www.ck", "", 0, "pass reject none" },
{ "a suffix that nobody knows", "From: a@a.b.nosuchtld\r\n", "b.nosuchtld=v=DMARC1; p=reject", "pass b.nosuchtld", "", 0, "pass reject none" },
{ "A-labels", "From: a@b\xc3\xbc" "cher.example\r\n", "xn--bcher-kva.example=v=DMARC1; p=reject", "pass xn--bcher-kva.example", "", 0, "pass reject none" },
{ "A-labels as written", "From: a@xn--bcher-kva.example\r\n", "xn--bcher-kva.example=v=DMARC1; p=reject", NONE, "m.xn--bcher-kva.example", 0, "pass reject none" },
{ "a name of UTF-8", "From: \"B\xc3\xbc@x\" <j\xc3\xbc@example.com>\r\n", "example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
/* ---- whose policy ---- */
{ "sp for a subdomain", SUB, "example.com=v=DMARC1; p=reject; sp=none", NONE, "", 0, "fail none none" },
{ "sp, stricter than p", SUB, "example.com=v=DMARC1; p=none; sp=reject", NONE, "", 0, "fail reject reject" },
{ "sp not for the domain", X, "example.com=v=DMARC1; p=none; sp=reject", NONE, "", 0, "fail none none" },
{ "p where sp is not there", SUB, "example.com=v=DMARC1; p=quarantine", NONE, "", 0, "fail quarantine quarantine" },
{ "a record of its own", SUB, "example.com=v=DMARC1; p=reject|m.example.com=v=DMARC1; p=none", NONE, "", 0, "fail none none" },
{ "its own sp does not count", SUB, "m.example.com=v=DMARC1; p=quarantine; sp=reject", NONE, "", 0, "fail quarantine quarantine" },
{ "nothing in between", "From: a@x.m.example.com\r\n", "m.example.com=v=DMARC1; p=reject|example.com=v=DMARC1; p=none", NONE, "", 0, "fail none none" },
{ "np of what is not there", SUB, "example.com=v=DMARC1; p=none; np=reject", NONE, "", 0, "fail reject reject" },
{ "np of what is there", SUB, "example.com=v=DMARC1; p=none; np=reject|m.example.com=@", NONE, "", 0, "fail none none" },
{ "no record", X, "", "pass example.com", "", 0, "none none none" },
{ "its record in doubt", X, "example.com=!", "pass example.com", "", 0, "temperror none none" },
{ "the parent's in doubt", SUB, "example.com=!", NONE, "", 0, "temperror none none" },
/* ---- pct ---- */
{ "pct=100", X, "example.com=v=DMARC1; p=reject; pct=100", NONE, "", 99, "fail reject reject" },
{ "pct=50, drawn", X, "example.com=v=DMARC1; p=reject; pct=50", NONE, "", 49, "fail reject reject" },
{ "pct=50, spared", X, "example.com=v=DMARC1; p=reject; pct=50", NONE, "", 50, "fail reject quarantine" },
{ "pct=0 and quarantine", X, "example.com=v=DMARC1; p=quarantine; pct=0", NONE, "", 0, "fail quarantine none" },
{ "pct that is no number", X, "example.com=v=DMARC1; p=reject; pct=ten", NONE, "", 99, "fail reject reject" },
{ "pct=101", X, "example.com=v=DMARC1; p=reject; pct=101", NONE, "", 99, "fail reject reject" },
/* ---- records malformed and doubled ---- */
{ "two records", X, "example.com=v=DMARC1; p=reject|example.com=v=DMARC1; p=none", NONE, "", 0, "permerror none none" },
{ "two at a subdomain", SUB, "example.com=v=DMARC1; p=reject|m.example.com=v=DMARC1; p=none|m.example.com=v=DMARC1; p=none", NONE, "", 0, "permerror none none" },
{ "a text of another kind beside", X, "example.com=v=spf1 -all|example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
{ "only others: the parent's", SUB, "m.example.com=hello|example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
{ "v not first", X, "example.com=p=reject; v=DMARC1", NONE, "", 0, "none none none" },
{ "v in lower case", X, "example.com=v=dmarc1; p=reject", NONE, "", 0, "none none none" },
{ "v of another version", X, "example.com=v=DMARC10; p=reject", NONE, "", 0, "none none none" },
{ "blanks everywhere", X, "example.com=v = DMARC1 ;\tp\t=  reject ; ", NONE, "", 0, "fail reject reject" },
{ "no blanks, no end", X, "example.com=v=DMARC1;p=reject", NONE, "", 0, "fail reject reject" },
{ "values in upper case", X, "example.com=v=DMARC1; p=REJECT; adkim=S", NONE, "m.example.com", 0, "fail reject reject" },
{ "p not second", X, "example.com=v=DMARC1; rua=mailto:r@example.com; p=reject", NONE, "", 0, "fail reject reject" },
{ "p missing", X, "example.com=v=DMARC1; sp=reject", NONE, "", 0, "permerror none none" },
{ "nothing but v", X, "example.com=v=DMARC1", NONE, "", 0, "permerror none none" },
{ "p missing, with rua", X, "example.com=v=DMARC1; rua=mailto:r@example.com", NONE, "", 0, "fail none none" },
{ "p unknown, with rua", X, "example.com=v=DMARC1; p=delete; rua=mailto:r@example.com", NONE, "", 0, "fail none none" },
{ "p unknown, rua malformed", X, "example.com=v=DMARC1; p=delete; rua=r@example.com", NONE, "", 0, "permerror none none" },
{ "sp unknown", SUB, "example.com=v=DMARC1; p=reject; sp=maybe", NONE, "", 0, "permerror none none" },
{ "p twice", X, "example.com=v=DMARC1; p=none; p=reject", NONE, "", 0, "permerror none none" },
{ "adkim unknown is relaxed", X, "example.com=v=DMARC1; p=reject; adkim=x", NONE, "m.example.com", 0, "pass reject none" },
{ "tags that nobody knows", X, "example.com=v=DMARC1; x=1; p=reject; =; y", NONE, "", 0, "fail reject reject" },
/* ---- From ---- */
{ "no From", "Subject: x\r\n", "", NONE, "", 0, "malformed" },
{ "two From", X X, "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "malformed" },
{ "From twice, in other cases", X "fROM : b@example.com\r\n", "example.com=v=DMARC1; p=reject", NONE, "", 0, "malformed" },
{ "From without anything", "From:\r\n", "", NONE, "", 0, "malformed" },
{ "From that ends early", "From: <a@example.com\r\n", "", NONE, "", 0, "malformed" },
{ "two addresses, one domain", "From: a@example.com, b@EXAMPLE.com\r\n", "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "pass reject none" },
{ "two domains, the second counts too", "From: a@example.com, b@example.net\r\n", "example.com=v=DMARC1; p=none|example.net=v=DMARC1; p=reject", "pass example.com", "", 0, "fail reject reject" },
{ "a group", "From: us: a@example.com;\r\n", "example.com=v=DMARC1; p=reject", "pass example.com", "", 0, "pass reject none" },
{ "an empty group", "From: nobody:;\r\n", "", NONE, "", 0, "nobody" },
{ "no domain", "From: root\r\n", "", NONE, "", 0, "nobody" },
{ "two domains, one in doubt", "From: a@example.com, b@example.net\r\n", "example.com=v=DMARC1; p=none|example.net=!", NONE, "", 0, "temperror none none" },
{ "two domains, doubt and a refusal", "From: a@example.net, b@example.com\r\n", "example.com=v=DMARC1; p=reject|example.net=!", NONE, "", 0, "fail reject reject" },
{ "an address literal", "From: a@[192.0.2.1]\r\n", "", NONE, "", 0, "nobody" },
{ "an address in an encoded word", "From: =?utf-8?q?a=40example=2Ecom?= <a@evil.example>\r\n", "evil.example=v=DMARC1; p=none", NONE, "", 0, "fail none none" },
{ "an address as a name", "From: \"a@example.com\" <a@evil.example>\r\n", "evil.example=v=DMARC1; p=none", NONE, "", 0, "fail none none" },
{ "an address as a bare name", "From: a@example.com <a@evil.example>\r\n", "evil.example=v=DMARC1; p=none", NONE, "", 0, "fail none none" },
{ "an address in a comment", "From: a@example.com (b@evil.example)\r\n", "example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
{ "folded, with comments", "From: (x)\r\n A <a@ (y)\r\n\texample . com>\r\n", "example.com=v=DMARC1; p=reject", NONE, "example.com", 0, "pass reject none" },
{ "a quoted local part", "From: \"a b@x\"@example.com\r\n", "example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
{ "a route", "From: <@r.example,@s.example:a@example.com>\r\n", "example.com=v=DMARC1; p=reject", NONE, "", 0, "fail reject reject" },
{ "a domain that is none", "From: a@-.-\r\n", "", NONE, "", 0, "malformed" },
{ "six domains", "From: a@a.b, a@b.b, a@c.b, a@d.b, a@e.b, a@f.b\r\n", "", NONE, "", 0, "malformed" },
};
/* clang-format on */

/* ---- the world of a case ---- */

static struct dns_answer
look_up(struct arena *a, const char *zone, const struct dmarc_need *need)
{
	struct dns_answer answer = { .status = DNS_NXDOMAIN, .text = "gone" };
	struct dns_record *records = arena_new(a, 4 * sizeof(*records));
	struct slice rest = slice_of(zone), one;
	bool txt = need->type == DNS_TXT;

	answer.records = records;
	while (slice_next_part(&rest, '|', &one)) {
		struct slice name = { one.at,
			(size_t)((char *)memchr(one.at, '=', one.len) -
			    one.at) };
		struct slice text = { name.at + name.len + 1,
			one.len - name.len - 1 };
		bool there = slice_eq(text, "@");

		if (txt == there ||
		    !slice_eq(name, need->name + (txt ? strlen("_dmarc.") : 0)))
			continue;
		if (slice_eq(text, "!")) {
			answer.status = DNS_FAILED;
			continue;
		}
		answer.status = DNS_OK;
		records[answer.n++].data = text;
	}
	return answer;
}

static enum spf_result
spf_result(struct slice name)
{
	for (int i = SPF_NONE; i <= SPF_PERMERROR; i++)
		if (slice_eq(name, spf_result_name((enum spf_result)i)))
			return (enum spf_result)i;
	ck_abort_msg("no result");
}

static void
fill_evidence(struct arena *a, const struct case_row *row,
    struct dmarc_evidence *e)
{
	struct dmarc_signature *s = arena_new(a, 8 * sizeof(*s));
	struct slice rest = slice_of(row->spf), word;

	e->lot = row->lot;
	e->signatures = s;
	ck_assert(slice_next_part(&rest, ' ', &word));
	e->spf = spf_result(word);
	e->spf_domain = arena_memdup(a, rest.at, rest.len);
	rest = slice_of(row->dkim);
	while (rest.len > 0 && slice_next_part(&rest, ' ', &word)) {
		bool plain = *word.at != '-' && *word.at != '?';

		s[e->n_signatures++] = (struct dmarc_signature){
			.domain = arena_memdup(a, word.at + !plain,
			    word.len - !plain),
			.pass = plain,
			.temperror = *word.at == '?',
		};
	}
}

/* The strictest that fails decides, as the RFC has it for several domains. */
static const char *
run_case(struct arena *a, const struct case_row *row)
{
	struct dmarc_evidence e = { 0 };
	struct dmarc_verdict v, worst = { 0 };
	struct dmarc_from from;
	const char *why;

	fill_evidence(a, row, &e);
	if (!dmarc_from_read(a, slice_of(row->from), &from, &why))
		return "malformed";
	if (from.n == 0)
		return "nobody";
	for (size_t i = 0; i < from.n; i++) {
		struct dmarc d;

		dmarc_start(&d, from.domains[i]);
		while (d.stage != DMARC_FOUND) {
			struct dns_answer answer = look_up(a, row->zone,
			    &d.need);

			dmarc_tell(&d, &answer);
		}
		dmarc_judge(&d, &e, &v);
		if (i == 0 || dmarc_is_worse(&v, &worst))
			worst = v;
		dmarc_free(&d);
	}
	return arena_printf(a, "%s %s %s", dmarc_result_name(worst.result),
	    dmarc_policy_name(worst.policy),
	    dmarc_policy_name(worst.disposition));
}

START_TEST(a_case_comes_out_right)
{
	CLEAN_ARENA struct arena a = { 0 };
	const struct case_row *row = &rows[_i];

	org_domain_start();
	const char *got = run_case(&a, row);
	ck_assert_msg(str_eq(got, row->want), "%s: %s, not %s", row->what, got,
	    row->want);
}
END_TEST

START_TEST(there_are_cases_enough)
{
	ck_assert_uint_ge(ARRAY_LEN(rows), 60);
}
END_TEST

/* ---- parsers ---- */

START_TEST(every_prefix_of_a_record_is_read)
{
	static const char text[] =
	    "v=DMARC1; p=reject; sp=none; np=quarantine; pct=42; adkim=s; "
	    "ri=3600; fo=1:d; rua=mailto:a%2bb@example.com!10m, mailto:c@d.e";

	for (size_t n = 0; n < sizeof(text); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_STR char *copy = xcalloc(1, n + 1);
		struct dmarc_record r;
		struct dmarc_uri uri;
		const char *why = NULL;

		/* No NUL behind it: a reader that goes too far is seen. */
		memcpy(copy, text, n);
		if (!dmarc_record_parse((struct slice){ copy, n }, &r, &why)) {
			ck_assert_str_ne(why, "");
			continue;
		}
		while (r.rua.at != NULL && dmarc_uri_next(&a, &r.rua, &uri))
			ck_assert_ptr_nonnull(strchr(uri.address, '@'));
	}
}
END_TEST

START_TEST(all_tags_are_read)
{
	struct dmarc_record r;
	const char *why;

	ck_assert(dmarc_record_parse(
	    slice_of("v=DMARC1;p=none;sp=quarantine;np=reject;pct=7;aspf=s;"
		     "ri=60;fo=1:s;ruf=mailto:f@x.y;rua=mailto:a@x.y"),
	    &r, &why));
	ck_assert_int_eq(r.p, DMARC_NONE);
	ck_assert_int_eq(r.sp, DMARC_QUARANTINE);
	ck_assert_int_eq(r.np, DMARC_REJECT);
	ck_assert_uint_eq(r.pct, 7);
	ck_assert_uint_eq(r.interval, 60);
	ck_assert(r.strict_spf && !r.strict_dkim);
	ck_assert(slice_eq(r.fo, "1:s"));
	ck_assert(slice_eq(r.ruf, "mailto:f@x.y"));
	ck_assert(slice_eq(r.rua, "mailto:a@x.y"));
}
END_TEST

/* What a list of places is read as: "address!limit ...". */
/* clang-format off */
static const struct {
	const char *text, *want;
} places[] = {
	{ "mailto:a@x.y", "a@x.y!0" },
	{ " MAILTO:a@x.y , mailto:b@x.y", "a@x.y!0 b@x.y!0" },
	{ "mailto:a@x.y!10m", "a@x.y!10485760" },
	{ "mailto:a@x.y!10K,mailto:b@x.y!5", "a@x.y!10240 b@x.y!5" },
	{ "mailto:a@x.y!1g,mailto:b@x.y!1t", "a@x.y!1073741824 b@x.y!1099511627776" },
	{ "mailto:%22a%2Cb%22@x.y", "a,b@x.y!0" },
	{ "mailto:a%2Cb@x.y", "" },
	{ "mailto:a%21b@x.y!1k", "a!b@x.y!1024" },
	{ "mailto:a@x.y?subject=hello", "a@x.y!0" },
	{ "https://x.y/report", "" },
	{ "mailto:", "" },
	{ "mailto:a", "" },
	{ "mailto:a@", "" },
	{ "mailto:a@x.y!", "" },
	{ "mailto:a@x.y!m", "" },
	{ "mailto:a@x.y!10mm", "" },
	{ "mailto:a@x.y!99999999999999999999g", "" },
	{ "mailto:a@x.y!9223372036854775807t", "" },
	{ "mailto:a%0@x.y", "" },
	{ "mailto:a%", "" },
	{ "mailto:a%00b@x.y", "" },
	{ "mailto:a%0d%0ab@x.y", "" },
	{ "mailto:a@x.y>%00", "" },
	{ ",,", "" },
	{ "", "" },
};
/* clang-format on */

START_TEST(places_of_reports_are_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	struct slice rest = slice_of(places[_i].text);
	struct dmarc_uri uri;

	while (dmarc_uri_next(&a, &rest, &uri)) {
		CLEAN_BUF struct buf again = { 0 };
		struct dmarc_uri same;

		buf_addf(&got, "%s%s!%llu", got.len > 0 ? " " : "", uri.address,
		    (unsigned long long)uri.limit);
		buf_adds(&again, "mailto:");
		dmarc_uri_put(&again, &uri);
		struct slice text = { again.text, again.len };
		ck_assert(dmarc_uri_next(&a, &text, &same));
		ck_assert_str_eq(same.address, uri.address);
		ck_assert_uint_eq(same.limit, uri.limit);
	}
	ck_assert_str_eq(buf_str(&got), places[_i].want);
}
END_TEST

START_TEST(every_prefix_of_from_is_read)
{
	static const char text[] =
	    "\"B\xc3\xbc\\\" @x\" (c (d)) <@r.x,@s.y:j.d+\xc3\xa9@b\xc3\xbc"
	    "cher.example>, g: \"q r\"@[192.0.2.1], e@f.example;";

	org_domain_start();
	for (size_t n = 0; n < sizeof(text); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_STR char *copy = xcalloc(1, n + 1);
		struct dmarc_from from = { 0 };
		const char *why = NULL;

		memcpy(copy, text, n);
		if (!dmarc_from_value(&a, (struct slice){ copy, n }, &from,
			&why))
			ck_assert_str_ne(why, "");
		else
			for (size_t i = 0; i < from.n; i++)
				ck_assert(str_is_ascii(from.domains[i],
				    strlen(from.domains[i])));
	}
}
END_TEST

static const struct {
	const char *from, *domain; /* NULL: none */
} authors[] = {
	{ "A <a@Example.com>, b@example.net", "example.com" },
	{ "J\xc3\xbcrgen <a@example.com>", "example.com" },
	{ "J\xfcrgen <a@example.com>", "example.com" },
	{ "a@b\xc3\xbc"
	  "cher.example",
	    "xn--bcher-kva.example" },
	{ "a@example.com, b@-.-", "example.com" },
	{ "a@[192.0.2.1]", NULL },
	{ "a@b\xff.example", NULL },
	{ "", NULL },
};

START_TEST(the_first_author_has_a_domain)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *got = dmarc_from_first(&a, slice_of(authors[_i].from));

	if (authors[_i].domain == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, authors[_i].domain);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dmarc");
	TCase *t = tcase_create("dmarc");

	tcase_add_loop_test(t, a_case_comes_out_right, 0, ARRAY_LEN(rows));
	tcase_add_test(t, there_are_cases_enough);
	tcase_add_test(t, every_prefix_of_a_record_is_read);
	tcase_add_test(t, all_tags_are_read);
	tcase_add_loop_test(t, places_of_reports_are_read, 0,
	    ARRAY_LEN(places));
	tcase_add_test(t, every_prefix_of_from_is_read);
	tcase_add_loop_test(t, the_first_author_has_a_domain, 0,
	    ARRAY_LEN(authors));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
