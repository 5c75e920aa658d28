/*
 * report: facts counted and kept, when reports are due, the JSON and the
 * message.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base64.h"
#include "clock.h"
#include "msg.h"
#include "param.h"
#include "report_dmarc.h"
#include "report_gzip.h"
#include "report_mail.h"
#include "report_store.h"
#include "report_tls.h"

#define NOW (20000 * DAY + HOUR)

static char folder[64], path[80];

static void
set_up(void)
{
	const char *why;

	params.report_interval = DAY;
	params.report_organization = xstrdup("Ours \"Ltd\"");
	params.report_contact = xstrdup("postmaster@a.test");
	params.report_sender = xstrdup("reports@a.test");
	params.myhostname = xstrdup("mx.a.test");
	snprintf(folder, sizeof(folder), "/tmp/check_report.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	/* As root the file is opened by the folder's owner. */
	if (geteuid() == 0)
		ck_assert_int_eq(chown(folder, 65534, 65534), 0);
	snprintf(path, sizeof(path), "%s/facts", folder);
	ck_assert_msg(report_store_open(path, &why), "%s", why);
	loop_start();
}

static void
tear_down(void)
{
	CLEAN_BUF struct buf name = { 0 };

	report_store_close();
	buf_addf(&name, "%s.lmdb", path);
	(void)unlink(buf_str(&name));
	buf_adds(&name, "-lock");
	(void)unlink(buf_str(&name));
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
count(const char *domain, int64_t now, const char *fact)
{
	report_store_count(REPORT_TLS, domain, now, slice_of(fact),
	    SLICE("coarse"));
}

static void
flush(void)
{
	const char *why;
	bool ok = report_store_flush(&why);

	ck_assert_msg(ok, "%s", why);
}

static struct buf facts;

static void
note(void *owner, struct slice fact, uint64_t n)
{
	(void)owner;
	buf_addf(&facts, "%.*s=%llu ", (int)fact.len, fact.at,
	    (unsigned long long)n);
}

static bool
facts_are(const struct report_due *due, const char *first, const char *second)
{
	buf_reset(&facts);
	report_store_each(due, note, NULL);
	return str_eq(buf_str(&facts), first) ||
	    str_eq(buf_str(&facts), second);
}

START_TEST(facts_are_counted_over_restarts)
{
	CLEAN_BUF struct buf room = { 0 };
	struct report_due due;
	const char *why;

	for (int i = 0; i < 3; i++)
		count("x.example", NOW, "a");
	count("x.example", NOW + HOUR, "b");
	flush();
	report_store_close();
	ck_assert(report_store_open(path, &why));
	count("x.example", NOW + 2 * HOUR, "a");
	count("x.example", NOW + DAY, "a"); /* tomorrow's */
	count("y.example", NOW, "a");
	flush();
	ck_assert_uint_eq(report_store_waiting(), 3);

	/* None before the day is over, and all within four hours after. */
	ck_assert_int_eq(report_store_take(NOW + 23 * HOUR - 1, NOW + 40 * HOUR,
			     &room, &due),
	    FOUND_NONE);
	for (int i = 0; i < 2; i++) {
		bool x;

		ck_assert_int_eq(report_store_take(NOW + 27 * HOUR + MINUTE,
				     NOW + 40 * HOUR, &room, &due),
		    FOUND_ONE);
		x = str_eq(due.domain, "x.example");
		ck_assert_int_eq(due.begin, 20000 * DAY);
		ck_assert_int_eq(due.end, 20001 * DAY);
		ck_assert_uint_eq(due.attempts, 1);
		ck_assert(x ? facts_are(&due, "a=4 b=1 ", "b=1 a=4 ")
			    : facts_are(&due, "a=1 ", "a=1 "));
		if (x)
			report_store_forget(&due);
	}
	ck_assert_int_eq(report_store_take(NOW + 27 * HOUR + MINUTE, 0, &room,
			     &due),
	    FOUND_NONE);
	ck_assert_uint_eq(report_store_waiting(), 2);
	/* y was not forgotten: it comes again. */
	ck_assert_int_eq(report_store_take(NOW + 40 * HOUR, NOW + 41 * HOUR,
			     &room, &due),
	    FOUND_ONE);
	ck_assert_str_eq(due.domain, "y.example");
	ck_assert_uint_eq(due.attempts, 2);
}
END_TEST

START_TEST(where_it_has_gone_is_kept)
{
	CLEAN_BUF struct buf room = { 0 }, a = { 0 }, b = { 0 };
	struct report_due due;

	count("x.example", NOW, "a");
	flush();
	ck_assert_int_eq(report_store_take(NOW + 2 * DAY, NOW + 3 * DAY, &room,
			     &due),
	    FOUND_ONE);
	report_store_done(&due, "mailto:1@x", &a, &due);
	report_store_done(&due, "https://x/", &b, &due);
	flush();
	ck_assert_int_eq(report_store_take(NOW + 3 * DAY, NOW + 4 * DAY, &room,
			     &due),
	    FOUND_ONE);
	ck_assert_str_eq(due.done, "mailto:1@x https://x/");
	ck_assert_uint_eq(due.attempts, 2);
}
END_TEST

START_TEST(different_facts_are_bounded)
{
	CLEAN_BUF struct buf room = { 0 };
	struct report_due due;
	char fact[32];
	size_t n = 0;

	for (unsigned int i = 0; i < REPORT_FACTS_MAX + 50; i++) {
		snprintf(fact, sizeof(fact), "f%u", i);
		count("x.example", NOW, fact);
		if (i % 7 == 0)
			flush();
	}
	flush();
	ck_assert_int_eq(report_store_take(NOW + 2 * DAY, NOW + 3 * DAY, &room,
			     &due),
	    FOUND_ONE);
	buf_reset(&facts);
	report_store_each(&due, note, NULL);
	ck_assert_ptr_nonnull(strstr(buf_str(&facts), "coarse=50 "));
	for (const char *c = buf_str(&facts); *c != '\0'; c++)
		n += *c == ' ';
	ck_assert_uint_eq(n, REPORT_FACTS_MAX + 1);
}
END_TEST

START_TEST(reports_are_spread)
{
	int64_t end = 20001 * DAY;
	int64_t least = INT64_MAX, most = 0;
	char domain[32];

	for (int i = 0; i < 100; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		int64_t at = report_store_due_at(REPORT_TLS, domain, end);

		ck_assert_int_eq(at,
		    report_store_due_at(REPORT_TLS, domain, end));
		least = MIN(least, at - end);
		most = MAX(most, at - end);
	}
	ck_assert_int_ge(least, MINUTE);
	ck_assert_int_lt(most, 4 * HOUR + MINUTE);
	ck_assert_int_gt(most - least, 3 * HOUR);
}
END_TEST

static void
say_result(const struct msg_tls_result *m)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_tls_result(&packet, m);
	ck_assert(report_tls_result(NULL, packet.text + 4, packet.len - 4, -1));
}

