/*
 * smtpd_notice: which sessions the postmaster is told of, and what he reads.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "param.h"
#include "smtpd_notice.h"
#include "smtpd_world.h"
#include "trace.h"

#define POLICY   (1u << SMTPD_FAULT_POLICY)
#define PROTOCOL (1u << SMTPD_FAULT_PROTOCOL)
#define RESOURCE (1u << SMTPD_FAULT_RESOURCE)
#define SOFTWARE (1u << SMTPD_FAULT_SOFTWARE)

static void
start(struct world *w, const char *classes)
{
	world_params();
	params.notify_classes = classes;
	params.error_notice_recipient = "postmaster";
	params.mail_name = "Posthouse";
	smtpd_notice_open();
	world_open(w);
	smtpd_notice_begin(&w->s);
}

static const struct {
	int code;
	const char *status;
	unsigned int faults;
} replies[] = {
	{ 250, "2.1.0", 0 },
	{ 354, "", 0 },
	{ 554, "5.7.1", POLICY },
	{ 450, "4.7.1", POLICY },
	{ 421, "4.7.0", POLICY },
	{ 452, "4.5.3", POLICY },
	{ 550, "5.1.1", 0 },
	{ 535, "5.7.8", 0 },
	{ 421, "4.4.2", 0 },
	{ 421, "4.3.2", 0 },
	{ 501, "", PROTOCOL },
	{ 502, "5.5.1", PROTOCOL },
	{ 521, "5.5.2", PROTOCOL },
	{ 452, "4.3.1", RESOURCE },
	{ 451, "4.3.0", RESOURCE },
	{ 451, "4.3.5", SOFTWARE },
	{ 552, "5.3.4", POLICY },
};

START_TEST(replies_have_classes)
{
	struct world w = { 0 };

	start(&w, "policy protocol resource software bounce");
	smtpd_notice_fault(&w.s, replies[_i].code, replies[_i].status);
	ck_assert_uint_eq(w.s.faults, replies[_i].faults);
	world_close(&w);
}
END_TEST

START_TEST(only_what_is_wanted_counts)
{
	static const char *const classes[] = { "", "policy", "protocol",
		"resource", "software", "resource, software" };
	static const unsigned int wanted[] = { 0, POLICY, PROTOCOL, RESOURCE,
		SOFTWARE, RESOURCE | SOFTWARE };

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		struct world w = { 0 };
		unsigned int faults = 0;

		start(&w, classes[i]);
		for (size_t k = 0; k < ARRAY_LEN(replies); k++) {
			smtpd_notice_fault(&w.s, replies[k].code,
			    replies[k].status);
			faults |= replies[k].faults & wanted[i];
		}
		ck_assert_uint_eq(w.s.faults, faults);
		ck_assert_uint_eq(faults, wanted[i]);
		world_close(&w);
	}
}
END_TEST

START_TEST(a_session_is_kept_whole)
{
	struct world w = { 0 };
	CLEAN_BUF struct buf text = { 0 };

	start(&w, "protocol");
	world_say(&w, "EHLO me\r\n", 0);
	world_say(&w, "FOO\r\n", 0);
	world_say(&w, "AUTH PLAIN c2VjcmV0\r\n", 0);
	ck_assert_uint_eq(w.s.faults, PROTOCOL);
	smtpd_notice_text(&text, &w.s);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "\r\n In:  EHLO me\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&text), "\r\n In:  FOO\r\nOut: 5"));
	ck_assert_ptr_null(strstr(buf_str(&text), "c2VjcmV0"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&text), "SMTP server: errors from "));
	world_close(&w);
}
END_TEST

START_TEST(a_rare_fault_is_kept_from_there_on)
{
	struct world w = { 0 };
	CLEAN_BUF struct buf text = { 0 };

	start(&w, "resource, software");
	world_say(&w, "EHLO me\r\n", 0);
	world_say(&w, "FOO\r\n", 0);
	ck_assert_uint_eq(w.s.faults, 0);
	ck_assert_str_eq(trace_kept(w.s.trace), "");
	w.s.where = "RCPT";
	smtpd_notice_fault(&w.s, 451, "4.3.0");
	world_say(&w, "NOOP\r\n", 0);
	smtpd_notice_text(&text, &w.s);
	ck_assert_ptr_nonnull(strstr(buf_str(&text),
	    "\r\n\r\n In:  RCPT\r\n In:  NOOP\r\nOut: 250 "));
	world_close(&w);
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
	struct world w = { 0 };

	start(&w, "policy");
	for (int i = 0; i < 5000; i++)
		world_say(&w, "NOOP\r\n", 0);
	ck_assert_uint_lt(strlen(trace_kept(w.s.trace)),
	    TRACE_KEPT_MAX + TRACE_LINE_MAX + 100);
	world_close(&w);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_notice");
	TCase *t = tcase_create("smtpd_notice");

	tcase_add_loop_test(t, replies_have_classes, 0, ARRAY_LEN(replies));
	tcase_add_test(t, only_what_is_wanted_counts);
	tcase_add_test(t, a_session_is_kept_whole);
	tcase_add_test(t, a_rare_fault_is_kept_from_there_on);
	tcase_add_test(t, what_is_kept_is_bounded);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
