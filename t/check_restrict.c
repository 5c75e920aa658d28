/*
 * restrict: lists of restrictions, judged.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "param.h"
#include "restrict.h"

static void
setup(void)
{
	params.parent_domain_matches_subdomains = "smtpd_access_maps";
	params.relay_clientcerts = "";
	params.plaintext_reject_code = 450;
}

/* A list, whether the client is in mynetworks, and what is said: "" is
 * nothing, "+" permission. */
static const struct {
	const char *list;
	bool trusted;
	const char *want;
} cases[] = {
	{ "", false, "" },
	{ "permit", false, "+" },
	{ " permit , reject", false, "+" },
	{ "PERMIT_MYNETWORKS reject", true, "+" },
	{ "permit_mynetworks, reject", false,
	    "554 5.7.1 <d.test>: Etrn command rejected: Access denied" },
	{ "defer", true,
	    "450 4.3.2 <d.test>: Etrn command rejected: Try again later" },
	{ "reject_unknown_client_hostname", true, "" },
	{ "warn_if_reject reject, permit", true,
	    "(554 5.7.1 <d.test>: Etrn command rejected: Access denied)" },
	{ "warn_if_reject permit", true, "+" },
	{ "reject_plaintext_session", true,
	    "450 4.7.1 Session encryption is required" },
	{ "check_reverse_client_hostname_access inline:{rev.test=REJECT}",
	    false,
	    "554 5.7.1 <rev.test>: Unverified Client host rejected: "
	    "Access denied" },
	{ "check_sasl_access static:REJECT", false, "" },
	{ "check_client_access inline:{mx.d.test=OK} reject", false, "+" },
	{ "check_client_access inline:{d.test=OK} reject", false, "+" },
	{ "check_client_access inline:{.d.test=OK}", false, "" },
	{ "check_client_access inline:{192.0.2.1=OK}", false, "+" },
	{ "check_client_access inline:{192.0.2=OK}", false, "+" },
	{ "check_client_access inline:{192=OK}", false, "+" },
	{ "check_client_access inline:{92.0.2.1=OK}", false, "" },
	{ "check_client_access inline:{192.0.2.1=1234}", false, "+" },
	{ "check_client_access inline:{192.0.2.1=dunno} permit", false, "+" },
	{ "check_client_access inline:{192.0.2.1=DUNNO}", false, "" },
	{ "check_client_access static:REJECT", false,
	    "554 5.7.1 <mx.d.test[192.0.2.1]>: Client host rejected: "
	    "Access denied" },
	{ "check_client_access inline:{{192.0.2.1=REJECT go away}}", false,
	    "554 5.7.1 <mx.d.test[192.0.2.1]>: Client host rejected: "
	    "go away" },
	{ "check_client_access static:DEFER", false,
	    "450 4.7.1 <mx.d.test[192.0.2.1]>: Client host rejected: "
	    "Access denied" },
	{ "check_client_access inline:{{192.0.2.1=421 4.3.2 later}}", false,
	    "421 4.3.2 <mx.d.test[192.0.2.1]>: Client host rejected: later" },
	{ "check_client_access inline:{{192.0.2.1=550 no}}", false,
	    "550 5.7.1 <mx.d.test[192.0.2.1]>: Client host rejected: no" },
	{ "check_client_access static:PERHAPS permit", false,
	    "451 4.3.5 <mx.d.test[192.0.2.1]>: Server configuration error" },
	{ "check_client_access fail:down permit", false,
	    "451 4.3.0 <mx.d.test[192.0.2.1]>: Temporary lookup failure" },
	{ "check_etrn_access inline:{test=OK} reject", false, "+" },
	{ "check_etrn_access inline:{d.test=REJECT}", false,
	    "554 5.7.1 <d.test>: Etrn command rejected: Access denied" },
	{ "check_etrn_access inline:{x.test=REJECT}", false, "" },
	{ "permit_sasl_authenticated permit_auth_destination "
	  "permit_tls_clientcerts permit_tls_all_clientcerts",
	    false, "" },
	{ "reject_unauth_destination", false,
	    "554 5.7.1 <d.test>: Relay access denied" },
	{ "defer_unauth_destination", true,
	    "454 4.7.1 <d.test>: Relay access denied" },
	{ "check_ccert_access static:OK", false, "" },
	{ "check_etrn_access fail:down", false,
	    "451 4.3.0 <d.test>: Temporary lookup failure" },
};

