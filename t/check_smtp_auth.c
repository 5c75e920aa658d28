/*
 * smtp_auth: dialogues of the client with AUTH.  What the server says stands
 * left, what we answer right; the part of the program auth is played by its
 * engine, with the user u and the password p.  Each is played whole, byte by
 * byte, and cut off at every byte.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "../smtp/smtp_client.h"
#include "base64.h"
#include "clock.h"
#include "param.h"
#include "sasl.h"

#define HI    "220 h ESMTP\r\n"
#define EHLO  "EHLO me\r\n"
#define FROM  "MAIL FROM:<s@x>\r\n"
#define OFFER "250-h\r\n250 AUTH "
#define DONE  "235 2.7.0 ok\r\n"
#define NEVER "550 5.1.1 never\r\n"
#define REST                      \
	{ DONE, FROM },           \
	{                         \
		NEVER, "RSET\r\n" \
	}
#define SENT                                                            \
	"5.1.1 host h[1] said: 550 5.1.1 never (in reply to MAIL FROM " \
	"command)"
#define CANNOT                                                      \
	"4.7.0 SASL authentication failed; cannot authenticate to " \
	"server h[1]: "
#define CALLED "4.7.8 SASL authentication failed; server h[1] said: "

/* clang-format off */
static const struct script {
	const char *name;
	struct {
		const char *server, *client;
	} lines[8];
	const char *fate;
	enum login_verdict first; /* what auth says at first */
	bool stranger;            /* AUTH is not wanted */
	bool long_password;
} scripts[] = {
	{ "PLAIN", { { HI, EHLO }, { OFFER "PLAIN LOGIN\r\n",
	    "AUTH PLAIN AHUAcA==\r\n" }, REST }, .fate = SENT },
	{ "LOGIN", { { HI, EHLO }, { OFFER "LOGIN\r\n", "AUTH LOGIN\r\n" },
	    { "334 VXNlcm5hbWU6\r\n", "dQ==\r\n" },
	    { "334 UGFzc3dvcmQ6\r\n", "cA==\r\n" }, REST }, .fate = SENT },
	{ "old servers write AUTH=", { { HI, EHLO },
	    { "250-h\r\n250 AUTH=LOGIN PLAIN\r\n", "AUTH PLAIN AHUAcA==\r\n" },
	    REST }, .fate = SENT },
	{ "strangers", { { HI, EHLO }, { OFFER "PLAIN\r\n", FROM },
	    { NEVER, "RSET\r\n" } }, .fate = SENT, .first = LOGIN_STRANGERS },
	{ "AUTH is not wanted", { { HI, EHLO }, { OFFER "PLAIN\r\n", FROM },
	    { NEVER, "RSET\r\n" } }, .fate = SENT, .stranger = true },
	{ "nothing that could be used", { { HI, EHLO },
	    { OFFER "GSSAPI\r\n", "QUIT\r\n" } },
	    .fate = "4.7.0 SASL authentication failed: server h[1] offered no "
	    "compatible authentication mechanisms for this type of connection "
	    "security", .first = LOGIN_NO_MECH },
	{ "auth has no answer", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "QUIT\r\n" } }, .fate = CANNOT "tired",
	    .first = LOGIN_FAILED },
	{ "a wrong password", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "AUTH PLAIN AHUAcA==\r\n" },
	    { "535 5.7.8 no\r\n", "QUIT\r\n" } }, .fate = CALLED "535 5.7.8 no" },
	{ "not now", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "AUTH PLAIN AHUAcA==\r\n" },
	    { "454 4.7.0 no\r\n", "QUIT\r\n" } },
	    .fate = "4.7.0 SASL authentication failed; server h[1] said: 454 4.7.0 "
	    "no" },
	{ "a first word that is too long", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "AUTH PLAIN\r\n" }, { "334 \r\n", "LONG" },
	    REST }, .fate = SENT, .long_password = true },
	{ "the first word was not taken", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "AUTH PLAIN\r\n" }, { DONE, "QUIT\r\n" } },
	    .fate = CANNOT "the server did not prove who it is",
	    .long_password = true },
	{ "a challenge that is no base64", { { HI, EHLO },
	    { OFFER "LOGIN\r\n", "AUTH LOGIN\r\n" },
	    { "334 Username:\r\n", "*\r\n" } }, .fate = CANNOT "malformed challenge" },
	{ "a challenge too many", { { HI, EHLO },
	    { OFFER "PLAIN\r\n", "AUTH PLAIN AHUAcA==\r\n" },
	    { "334 \r\n", "*\r\n" } },
	    .fate = CANNOT "the server asks for more than there is" },
	{ "the server skips its proof", { { HI, EHLO },
	    { OFFER "PLAIN SCRAM-SHA-256\r\n", "SCRAM" }, { DONE, "QUIT\r\n" } },
	    .fate = CANNOT "the server did not prove who it is" },
	{ "farewell while auth is asked", { { HI, EHLO },
	    { OFFER "PLAIN\r\n421 4.3.2 bye\r\n", "" } },
	    .fate = "4.4.2 host h[1] said: 421 4.3.2 bye (in reply to AUTH command)" },
};
/* clang-format on */

