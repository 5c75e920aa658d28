/*
 * smtp_verdict: replies to RCPT as servers say them, and what each says of the
 * recipient.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "../smtp/smtp_verdict.h"

/* clang-format off */
static const struct {
	const char *reply;
	enum vetted want;
} cases[] = {
	{ "250 2.1.5 Ok", VETTED_GOOD },
	{ "250 Accepted", VETTED_GOOD },
	{ "251 User not local; will forward", VETTED_GOOD },
	/* Postfix, Exim, OpenSMTPD, Exchange, qmail */
	{ "550 5.1.1 <x@y>: Recipient address rejected: User unknown",
	  VETTED_BAD },
	{ "550 Unrouteable address", VETTED_BAD },
	{ "550 Invalid recipient: <x@y>", VETTED_BAD },
	{ "550 5.1.10 RESOLVER.ADR.RecipientNotFound", VETTED_BAD },
	{ "553 5.1.3 bad syntax", VETTED_BAD },
	{ "551 5.1.6 moved", VETTED_BAD },
	{ "550-no such\r\n550 5.1.1 user", VETTED_BAD },
	/* about us, or about the moment */
	{ "554 5.7.1 <x@y>: Relay access denied", VETTED_UNKNOWN },
	{ "554 5.1.1 transaction failed", VETTED_UNKNOWN },
	{ "550 5.7.1 Service unavailable; client host blocked",
	  VETTED_UNKNOWN },
	{ "550 5.1.8 Bad sender's system address", VETTED_UNKNOWN },
	{ "550 5.1.7 Bad sender's mailbox", VETTED_UNKNOWN },
	{ "550 5.2.2 mailbox full", VETTED_UNKNOWN },
	{ "550 relay not permitted", VETTED_UNKNOWN },
	{ "550 192.0.2.1 is LISTED at bl.example", VETTED_UNKNOWN },
	{ "550-see\r\n550-blocked by policy\r\n550 sorry", VETTED_UNKNOWN },
	{ "553 sorry, that domain isn't in my list", VETTED_UNKNOWN },
	{ "551 user not here", VETTED_UNKNOWN },
	{ "552 too many recipients", VETTED_UNKNOWN },
	{ "503 5.5.1 need MAIL", VETTED_UNKNOWN },
	{ "450 4.2.0 <x@y>: Greylisted", VETTED_UNKNOWN },
	{ "450 4.1.1 unverified", VETTED_UNKNOWN },
	{ "421 4.3.2 going down", VETTED_UNKNOWN },
	{ "354 go", VETTED_UNKNOWN },
};
/* clang-format on */

START_TEST(a_reply_says_what_it_says)
{
	CLEAN_BUF struct buf text = { 0 };
	struct smtp_reply r = { 0 };
	size_t taken;

	buf_addf(&text, "%s\r\n", cases[_i].reply);
	for (size_t n = 0; n < text.len; n++) {
		ck_assert_int_eq(smtp_reply_take(&r, text.text + n, 1, &taken),
		    n + 1 == text.len ? MATCH_YES : MATCH_NO);
	}
	ck_assert_int_eq(smtp_verdict(&r), cases[_i].want);
	smtp_reply_free(&r);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_verdict");
	TCase *t = tcase_create("smtp_verdict");

	tcase_add_loop_test(t, a_reply_says_what_it_says, 0,
	    (int)ARRAY_LEN(cases));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