static void
judge_case(const char *list, const struct restrict_case *c, struct buf *got)
{
	struct restrict_reply reply = { 0 };
	const char *why = NULL;
	struct restrictions *r = restrictions_open(list, &why);

	ck_assert_msg(r != NULL, "%s: %s", list, why);
	switch (restrictions_judge(r, c, &reply)) {
	case RESTRICT_NONE:
		break;
	case RESTRICT_PERMIT:
		buf_addc(got, '+');
		break;
	case RESTRICT_REFUSE:
		buf_addf(got, "%d %s %s", reply.code, reply.status,
		    buf_str(&reply.text));
		break;
	case RESTRICT_ASK_RCPT:
		buf_addc(got, '?');
		break;
	case RESTRICT_ASK_DNS:
		buf_addf(got, "?%d %s", (int)reply.question,
		    buf_str(&reply.text));
		break;
	case RESTRICT_WARN:
		buf_addf(got, "(%d %s %s)", reply.code, reply.status,
		    buf_str(&reply.text));
		break;
	}
	buf_free(&reply.text);
	restrictions_close(&r);
	ck_assert_ptr_null(r);
}

static void
judge(const char *list, const char *name, bool trusted, struct buf *got)
{
	struct restrict_case c = {
		.client_name = name,
		.reverse_name = "rev.test",
		.client_addr = "192.0.2.1",
		.trusted = trusted ? FOUND_ONE : FOUND_NONE,
		.stage = "Etrn command",
		.subject = "d.test",
	};

	judge_case(list, &c, got);
}

/* A recipient is being judged: u is logged in, or nobody; f is what "ours"
 * says. */
#define SENDER(text) "553 5.7.1 <s@d.test>: Sender address rejected: " text

