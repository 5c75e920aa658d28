/*
 * scribe: records as lines of text, JSON and syslog.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "scribe_line.h"
#include "scribe_round.h"

#define ID "BCDFGHJKLMNPQ"

static const struct line_source from = { "mx", "posthouse/smtp" };

/* 2026-11-21 09:05:07.089 UTC. */
#define WHEN INT64_C(1795251907089123)

static struct log_record
record(enum log_level level, const char *text)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	tzset();
	return (struct log_record){
		.time = WHEN,
		.level = level,
		.pid = 123,
		.text = text,
	};
}

static const struct {
	enum log_level level;
	const char *text, *line, *json;
} cases[] = {
	{ LOG_LEVEL_INFO, "connect from a[192.0.2.1]",
	    "connect from a[192.0.2.1]",
	    "\"level\":\"info\",\"message\":\"connect from a[192.0.2.1]\","
	    "\"fields\":{}}" },
	{ LOG_LEVEL_WARN, "x", "warning: x",
	    "\"level\":\"warning\",\"message\":\"x\",\"fields\":{}}" },
	{ LOG_LEVEL_FATAL, "x", "fatal: x",
	    "\"level\":\"fatal\",\"message\":\"x\",\"fields\":{}}" },
	{ LOG_LEVEL_INFO, ID ": client=a[192.0.2.1]",
	    ID ": client=a[192.0.2.1]",
	    "\"level\":\"info\",\"id\":\"" ID "\","
	    "\"message\":\"client=a[192.0.2.1]\","
	    "\"fields\":{\"client\":\"a[192.0.2.1]\"}}" },
	{ LOG_LEVEL_INFO,
	    ID ": to=<b@c>" LOG_SEP "relay=h[1.2.3.4]:25" LOG_SEP
	       "dsn=2.0.0" LOG_SEP "status=sent (250 2.0.0 Ok: \"x\")",
	    ID ": to=<b@c>, relay=h[1.2.3.4]:25, dsn=2.0.0, "
	       "status=sent (250 2.0.0 Ok: \"x\")",
	    "\"level\":\"info\",\"id\":\"" ID "\",\"message\":\"to=<b@c>, "
	    "relay=h[1.2.3.4]:25, dsn=2.0.0, status=sent (250 2.0.0 Ok: "
	    "\\\"x\\\")\",\"fields\":{\"to\":\"b@c\","
	    "\"relay\":\"h[1.2.3.4]:25\",\"dsn\":\"2.0.0\","
	    "\"status\":\"sent\",\"reason\":\"250 2.0.0 Ok: \\\"x\\\"\"}}" },
	{ LOG_LEVEL_INFO,
	    ID ": from=<>" LOG_SEP "size=1" LOG_SEP "nrcpt=1 (queue active)",
	    ID ": from=<>, size=1, nrcpt=1 (queue active)",
	    "\"level\":\"info\",\"id\":\"" ID "\",\"message\":\"from=<>, "
	    "size=1, nrcpt=1 (queue active)\",\"fields\":{\"from\":\"\","
	    "\"size\":\"1\",\"nrcpt\":\"1\",\"reason\":\"queue active\"}}" },
	{ LOG_LEVEL_INFO, "NOQUEUE: reject: RCPT from x",
	    "NOQUEUE: reject: RCPT from x",
	    "\"level\":\"info\",\"id\":\"NOQUEUE\","
	    "\"message\":\"reject: RCPT from x\",\"fields\":{}}" },
	{ LOG_LEVEL_INFO, "notanid: a=b", "notanid: a=b",
	    "\"level\":\"info\",\"message\":\"notanid: a=b\",\"fields\":{}}" },
	{ LOG_LEVEL_INFO, "a= " LOG_SEP "=b" LOG_SEP "c=(x" LOG_SEP "d= ()",
	    "a= , =b, c=(x, d= ()",
	    "\"level\":\"info\",\"message\":\"a= , =b, c=(x, d= ()\","
	    "\"fields\":{\"a\":\" \",\"c\":\"(x\",\"d\":\"\"}}" },
	{ LOG_LEVEL_INFO, "", "",
	    "\"level\":\"info\",\"message\":\"\","
	    "\"fields\":{}}" },
};

START_TEST(a_line_of_text)
{
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_BUF struct buf want = { 0 };
	struct log_record r = record(cases[_i].level, cases[_i].text);

	line_text(&out, &from, &r);
	buf_addf(&want, "Nov 21 09:05:07 mx posthouse/smtp[123]: %s\n",
	    cases[_i].line);
	ck_assert_str_eq(buf_str(&out), buf_str(&want));
}
END_TEST

START_TEST(a_line_of_json)
{
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_BUF struct buf want = { 0 };
	struct log_record r = record(cases[_i].level, cases[_i].text);

	line_json(&out, &from, &r);
	buf_addf(&want,
	    "{\"v\":1,\"time\":\"2026-11-21T09:05:07.089Z\",\"host\":\"mx\","
	    "\"program\":\"smtp\",\"label\":\"posthouse/smtp\",\"pid\":123,"
	    "%s\n",
	    cases[_i].json);
	ck_assert_str_eq(buf_str(&out), buf_str(&want));
}
END_TEST

