/*
 * smtpd's AUTH: dialogues, each also cut at every byte.  In this world the
 * secret is "user:pass", "later" is put off, and all else is wrong.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "param.h"
#include "smtpd_world.h"

#define GOOD  "dXNlcjpwYXNz"
#define LATER "bGF0ZXI="
#define WRONG "eHg="
#define HELLO "EHLO me\r\n"

struct line {
	const char *say;
	const char *want;
};

struct dialogue {
	const char *what;
	struct line lines[8];
	const char *user; /* who it is in the end, or NULL */
};

static const struct dialogue dialogues[] = {
	{ "an initial response",
	    { { HELLO, "220 250" }, { "AUTH PLAIN " GOOD "\r\n", "235" } },
	    "user" },
	{ "a challenge",
	    { { HELLO, "220 250" }, { "auth plain\r\n", "334" },
		{ GOOD "\r\n", "235" } },
	    "user" },
	{ "only once",
	    { { HELLO, "220 250" }, { "AUTH LOGIN " GOOD "\r\n", "235" },
		{ "AUTH LOGIN " GOOD "\r\n", "503" }, { HELLO, "250" },
		{ "AUTH LOGIN\r\n", "503" } },
	    "user" },
	{ "cancelled",
	    { { HELLO, "220 250" }, { "AUTH PLAIN\r\n", "334" },
		{ "*\r\n", "501" }, { "NOOP\r\n", "250" },
		{ "AUTH PLAIN " GOOD "\r\n", "235" } },
	    "user" },
	{ "not base64",
	    { { HELLO, "220 250" }, { "AUTH PLAIN x\r\n", "501" },
		{ "AUTH PLAIN\r\n", "334" }, { "*x\r\n", "501" },
		{ "NOOP\r\n", "250" } },
	    NULL },
	{ "wrong, and an empty response",
	    { { HELLO, "220 250" }, { "AUTH PLAIN " WRONG "\r\n", "535" },
		{ "AUTH PLAIN =\r\n", "535" }, { "AUTH PLAIN\r\n", "334" },
		{ "\r\n", "535" }, { "NOOP\r\n", "250" } },
	    NULL },
	{ "nobody can say",
	    { { HELLO, "220 250" }, { "AUTH PLAIN " LATER "\r\n", "454" },
		{ "AUTH PLAIN " GOOD "\r\n", "235" } },
	    "user" },
	{ "mechanisms that are not there, or not here",
	    { { HELLO, "220 250" }, { "AUTH CRAM-MD5\r\n", "504" },
		{ "AUTH SAFE\r\n", "538" }, { "AUTH\r\n", "501" },
		{ "AUTH PL/AIN\r\n", "501" }, { "AUTH PLAIN a b\r\n", "501" },
		{ "AUTH ABCDEFGHIJKLMNOPQRSTU\r\n", "501" } },
	    NULL },
	{ "out of order",
	    { { "AUTH PLAIN " GOOD "\r\n", "220 503" }, { HELLO, "250" },
		{ "MAIL FROM:<a@x.test>\r\n", "250" },
		{ "AUTH PLAIN " GOOD "\r\n", "503" } },
	    NULL },
	{ "who MAIL says to be",
	    { { HELLO, "220 250" }, { "AUTH PLAIN " GOOD "\r\n", "235" },
		{ "MAIL FROM:<a@x.test> AUTH=<>\r\n", "250" },
		{ "RSET\r\nMAIL FROM:<a@x.test> AUTH=a+3Db\r\n", "250 250" },
		{ "RSET\r\nMAIL FROM:<a@x.test> AUTH=a+3db\r\n", "250 501" },
		{ "MAIL FROM:<a@x.test> AUTH=\r\n", "501" },
		{ "MAIL FROM:<a@x.test> AUTH=a+3\r\n", "501" } },
	    "user" },
};

static void
play(const struct dialogue *d, size_t piece)
{
	struct world w = { 0 };

	world_params();
	params.smtpd_sasl_auth_enable = true;
	params.smtpd_helo_required = true;
	params.smtpd_error_sleep_time = 0;
	world_open(&w);
	w.s.authenticates = true;
	for (size_t i = 0; i < ARRAY_LEN(d->lines); i++) {
		CLEAN_BUF struct buf codes = { 0 };

		if (d->lines[i].say == NULL)
			break;
		world_say(&w, d->lines[i].say, piece);
		world_codes(&w, &codes);
		ck_assert_msg(strcmp(buf_str(&codes), d->lines[i].want) == 0,
		    "%s, line %zu, piece %zu: %s", d->what, i, piece,
		    buf_str(&codes));
	}
	if (d->user == NULL)
		ck_assert_ptr_null(w.s.user);
	else
		ck_assert_str_eq(w.s.user, d->user);
	world_close(&w);
}

START_TEST(dialogue_is_answered)
{
	for (size_t piece = 0; piece < 40; piece++)
		play(&dialogues[_i], piece);
}
END_TEST

static struct world w;

static void
open_world(void)
{
	w = (struct world){ 0 };
	world_params();
	params.smtpd_sasl_auth_enable = true;
	world_open(&w);
	w.s.authenticates = true;
}

static void
say(const char *text, const char *want)
{
	CLEAN_BUF struct buf codes = { 0 };

	world_say(&w, text, 0);
	world_codes(&w, &codes);
	ck_assert_str_eq(buf_str(&codes), want);
}

START_TEST(ehlo_offers_it)
{
	open_world();
	params.broken_sasl_auth_clients = true;
	world_say(&w, HELLO, 0);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.said), "\r\n250-AUTH PLAIN LOGIN\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.said), "\r\n250-AUTH=PLAIN LOGIN\r\n"));
	world_close(&w);
}
END_TEST