static const struct {
	const char *list, *user, *helo, *sender, *rcpt, *want;
	bool ours;
} mails[] = {
	{ "permit_sasl_authenticated, reject", "u", "h", "s", "r",
	    .want = "+" },
	{ "permit_sasl_authenticated", NULL, "h", "s", "r", .want = "" },
	{ "permit_auth_destination", NULL, "h", "s", "r", .want = "+",
	    .ours = true },
	{ "permit_auth_destination", NULL, "h", "s", "r", .want = "",
	    .ours = false },
	{ "reject_unauth_destination", NULL, "h", "s", "r@x.test",
	    .want = "554 5.7.1 <r@x.test>: Relay access denied",
	    .ours = false },
	{ "reject_unauth_destination", NULL, "h", "s", "r", .want = "",
	    .ours = true },
	{ "defer_unauth_destination", NULL, "h", "s", "r@x.test",
	    .want = "454 4.7.1 <r@x.test>: Relay access denied",
	    .ours = false },
	{ "reject_unverified_recipient", NULL, "h", "s", "r", .want = "?" },
	{ "reject_unverified_recipient", NULL, "h", "s", NULL, .want = "" },
	{ "reject_non_fqdn_sender", NULL, "h", "s@d.test", "r", .want = "" },
	{ "reject_non_fqdn_sender", NULL, "h", "", "r", .want = "" },
	{ "reject_non_fqdn_sender", NULL, "h", "s@[192.0.2.1]", "r",
	    .want = "" },
	{ "reject_non_fqdn_sender", NULL, "h", "s@localhost", "r",
	    .want = "504 5.5.2 <s@localhost>: Sender address rejected: need "
		    "fully-qualified address" },
	{ "reject_non_fqdn_sender", NULL, "h", "s", "r",
	    .want =
		"504 5.5.2 <s>: Sender address rejected: need fully-qualified "
		"address" },
	{ "reject_non_fqdn_recipient", NULL, "h", "s", "Postmaster",
	    .want = "" },
	{ "reject_non_fqdn_recipient", NULL, "h", "s", "r@a..b",
	    .want = "504 5.5.2 <r@a..b>: Recipient address rejected: need "
		    "fully-qualified address" },
	{ "reject_non_fqdn_helo_hostname", NULL, "h.test", "s", "r",
	    .want = "" },
	{ "reject_non_fqdn_helo_hostname", NULL, "[::1]", "s", "r",
	    .want = "" },
	{ "reject_non_fqdn_helo_hostname", NULL, NULL, "s", "r", .want = "" },
	{ "reject_non_fqdn_helo_hostname", NULL, "h", "s", "r",
	    .want =
		"504 5.5.2 <h>: Helo command rejected: need fully-qualified "
		"hostname" },
	{ "reject_invalid_helo_hostname", NULL, "my_h-1", "s", "r",
	    .want = "" },
	{ "reject_invalid_helo_hostname", NULL, "-h", "s", "r",
	    .want = "501 5.5.2 <-h>: Helo command rejected: Invalid name" },
	{ "reject_invalid_helo_hostname", NULL, "192.0.2.1", "s", "r",
	    .want =
		"501 5.5.2 <192.0.2.1>: Helo command rejected: Invalid name" },
	{ "check_helo_access inline:{d.test=REJECT}", NULL, "x.d.test", "s",
	    "r",
	    .want =
		"554 5.7.1 <x.d.test>: Helo command rejected: Access denied" },
	{ "check_sender_access inline:{s@d.test=REJECT}", NULL, "h", "s@d.test",
	    "r",
	    .want = "554 5.7.1 <s@d.test>: Sender address rejected: "
		    "Access denied" },
	{ "check_sender_access inline:{s@d.test=OK}", NULL, "h", "s+x@d.test",
	    "r", .want = "+" },
	{ "check_sender_access inline:{test=OK}", NULL, "h", "s@d.test", "r",
	    .want = "+" },
	{ "check_sender_access inline:{s@=OK}", NULL, "h", "s+x@d.test", "r",
	    .want = "+" },
	{ "check_sender_access inline:{<>=OK}", NULL, "h", "", "r",
	    .want = "+" },
	{ "check_sender_access inline:{<>=OK}", NULL, "h", NULL, "r",
	    .want = "" },
	{ "check_sender_access fail:x", NULL, "h", "s@d.test", "r",
	    .want = "451 4.3.0 <s@d.test>: Temporary lookup failure" },
	{ "check_recipient_access inline:{{r@d.test=550 5.1.1 gone}}", NULL,
	    "h", "s", "r@d.test",
	    .want = "550 5.1.1 <r@d.test>: Recipient address rejected: gone" },

	/* s@d.test belongs to owner and u, and x@d.test to nobody. */
	{ "reject_sender_login_mismatch", "u", "h", "s@d.test", "r",
	    .want = "" },
	{ "reject_sender_login_mismatch", "U", "h", "s+ext@d.test", "r",
	    .want = "" },
	{ "reject_sender_login_mismatch", "v", "h", "s@d.test", "r",
	    .want = SENDER("not owned by user v") },
	{ "reject_sender_login_mismatch", "u", "h", "", "r", .want = "" },
	{ "reject_sender_login_mismatch", NULL, "h", "s@d.test", "r",
	    .want = SENDER("not logged in") },
	{ "reject_sender_login_mismatch", NULL, "h", "x@d.test", "r",
	    .want = "" },
	{ "reject_sender_login_mismatch", "u", "h", "x@d.test", "r",
	    .want = "553 5.7.1 <x@d.test>: Sender address rejected: "
		    "not owned by user u" },
	{ "reject_known_sender_login_mismatch", "u", "h", "x@d.test", "r",
	    .want = "" },
	{ "reject_known_sender_login_mismatch", "v", "h", "s@d.test", "r",
	    .want = SENDER("not owned by user v") },
	{ "reject_known_sender_login_mismatch", NULL, "h", "s@d.test", "r",
	    .want = SENDER("not logged in") },
	{ "reject_authenticated_sender_login_mismatch", NULL, "h", "s@d.test",
	    "r", .want = "" },
	{ "reject_authenticated_sender_login_mismatch", "v", "h", "s@d.test",
	    "r", .want = SENDER("not owned by user v") },
	{ "reject_unauthenticated_sender_login_mismatch", "v", "h", "s@d.test",
	    "r", .want = "" },
	{ "reject_unauthenticated_sender_login_mismatch", NULL, "h", "s@d.test",
	    "r", .want = SENDER("not logged in") },
	{ "reject_sender_login_mismatch", "u", "h", "s@fail.test", "r",
	    .want = "451 4.3.0 <s@fail.test>: Temporary lookup failure" },
};