static const char expected[] =
    "{\"organization-name\":\"Ours \\\"Ltd\\\"\",\"date-range\":"
    "{\"start-datetime\":\"2024-10-04T00:00:00Z\","
    "\"end-datetime\":\"2024-10-04T23:59:59Z\"},"
    "\"contact-info\":\"postmaster@a.test\",\"report-id\":\"id@a\","
    "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":"
    "[\"version: STSv1\",\"mode: testing\"],\"policy-domain\":\"x.example\","
    "\"mx-host\":[\"*.x.example\",\"y.example\"]},\"summary\":"
    "{\"total-successful-session-count\":2,"
    "\"total-failure-session-count\":1},\"failure-details\":["
    "{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"192.0.2.1\","
    "\"receiving-mx-hostname\":\"mx.x.example\",\"receiving-ip\":\"192.0.2.2\","
    "\"failed-session-count\":1,"
    "\"failure-reason-code\":\"too \\\"old\\\"\"}]}]}\n";

START_TEST(the_report_is_as_it_should_be)
{
	CLEAN_BUF struct buf room = { 0 }, json = { 0 }, packed = { 0 };
	struct report_due due;
	struct msg_tls_result m = {
		.domain = "x.example",
		.policy = TLS_POLICY_STS,
		.strings = "version: STSv1\nmode: testing",
		.mx = "*.x.example y.example",
		.result = "",
		.our_ip = "192.0.2.1",
		.host = "mx.x.example",
		.helo = "",
		.host_ip = "192.0.2.2",
		.reason = "",
	};

	say_result(&m);
	m.host = "other.x.example"; /* of successes only the number counts */
	say_result(&m);
	m.host = "mx.x.example";
	m.result = "certificate-expired";
	m.reason = "too \"old\"";
	say_result(&m);
	flush();
	ck_assert_int_eq(report_store_take(loop_wall() + 2 * DAY, INT64_MAX / 2,
			     &room, &due),
	    FOUND_ONE);
	due.begin = 20000 * DAY;
	due.end = 20001 * DAY;
	report_tls_write(&json, &due, "id@a");
	ck_assert_ptr_null(strstr(buf_str(&json), "sts")); /* no such facts */

	room.len = 0;
	ck_assert_int_eq(report_store_take(INT64_MAX / 2, INT64_MAX / 2 + 1,
			     &room, &due),
	    FOUND_ONE);
	buf_reset(&json);
	report_tls_write(&json, &due, "id@a");
	/* Only the dates are today's. */
	char *from = strstr(json.text, "\"start-datetime\":\"");
	ck_assert_ptr_nonnull(from);
	memcpy(from + 18, "2024-10-04", 10);
	from = strstr(json.text, "\"end-datetime\":\"");
	ck_assert_ptr_nonnull(from);
	memcpy(from + 16, "2024-10-04", 10);
	ck_assert_str_eq(buf_str(&json), expected);

	/* And comes out of its compression again. */
	char text[4096];
	z_stream z = { 0 };
	report_gzip(&packed, json.text, json.len);
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)packed.text;
	z.avail_in = (uInt)packed.len;
	z.next_out = (Bytef *)text;
	z.avail_out = sizeof(text);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, json.len);
	ck_assert_int_eq(memcmp(text, json.text, json.len), 0);
	ck_assert_int_eq(inflateEnd(&z), Z_OK);
}
END_TEST

