/*
 * dmarc_report: the text of an aggregate report, and its names.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "dkim_signature.h"
#include "dmarc_report.h"
#include "org_domain.h"
#include "spf_record.h"

static struct dmarc_record record;

static struct dmarc_report
a_report(void)
{
	const char *why;

	ck_assert(dmarc_record_parse(
	    slice_of("v=DMARC1; p=reject; sp=none; aspf=s; pct=50; fo=1"),
	    &record, &why));
	return (struct dmarc_report){
		.org = "Example & Sons",
		.email = "postmaster@mx.example",
		.receiver = "mx.example",
		.id = "17.example.com",
		.domain = "example.com",
		.record = &record,
		.begin = 1700006400,
		.end = 1700092799,
	};
}

START_TEST(a_report_has_its_elements_in_order)
{
	CLEAN_BUF struct buf xml = { 0 }, signatures = { 0 };
	struct dmarc_report r = a_report();
	struct rec_dmarc_signed s[] = {
		{ "example.com", "s1", DKIM_PASS },
		{ "", "s2", DKIM_NEUTRAL },
		{ "list.example", "", DKIM_FAIL },
	};
	struct rec_dmarc_row row = {
		.client = "2001:db8::1",
		.header_from = "m.example.com",
		.envelope_from = "<&>\"'\xff\x01",
		.disposition = DMARC_QUARANTINE,
		.dkim_aligned = 1,
		.reason = "sampled_out",
		.comment = "a < b",
		.spf = SPF_SOFTFAIL,
		.spf_domain = "example.net",
	};

	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		rec_put_dmarc_signed(&signatures, &s[i]);
	row.signatures = (struct slice){ signatures.text, signatures.len };
	dmarc_report_begin(&xml, &r);
	dmarc_report_row(&xml, &row, 7);
	dmarc_report_end(&xml);
	ck_assert_str_eq(buf_str(&xml),
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback>\n"
	    "  <version>1.0</version>\n"
	    "  <report_metadata>\n"
	    "    <org_name>Example &amp; Sons</org_name>\n"
	    "    <email>postmaster@mx.example</email>\n"
	    "    <report_id>17.example.com</report_id>\n"
	    "    <date_range>\n"
	    "      <begin>1700006400</begin>\n"
	    "      <end>1700092799</end>\n"
	    "    </date_range>\n"
	    "  </report_metadata>\n"
	    "  <policy_published>\n"
	    "    <domain>example.com</domain>\n"
	    "    <adkim>r</adkim>\n"
	    "    <aspf>s</aspf>\n"
	    "    <p>reject</p>\n"
	    "    <sp>none</sp>\n"
	    "    <pct>50</pct>\n"
	    "    <fo>1</fo>\n"
	    "  </policy_published>\n"
	    "  <record>\n"
	    "    <row>\n"
	    "      <source_ip>2001:db8:0:0:0:0:0:1</source_ip>\n"
	    "      <count>7</count>\n"
	    "      <policy_evaluated>\n"
	    "        <disposition>quarantine</disposition>\n"
	    "        <dkim>pass</dkim>\n"
	    "        <spf>fail</spf>\n"
	    "        <reason>\n"
	    "          <type>sampled_out</type>\n"
	    "          <comment>a &lt; b</comment>\n"
	    "        </reason>\n"
	    "      </policy_evaluated>\n"
	    "    </row>\n"
	    "    <identifiers>\n"
	    "      <envelope_from>&lt;&amp;&gt;\"'?\?</envelope_from>\n"
	    "      <header_from>m.example.com</header_from>\n"
	    "    </identifiers>\n"
	    "    <auth_results>\n"
	    "      <dkim>\n"
	    "        <domain>example.com</domain>\n"
	    "        <selector>s1</selector>\n"
	    "        <result>pass</result>\n"
	    "      </dkim>\n"
	    "      <dkim>\n"
	    "        <domain>list.example</domain>\n"
	    "        <result>fail</result>\n"
	    "      </dkim>\n"
	    "      <spf>\n"
	    "        <domain>example.net</domain>\n"
	    "        <scope>mfrom</scope>\n"
	    "        <result>softfail</result>\n"
	    "      </spf>\n"
	    "    </auth_results>\n"
	    "  </record>\n"
	    "</feedback>\n");
}
END_TEST

START_TEST(names_are_those_of_the_rfc)
{
	CLEAN_BUF struct buf out = { 0 };
	struct dmarc_report r = a_report();

	dmarc_report_file(&out, &r);
	ck_assert_str_eq(buf_str(&out),
	    "mx.example!example.com!1700006400!1700092799!17.example.com.xml");
	buf_reset(&out);
	dmarc_report_subject(&out, &r);
	ck_assert_str_eq(buf_str(&out),
	    "Report Domain: example.com Submitter: mx.example "
	    "Report-ID: <17.example.com>");
	buf_reset(&out);
	dmarc_report_consent(&out, "example.com", "reports.example");
	ck_assert_str_eq(buf_str(&out),
	    "example.com._report._dmarc.reports.example");
}
END_TEST

START_TEST(only_strangers_are_asked)
{
	org_domain_start();
	ck_assert(dmarc_report_is_own("example.com", "example.com"));
	ck_assert(dmarc_report_is_own("example.com", "r.example.com"));
	ck_assert(dmarc_report_is_own("m.example.com", "r.example.com"));
	ck_assert(!dmarc_report_is_own("example.com", "example.net"));
	ck_assert(!dmarc_report_is_own("a.co.uk", "b.co.uk"));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dmarc_report");
	TCase *t = tcase_create("dmarc_report");

	tcase_add_test(t, a_report_has_its_elements_in_order);
	tcase_add_test(t, names_are_those_of_the_rfc);
	tcase_add_test(t, only_strangers_are_asked);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