START_TEST(recipients_are_judged)
{
	CLEAN_BUF struct buf got = { 0 };
	struct tables owners;
	const char *why = "";
	bool fails = mails[_i].sender != NULL &&
	    strstr(mails[_i].sender, "fail") != NULL;

	params.recipient_delimiter = "+";
	ck_assert(tables_open(&owners,
	    fails ? "fail:x" : "inline:{{s@d.test=owner, u}}", &why));
	judge_case(mails[_i].list,
	    &(struct restrict_case){
		.client_name = "c",
		.client_addr = "192.0.2.1",
		.user = mails[_i].user,
		.helo = mails[_i].helo,
		.sender = mails[_i].sender,
		.rcpt = mails[_i].rcpt,
		.ours = mails[_i].ours,
		.owners = &owners,
	    },
	    &got);
	ck_assert_str_eq(buf_str(&got), mails[_i].want);
	tables_free(&owners);
}
END_TEST

/* After a question the list goes on behind it. */
START_TEST(a_list_goes_on)
{
	const char *why;
	struct restrictions *r = restrictions_open(
	    "permit_mynetworks reject_unverified_recipient reject", &why);
	struct restrict_reply reply = { 0 };
	struct restrict_case c = { .rcpt = "r", .stage = "s", .subject = "r" };
	size_t at = 0;

	ck_assert_int_eq(restrictions_go_on(r, &c, &at, &reply),
	    RESTRICT_ASK_RCPT);
	ck_assert_int_eq(restrictions_go_on(r, &c, &at, &reply),
	    RESTRICT_REFUSE);
	ck_assert(restrictions_refuse_relay(r));
	buf_free(&reply.text);
	restrictions_close(&r);
	r = restrictions_open("permit_mynetworks", &why);
	ck_assert(!restrictions_refuse_relay(r));
	restrictions_close(&r);
}
END_TEST

START_TEST(the_first_that_decides_counts)
{
	CLEAN_BUF struct buf got = { 0 };

	judge(cases[_i].list, "mx.d.test", cases[_i].trusted, &got);
	ck_assert_str_eq(buf_str(&got), cases[_i].want);
}
END_TEST