START_TEST(where_it_is_not_there_it_is_refused)
{
	open_world();
	w.s.authenticates = false;
	params.smtpd_error_sleep_time = 0;
	world_say(&w, HELLO, 0);
	ck_assert_ptr_null(strstr(buf_str(&w.said), "AUTH"));
	say("AUTH PLAIN " GOOD "\r\n", "220 250 503");
	params.smtpd_sasl_auth_enable = false;
	say("MAIL FROM:<a@x.test> AUTH=<>\r\n", "555");
	world_close(&w);
}
END_TEST

START_TEST(who_it_is_comes_after_a_name)
{
	open_world();
	params.smtpd_helo_required = false;
	params.smtpd_error_sleep_time = 0;
	say("AUTH PLAIN " GOOD "\r\n", "220 503");
	say(HELLO, "250");
	say("AUTH PLAIN " GOOD "\r\n", "235");
	world_close(&w);
}
END_TEST

START_TEST(where_it_is_taken_back_it_is_refused)
{
	open_world();
	params.smtpd_discard_ehlo_keywords = "auth";
	params.smtpd_error_sleep_time = 0;
	world_say(&w, HELLO, 0);
	ck_assert_ptr_null(strstr(buf_str(&w.said), "AUTH"));
	say("AUTH PLAIN " GOOD "\r\n", "220 250 503");
	world_close(&w);
}
END_TEST

START_TEST(refusals_are_delayed)
{
	open_world();
	say(HELLO, "220 250");
	say("AUTH PLAIN " WRONG "\r\n", "");
	say("NOOP\r\n", "");
	world_wait(&w, SECOND);
	say("", "535 250");
	world_close(&w);
	ck_assert_ptr_nonnull(strstr(buf_str(&world_log), " auth=0/1 "));
}
END_TEST

START_TEST(answers_have_their_own_limit)
{
	char line[12400];

	open_world();
	say(HELLO, "220 250");
	memset(line, 'A', sizeof(line));
	(void)memcpy(line + 12000, "\r\n", 3);
	params.smtpd_error_sleep_time = 0;
	say("AUTH PLAIN\r\n", "334");
	say(line, "535");
	memset(line, 'A', sizeof(line));
	(void)memcpy(line + 12300, "\r\n", 3);
	say("AUTH PLAIN\r\n", "334");
	say(line, "500");
	ck_assert_uint_eq(w.auth_drops, 1);
	say("NOOP\r\n", "250");
	(void)memcpy(line, "AUTH PLAIN ", 11);
	(void)memcpy(line + 11 + 12000, "\r\n", 3);
	say(line, "535");
	(void)memcpy(line, "NOOP AAAAA ", 11);
	say(line, "500");
	world_close(&w);
}
END_TEST

START_TEST(tls_forgets_who_it_was)
{
	open_world();
	w.s.tls_policy = SMTPD_TLS_MAY;
	say(HELLO, "220 250");
	say("AUTH PLAIN " GOOD "\r\n", "235");
	ck_assert_str_eq(smtpd_with(&w.s), "ESMTPA");
	say("STARTTLS\r\n", "220");
	w.s.port.tls = false;
	smtpd_secured(&w.s, "TLSv1.3 with cipher X");
	ck_assert_ptr_null(w.s.user);
	say(HELLO, "250");
	ck_assert_str_eq(smtpd_with(&w.s), "ESMTPS");
	say("AUTH PLAIN " GOOD "\r\n", "235");
	ck_assert_str_eq(smtpd_with(&w.s), "ESMTPSA");
	world_close(&w);
}
END_TEST

START_TEST(where_tls_is_a_must_it_comes_first)
{
	open_world();
	w.s.tls_policy = SMTPD_TLS_MUST;
	say(HELLO, "220 250");
	params.smtpd_error_sleep_time = 0;
	say("AUTH PLAIN " GOOD "\r\n", "530");
	world_close(&w);
}
END_TEST

START_TEST(a_client_that_goes_is_dropped)
{
	open_world();
	say(HELLO, "220 250");
	say("AUTH PLAIN\r\n", "334");
	ck_assert(!smtpd_is_idle(&w.s));
	world_close(&w);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&world_log), "lost connection after AUTH from"));
}
END_TEST

START_TEST(what_is_pipelined_behind_it_is_refused)
{
	open_world();
	say(HELLO, "220 250");
	say("AUTH PLAIN\r\n" GOOD "\r\n", "554");
	world_close(&w);
	open_world();
	say(HELLO, "220 250");
	say("AUTH PLAIN\r\n", "334");
	say(GOOD "\r\nMAIL FROM:<>\r\n", "554");
	ck_assert_ptr_null(w.s.user);
	world_close(&w);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_auth");
	TCase *t = tcase_create("smtpd_auth");

	tcase_add_loop_test(t, dialogue_is_answered, 0,
	    (int)ARRAY_LEN(dialogues));
	tcase_add_test(t, ehlo_offers_it);
	tcase_add_test(t, where_it_is_not_there_it_is_refused);
	tcase_add_test(t, who_it_is_comes_after_a_name);
	tcase_add_test(t, where_it_is_taken_back_it_is_refused);
	tcase_add_test(t, refusals_are_delayed);
	tcase_add_test(t, answers_have_their_own_limit);
	tcase_add_test(t, tls_forgets_who_it_was);
	tcase_add_test(t, where_tls_is_a_must_it_comes_first);
	tcase_add_test(t, a_client_that_goes_is_dropped);
	tcase_add_test(t, what_is_pipelined_behind_it_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