struct stage {
	struct smtp_client c;
	struct smtp_mail mail;
	struct smtp_rcpt rcpt;
	struct arena arena;
	struct sasl_client *login;
};

static const char *
password_of(const struct script *s)
{
	static char longest[401];

	memset(longest, 'p', sizeof(longest) - 1);
	return s->long_password ? longest : "p";
}

static enum sasl_mech
strongest(const struct stage *st)
{
	for (int m = SASL_SCRAM; m > SASL_NONE; m--)
		if ((st->c.offer.mechs & 1u << m) != 0 && m != SASL_LOGIN)
			return (enum sasl_mech)m;
	return SASL_LOGIN;
}

static void
play_auth(struct stage *st, const struct script *s)
{
	struct slice challenge = { buf_str(&st->c.auth.challenge),
		st->c.auth.challenge.len };
	CLEAN_BUF struct buf said = { 0 };
	enum smtp_auth_wish wish = st->c.auth.wish;
	struct msg_login_say m = { .verdict = LOGIN_SAY, .text = "tired" };

	st->c.auth.wish = SMTP_AUTH_NOTHING;
	if (wish == SMTP_AUTH_NOTHING)
		return;
	if (wish == SMTP_AUTH_BEGIN) {
		struct sasl_login login = { .user = "u",
			.password = password_of(s) };

		m.verdict = (uint8_t)s->first;
		m.mech = sasl_name(strongest(st));
		st->login = sasl_client_create(strongest(st), &login);
	}
	enum sasl_step step = sasl_client_next(st->login,
	    wish == SMTP_AUTH_NEXT ? &challenge : NULL, &said);
	if (step == SASL_FAILED) {
		m.verdict = LOGIN_FAILED;
		m.text = sasl_client_why(st->login);
	}
	m.proved = step == SASL_DONE;
	m.bytes = (struct slice){ buf_str(&said), said.len };
	smtp_client_login(&st->c, &m);
}

static void
begin(struct stage *st, const struct script *s)
{
	const struct smtp_setup setup = {
		.host = "h[1]",
		.nexthop = "x",
		.helo = "me",
		.log_in = !s->stranger,
	};

	params.smtp_helo_timeout = params.smtp_mail_timeout = 300 * SECOND;
	params.smtp_rset_timeout = params.smtp_quit_timeout = 300 * SECOND;
	params.smtp_sasl_auth_soft_bounce = true;
	st->rcpt.address = "a@x";
	st->mail = (struct smtp_mail){
		.sender = "s@x",
		.rcpts = &st->rcpt,
		.n_rcpts = 1,
		.arena = &st->arena,
	};
	st->c.now = 1000;
	smtp_client_start(&st->c, &setup);
	smtp_client_send(&st->c, &st->mail);
}

static void
end(struct stage *st)
{
	sasl_client_destroy(&st->login);
	smtp_client_free(&st->c);
	arena_free(&st->arena);
}

static void
hear(struct stage *st, const struct script *s, const char *bytes, size_t n,
    struct buf *said)
{
	smtp_client_input(&st->c, bytes, n);
	play_auth(st, s);
	buf_add(said, st->c.port.out.text, st->c.port.out.len);
	buf_free(&st->c.port.out);
}