START_TEST(a_packet_for_syslog)
{
	CLEAN_BUF struct buf out = { 0 };
	struct log_record r = record(LOG_LEVEL_WARN, "a" LOG_SEP "b");

	line_syslog(&out, &from, &r, LOG_MAIL, false);
	ck_assert_str_eq(buf_str(&out),
	    "<20>Nov 21 09:05:07 posthouse/smtp[123]: warning: a, b");
	buf_reset(&out);
	line_syslog(&out, &from, &r, LOG_MAIL, true);
	ck_assert_str_eq(buf_str(&out),
	    "<20>Nov 21 09:05:07 posthouse/smtp[123]: "
	    "{\"v\":1,\"time\":\"2026-11-21T09:05:07.089Z\",\"host\":\"mx\","
	    "\"program\":\"smtp\",\"label\":\"posthouse/smtp\",\"pid\":123,"
	    "\"level\":\"warning\",\"message\":\"a, b\",\"fields\":{}}");
}
END_TEST

START_TEST(every_prefix_is_a_line)
{
	static const char text[] = ID ": to=<b@c>" LOG_SEP
				      "status=sent (250 Ok)";
	CLEAN_BUF struct buf part = { 0 };

	for (size_t n = 0; n < sizeof(text); n++) {
		CLEAN_BUF struct buf out = { 0 };

		buf_reset(&part);
		buf_add(&part, text, n);
		struct log_record r = record(LOG_LEVEL_INFO, buf_str(&part));
		line_json(&out, &from, &r);
		ck_assert_int_eq(out.text[out.len - 2], '}');
		line_text(&out, &from, &r);
	}
}
END_TEST

static struct buf seen;

static void
see(const struct line_source *who, const struct log_record *r)
{
	buf_addf(&seen, "%s:%s:%d ", who->label, r->text, (int)r->time);
}

START_TEST(lines_of_a_round_are_in_the_order_of_time)
{
	static const struct line_source a = { "h", "a" }, b = { "h", "b" };
	struct log_record r = { .text = "one", .time = 30 };

	for (int i = 0; i < 2; i++) {
		round_add(&a, &r);
		r.text = "two";
		round_add(&a, &r);
		r = (struct log_record){ .text = "three", .time = 20 };
		round_add(&b, &r);
		r = (struct log_record){ .text = "four", .time = 30 };
		round_add(&b, &r);
		buf_reset(&seen);
		(void)round_each(ROUND_ALL, see);
		ck_assert_str_eq(buf_str(&seen),
		    "b:three:20 a:one:30 a:two:30 b:four:30 ");
		r = (struct log_record){ .text = "one", .time = 30 };
	}
	buf_reset(&seen);
	(void)round_each(ROUND_ALL, see);
	ck_assert_uint_eq(seen.len, 0);
	buf_free(&seen);
}
END_TEST

START_TEST(a_young_line_waits_for_older_ones)
{
	static const struct line_source a = { "h", "a" }, b = { "h", "b" };
	int64_t now = 1000 * ROUND_HOLD;
	struct log_record r = { .text = "young", .time = now - 10 };

	round_add(&a, &r);
	r = (struct log_record){ .text = "ahead", .time = 3 * now };
	round_add(&a, &r);
	ck_assert_uint_eq(round_each(now, see), 1);
	ck_assert_str_eq(buf_str(&seen), "a:ahead:75000000 ");
	buf_reset(&seen);

	r = (struct log_record){ .text = "older", .time = now - 20 };
	round_add(&b, &r);
	ck_assert_uint_eq(round_each(now + 10, see), 2);
	ck_assert_uint_eq(seen.len, 0);
	ck_assert_uint_eq(round_each(now - 20 + ROUND_HOLD, see), 1);
	ck_assert_uint_eq(round_each(now + ROUND_HOLD, see), 0);
	ck_assert_str_eq(buf_str(&seen), "b:older:24999980 a:young:24999990 ");
	buf_free(&seen);
}
END_TEST

START_TEST(many_lines_fit_in_a_round)
{
	struct log_record r = { .text = "x" };

	for (int i = 0; i < 1000; i++) {
		r.time = 1000 - i;
		round_add(&from, &r);
	}
	(void)round_each(ROUND_ALL, see);
	ck_assert_ptr_nonnull(strstr(buf_str(&seen), "smtp:x:1 "));
	ck_assert_int_eq(strncmp(buf_str(&seen), "posthouse/smtp:x:1 ", 19), 0);
	buf_free(&seen);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("scribe");
	TCase *t = tcase_create("scribe");

	tcase_add_loop_test(t, a_line_of_text, 0, (int)ARRAY_LEN(cases));
	tcase_add_loop_test(t, a_line_of_json, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, a_packet_for_syslog);
	tcase_add_test(t, every_prefix_is_a_line);
	tcase_add_test(t, lines_of_a_round_are_in_the_order_of_time);
	tcase_add_test(t, a_young_line_waits_for_older_ones);
	tcase_add_test(t, many_lines_fit_in_a_round);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
