/*
 * restrict: what the DNS decides.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "param.h"
#include "restrict.h"

static void
setup(void)
{
	params.maps_rbl_reject_code = 554;
	params.unknown_address_reject_code = 550;
	params.unknown_client_reject_code = 550;
	params.unknown_hostname_reject_code = 550;
}

static void
put_answer(struct buf *out, enum restrict_answer answer,
    struct restrict_reply *reply)
{
	if (answer == RESTRICT_PERMIT)
		buf_addc(out, '+');
	else if (answer == RESTRICT_REFUSE)
		buf_addf(out, "%d %s %s", reply->code, reply->status,
		    buf_str(&reply->text));
	else
		ck_assert_int_eq(answer, RESTRICT_NONE);
	buf_free(&reply->text);
}

static void
judge(const char *list, const struct restrict_case *c, struct buf *got)
{
	struct restrict_reply reply = { 0 };
	const char *why;
	struct restrictions *r = restrictions_open(list, &why);

	ck_assert_msg(r != NULL, "%s", why);
	put_answer(got, restrictions_judge(r, c, &reply), &reply);
	restrictions_close(&r);
}

/* What is asked of the DNS, and what comes of the answer. */
#define NO   FOUND_NONE
#define YES  FOUND_ONE
#define HM   FOUND_FAILED
#define LIST "reject_rbl_client l.test=127.0.0.[2;4..6]"

static const struct {
	const char *list;
	const char *client;
	const char *asks;
	struct restrict_found found;
	const char *want;
} questions[] = {
	{ "reject_unknown_sender_domain", "192.0.2.1", "0 s.test",
	    { .found = YES }, "" },
	{ "reject_unknown_sender_domain", "192.0.2.1", "0 s.test",
	    { .found = NO },
	    "550 5.1.8 <s@s.test>: Sender address rejected: Domain not "
	    "found" },
	{ "reject_unknown_sender_domain", "192.0.2.1", "0 s.test",
	    { .found = HM },
	    "450 4.1.8 <s@s.test>: Sender address rejected: Domain not "
	    "found" },
	{ "reject_unknown_sender_domain", "192.0.2.1", "0 s.test",
	    { .found = NO, .null_mx = true },
	    "550 5.7.27 <s@s.test>: Sender address rejected: Domain s.test "
	    "does not accept mail (nullMX)" },
	{ "reject_unknown_recipient_domain", "192.0.2.1", "0 r.test",
	    { .found = NO },
	    "550 5.1.2 <r@r.test>: Recipient address rejected: Domain not "
	    "found" },
	{ "reject_unknown_recipient_domain", "192.0.2.1", "0 r.test",
	    { .found = NO, .null_mx = true },
	    "556 5.1.10 <r@r.test>: Recipient address rejected: Domain r.test "
	    "does not accept mail (nullMX)" },
	{ "reject_unknown_helo_hostname", "192.0.2.1", "1 h.test",
	    { .found = HM },
	    "450 4.7.1 <h.test>: Helo command rejected: Host not found" },
	{ "reject_unknown_helo_hostname", "192.0.2.1", "1 h.test",
	    { .found = NO },
	    "550 5.7.1 <h.test>: Helo command rejected: Host not found" },
	{ LIST, "192.0.2.1", "2 1.2.0.192.l.test",
	    { .found = YES,
		.addresses = " 127.0.0.9 127.0.0.5",
		.text = "spam\r" },
	    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
	    "using l.test; spam?" },
	{ LIST, "192.0.2.1", "2 1.2.0.192.l.test",
	    { .found = YES, .addresses = " 127.0.0.3", .text = "" }, "" },
	{ LIST, "192.0.2.1", "2 1.2.0.192.l.test",
	    { .found = HM, .addresses = "", .text = "" }, "" },
	{ "reject_rbl_client l.test", "2001:db8::1",
	    "2 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "8.b.d.0.1.0.0.2.l.test",
	    { .found = YES, .addresses = " 192.0.2.80", .text = "" }, "" },
	{ "permit_dnswl_client l.test", "192.0.2.1", "2 1.2.0.192.l.test",
	    { .found = YES, .addresses = " 127.0.0.3", .text = "" }, "+" },
	{ "permit_dnswl_client l.test", "192.0.2.1", "2 1.2.0.192.l.test",
	    { .found = HM, .addresses = "", .text = "" },
	    "451 4.7.1 <192.0.2.1>: Temporary lookup failure" },
	{ "reject_rhsbl_sender l.test", "192.0.2.1", "2 s.test.l.test",
	    { .found = YES, .addresses = " 127.0.1.2", .text = "" },
	    "554 5.7.1 Service unavailable; Sender address [s@s.test] blocked "
	    "using l.test" },
	{ "reject_rhsbl_recipient l.test", "192.0.2.1", "2 r.test.l.test",
	    { .found = NO, .addresses = "", .text = "" }, "" },
	{ "reject_rhsbl_helo l.test", "192.0.2.1", "2 h.test.l.test",
	    { .found = NO, .addresses = "", .text = "" }, "" },
	{ "reject_rhsbl_client l.test", "192.0.2.1", "2 c.test.l.test",
	    { .found = NO, .addresses = "", .text = "" }, "" },
	{ "reject_rhsbl_reverse_client l.test", "192.0.2.1",
	    "2 rev.test.l.test", { .found = NO, .addresses = "", .text = "" },
	    "" },
};