/* Of DMARC, with a record of so many bytes. */
static void
see_record(size_t len)
{
	CLEAN_BUF struct buf packet = { 0 }, row = { 0 }, record = { 0 };

	buf_adds(&record, "v=DMARC1; p=none; rua=mailto:a@x.example; n=");
	while (record.len < len)
		buf_addc(&record, 'x');
	rec_put_dmarc_row(&row,
	    &(struct rec_dmarc_row){
		.client = "192.0.2.1",
		.header_from = "x.example",
		.envelope_from = "x.example",
		.reason = "",
		.comment = "",
		.spf_domain = "x.example",
		.signatures = SLICE(""),
	    });
	msg_put_dmarc_seen(&packet,
	    &(struct msg_dmarc_seen){
		.domain = "x.example",
		.record = buf_str(&record),
		.row = { row.text, row.len },
	    });
	ck_assert(report_dmarc_seen(NULL, packet.text + sizeof(uint32_t),
	    packet.len - sizeof(uint32_t), -1));
}

START_TEST(a_record_made_to_fill_the_disk_is_not_kept)
{
	see_record(60000);
	ck_assert_uint_eq(report_store_pending(), 0);
	see_record(1000);
	ck_assert_uint_eq(report_store_pending(), 1);
}
END_TEST

START_TEST(the_message_is_as_it_should_be)
{
	static const struct report_form form = {
		.word = "TLS",
		.type = "application/tlsrpt+gzip",
		.name = "tlsrpt",
		.extension = "json",
		.text = "Words.",
	};
	static const struct report_due due = {
		.kind = REPORT_TLS,
		.begin = 20000 * DAY,
		.end = 20001 * DAY,
		.domain = "x.example",
		.done = "",
	};
	CLEAN_BUF struct buf mail = { 0 };
	char packed[200];
	size_t column = 0;

	memset(packed, 0xff, sizeof(packed));
	report_mail_write(&mail,
	    &(struct report_letter){
		.form = &form,
		.due = &due,
		.id = "1.x.example@mx.a.test",
		.mail_id = "3ABCDEFGHJKLM",
		.to = "rua@x.example",
		.now = NOW,
		.packed = { packed, sizeof(packed) },
	    });
	const char *text = buf_str(&mail);
	ck_assert_ptr_nonnull(strstr(text, "From: reports@a.test\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nTo: rua@x.example\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nTLS-Required: No\r\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "\r\nTLS-Report-Domain: x.example\r\n"
	    "TLS-Report-Submitter: mx.a.test\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "report-type=\"tlsrpt\""));
	ck_assert_ptr_nonnull(strstr(text,
	    "filename=\"mx.a.test!x.example!1728000000!1728086399.json.gz\""));
	for (size_t i = 0; i < mail.len; i++) {
		ck_assert((mail.text[i] == '\n') ==
		    (i > 0 && mail.text[i - 1] == '\r'));
		column = mail.text[i] == '\n' ? 0 : column + 1;
		ck_assert_uint_le(column, 100);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, facts_are_counted_over_restarts);
	tcase_add_test(t, where_it_has_gone_is_kept);
	tcase_add_test(t, different_facts_are_bounded);
	tcase_add_test(t, reports_are_spread);
	tcase_add_test(t, the_report_is_as_it_should_be);
	tcase_add_test(t, the_message_is_as_it_should_be);
	tcase_add_test(t, a_record_made_to_fill_the_disk_is_not_kept);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