/* What SCRAM says is random. */
static bool
fits(const struct script *s, const char *said, const char *want)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf line = { 0 };

	if (strcmp(want, "SCRAM") == 0)
		return str_starts(said, "AUTH SCRAM-SHA-256 biws");
	if (strcmp(want, "LONG") != 0)
		return strcmp(said, want) == 0;
	buf_add(&text, "\0u\0", 3);
	buf_adds(&text, password_of(s));
	base64_put(&line, text.text, text.len);
	buf_adds(&line, "\r\n");
	return strcmp(said, buf_str(&line)) == 0;
}

static void
check_fate(const struct stage *st, const struct script *s)
{
	CLEAN_BUF struct buf fate = { 0 };

	ck_assert_msg(st->mail.over, "%s: not over", s->name);
	buf_addf(&fate, "%s %s", st->rcpt.fate.status, st->rcpt.fate.text);
	ck_assert_str_eq(buf_str(&fate), s->fate);
	ck_assert_int_eq(st->rcpt.fate.outcome,
	    s->fate[0] == '4' ? OUTCOME_DEFER : OUTCOME_BOUNCE);
}

START_TEST(dialogues_go_as_written)
{
	const struct script *s = &scripts[_i];
	struct stage st = { 0 };

	begin(&st, s);
	for (size_t i = 0; s->lines[i].server != NULL; i++) {
		CLEAN_BUF struct buf said = { 0 };
		const char *server = s->lines[i].server;

		hear(&st, s, server, strlen(server), &said);
		ck_assert_msg(fits(s, buf_str(&said), s->lines[i].client),
		    "%s: after %s said %s", s->name, server, buf_str(&said));
	}
	check_fate(&st, s);
	end(&st);
}
END_TEST

START_TEST(byte_by_byte_they_are_the_same)
{
	const struct script *s = &scripts[_i];
	struct stage st = { 0 };
	CLEAN_BUF struct buf said = { 0 };

	/* auth is faster than the next byte, so nothing can come between. */
	if (strstr(s->name, "farewell") != NULL)
		return;
	begin(&st, s);
	for (size_t i = 0; s->lines[i].server != NULL; i++)
		for (const char *b = s->lines[i].server; *b != '\0'; b++)
			hear(&st, s, b, 1, &said);
	check_fate(&st, s);
	end(&st);
}
END_TEST

START_TEST(lost_at_any_byte_there_is_a_fate)
{
	const struct script *s = &scripts[_i];

	for (size_t cut = 0; cut < 200; cut++) {
		CLEAN_BUF struct buf said = { 0 };
		struct stage st = { 0 };
		size_t left = cut;

		begin(&st, s);
		for (size_t i = 0; s->lines[i].server != NULL && left > 0;
		     i++) {
			size_t n = MIN(left, strlen(s->lines[i].server));

			hear(&st, s, s->lines[i].server, n, &said);
			left -= n;
		}
		smtp_client_lost(&st.c);
		ck_assert(st.mail.over);
		ck_assert_int_ne(st.rcpt.fate.outcome, OUTCOME_NONE);
		end(&st);
	}
}
END_TEST

/* Where it is to be hard, 5xx is for ever. */
START_TEST(a_wrong_password_may_return_the_mail)
{
	struct stage st = { 0 };
	CLEAN_BUF struct buf said = { 0 };
	const struct script *s = &scripts[0];

	begin(&st, s);
	params.smtp_sasl_auth_soft_bounce = false;
	hear(&st, s, HI, strlen(HI), &said);
	hear(&st, s, OFFER "PLAIN\r\n", strlen(OFFER "PLAIN\r\n"), &said);
	hear(&st, s, "535 5.7.8 no\r\n", strlen("535 5.7.8 no\r\n"), &said);
	ck_assert_int_eq(st.rcpt.fate.outcome, OUTCOME_BOUNCE);
	ck_assert_str_eq(st.rcpt.fate.status, "5.7.8");
	end(&st);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_auth");
	TCase *c = tcase_create("smtp_auth");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, dialogues_go_as_written, 0, ARRAY_LEN(scripts));
	tcase_add_loop_test(c, byte_by_byte_they_are_the_same, 0,
	    ARRAY_LEN(scripts));
	tcase_add_loop_test(c, lost_at_any_byte_there_is_a_fate, 0,
	    ARRAY_LEN(scripts));
	tcase_add_test(c, a_wrong_password_may_return_the_mail);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