START_TEST(the_dns_is_asked_first)
{
	struct restrict_reply asked = { 0 }, reply = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	const char *why;
	size_t at = 0;
	struct restrictions *r = restrictions_open(questions[_i].list, &why);
	struct restrict_case c = {
		.client_name = "c.test",
		.reverse_name = "rev.test",
		.client_addr = questions[_i].client,
		.helo = "h.test",
		.sender = "s@s.test",
		.rcpt = "r@r.test",
	};

	ck_assert_msg(r != NULL, "%s", why);
	ck_assert(restrictions_ask(r));
	ck_assert_int_eq(restrictions_go_on(r, &c, &at, &asked),
	    RESTRICT_ASK_DNS);
	buf_addf(&got, "%d %s", (int)asked.question, buf_str(&asked.text));
	ck_assert_str_eq(buf_str(&got), questions[_i].asks);
	ck_assert_uint_eq(at, 0);

	buf_reset(&got);
	c.found = &questions[_i].found;
	put_answer(&got, restrictions_go_on(r, &c, &at, &reply), &reply);
	ck_assert_str_eq(buf_str(&got), questions[_i].want);
	ck_assert_uint_eq(at, 1);
	buf_free(&asked.text);
	restrictions_close(&r);
}
END_TEST

/* Names that cannot be asked about decide nothing. */
START_TEST(nothing_is_asked_of_what_has_no_name)
{
	static const char *const none[][2] = {
		{ "", "[192.0.2.1]" },
		{ "s", "" },
		{ "s@[192.0.2.1]", "[IPv6:::1]" },
		{ "s@b\303\274cher.test", "b\303\274cher" },
	};
	const char *why;
	size_t at = 0;
	struct restrictions *r = restrictions_open(
	    "reject_unknown_sender_domain reject_unknown_helo_hostname "
	    "reject_rhsbl_sender l.test reject_rhsbl_client l.test "
	    "reject_rhsbl_reverse_client l.test",
	    &why);
	struct restrict_reply reply = { 0 };

	ck_assert_int_eq(restrictions_go_on(r,
			     &(struct restrict_case){
				 .client_name = "unknown",
				 .reverse_name = "unknown",
				 .client_addr = "192.0.2.1",
				 .sender = none[_i][0],
				 .helo = none[_i][1],
			     },
			     &at, &reply),
	    RESTRICT_NONE);
	restrictions_close(&r);
}
END_TEST

/* The client's own name, and whether there is doubt about it. */
START_TEST(a_client_without_a_name)
{
	static const struct {
		const char *list;
		bool doubt;
		const char *want;
	} rows[] = {
		{ "reject_unknown_client_hostname", false,
		    "550 5.7.25 Client host rejected: cannot find your "
		    "hostname, [192.0.2.1]" },
		{ "reject_unknown_client_hostname", true,
		    "450 4.7.25 Client host rejected: cannot find your "
		    "hostname, [192.0.2.1]" },
		{ "reject_unknown_reverse_client_hostname", false,
		    "550 5.7.25 Client host rejected: cannot find your "
		    "reverse hostname, [192.0.2.1]" },
		{ "reject_unknown_reverse_client_hostname", true,
		    "450 4.7.25 Client host rejected: cannot find your "
		    "reverse hostname, [192.0.2.1]" },
		{ "permit_mynetworks", false,
		    "451 4.3.0 <192.0.2.1>: Temporary lookup failure" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf got = { 0 };

		judge(rows[i].list,
		    &(struct restrict_case){
			.client_name = "unknown",
			.reverse_name = "unknown",
			.name_doubt = rows[i].doubt,
			.reverse_doubt = rows[i].doubt,
			.client_addr = "192.0.2.1",
			.trusted = FOUND_FAILED,
		    },
		    &got);
		ck_assert_str_eq(buf_str(&got), rows[i].want);
	}
}
END_TEST

/* Filters, and every prefix of one. */
START_TEST(a_filter_is_whole_or_wrong)
{
	static const char good[] = "l.test=127.[0;2..11].0.[255]";
	static const char *const bad[] = { "=", "=127.0.0", "=127.0.0.256",
		"=127.0.0.[2..1]", "=127.0.0.[]", "=127.0.0.2.3", "=127.0.0.[2",
		"=127.0.0.2]", "=x" };
	CLEAN_BUF struct buf list = { 0 };
	struct restrictions *r;
	const char *why;

	for (size_t n = 6; n < sizeof(good); n++) {
		bool whole = n == 6 || n + 1 == sizeof(good);

		buf_reset(&list);
		buf_addf(&list, "reject_rbl_client %.*s", (int)n, good);
		r = restrictions_open(buf_str(&list), &why);
		ck_assert_msg((r != NULL) == whole, "%s", buf_str(&list));
		restrictions_close(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&list);
		buf_addf(&list, "reject_rbl_client l.test%s", bad[i]);
		ck_assert_msg(restrictions_open(buf_str(&list), &why) == NULL,
		    "%s", bad[i]);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("restrict_dns");
	TCase *t = tcase_create("restrict_dns");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, the_dns_is_asked_first, 0, ARRAY_LEN(questions));
	tcase_add_loop_test(t, nothing_is_asked_of_what_has_no_name, 0, 4);
	tcase_add_test(t, a_client_without_a_name);
	tcase_add_test(t, a_filter_is_whole_or_wrong);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