/* Lists about relaying, for a client that has shown a certificate. */
static const struct {
	const char *list, *certs;
	bool trusted, ours;
	const char *want;
} relaying[] = {
	{ "reject_unauth_destination", "", true, true, "" },
	{ "permit_auth_destination", "", false, true, "+" },
	{ "permit_tls_all_clientcerts", "", true, false, "+" },
	{ "permit_tls_all_clientcerts", "", false, false, "" },
	{ "permit_tls_clientcerts", "", true, false, "" },
	{ "permit_tls_clientcerts", "inline:{AA:BB=x}", false, false, "+" },
	{ "permit_tls_clientcerts", "inline:{CC:DD=x}", false, false, "+" },
	{ "permit_tls_clientcerts", "inline:{EE:FF=x}", true, false, "" },
	{ "permit_tls_clientcerts permit", "fail:down", true, false,
	    "451 4.3.0 <mx.d.test[192.0.2.1]>: Temporary lookup failure" },
	{ "check_ccert_access inline:{AA:BB=OK}", "", false, false, "+" },
	{ "check_ccert_access inline:{CC:DD=REJECT}", "", false, false,
	    "554 5.7.1 <mx.d.test[192.0.2.1]>: Client certificate rejected: "
	    "Access denied" },
	{ "check_ccert_access fail:down", "", false, false,
	    "451 4.3.0 <mx.d.test[192.0.2.1]>: Temporary lookup failure" },
};

START_TEST(a_certificate_may_decide)
{
	CLEAN_BUF struct buf got = { 0 };
	const struct restrict_case c = {
		.client_name = "mx.d.test",
		.client_addr = "192.0.2.1",
		.cert = "AA:BB",
		.key = "CC:DD",
		.cert_trusted = relaying[_i].trusted,
		.ours = relaying[_i].ours,
		.stage = "Recipient address",
		.subject = "a@d.test",
	};

	params.relay_clientcerts = relaying[_i].certs;
	judge_case(relaying[_i].list, &c, &got);
	ck_assert_str_eq(buf_str(&got), relaying[_i].want);
}
END_TEST

START_TEST(a_list_that_refuses_nobody_is_known)
{
	const char *why = NULL;
	struct restrictions *open =
	    restrictions_open("permit_mynetworks "
			      "check_client_access static:REJECT",
		&why);
	struct restrictions *shut =
	    restrictions_open("permit_mynetworks "
			      "defer_unauth_destination",
		&why);

	ck_assert(!restrictions_refuse_relay(open));
	ck_assert(restrictions_refuse_relay(shut));
	restrictions_close(&open);
	restrictions_close(&shut);
}
END_TEST

static const struct {
	const char *list, *why;
} wrong[] = {
	{ "permitt", "permitt: no such restriction" },
	{ "permit, check_client_access",
	    "check_client_access: TYPE:TABLE must follow" },
	{ "check_client_access permit",
	    "check_client_access: TYPE:TABLE must follow" },
	{ "check_client_access passwd:", "cannot be asked here" },
	{ "check_etrn_access nosuch:x", "nosuch" },
	{ "lmdb:/x", "lmdb:/x: no such restriction" },
	{ "warn_if_reject", "warn_if_reject: a restriction must follow" },
	{ "warn_if_reject warn_if_reject", "a restriction must follow" },
	{ "warn_if_reject reject_unverified_recipient",
	    "cannot be tried by warn_if_reject" },
	{ "reject_rbl_client", "a domain of the DNS must follow" },
	{ "reject_rbl_client permit", "a domain of the DNS must follow" },
	{ "reject_rbl_client l.test=1", "behind = cannot be read" },
};

START_TEST(what_is_wrong_is_named)
{
	const char *why = "";
	struct restrictions *r = restrictions_open(wrong[_i].list, &why);

	ck_assert_ptr_null(r);
	ck_assert_msg(strstr(why, wrong[_i].why) != NULL, "%s", why);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("restrict");
	TCase *t = tcase_create("restrict");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, the_first_that_decides_counts, 0,
	    ARRAY_LEN(cases));
	tcase_add_loop_test(t, a_certificate_may_decide, 0,
	    ARRAY_LEN(relaying));
	tcase_add_test(t, a_list_that_refuses_nobody_is_known);
	tcase_add_loop_test(t, recipients_are_judged, 0, ARRAY_LEN(mails));
	tcase_add_test(t, a_list_goes_on);
	tcase_add_loop_test(t, what_is_wrong_is_named, 0, ARRAY_LEN(wrong));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
