/*
 * smtpd: whole dialogues, each also cut at every byte.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "param.h"
#include "smtpd_world.h"

/* One thing that the client says and the codes of what it hears; the first
 * line of a dialogue hears the greeting too. */
struct line {
	const char *say;
	const char *want;
};

struct dialogue {
	const char *what;
	struct line lines[8];
	const char *mails; /* what was taken in */
	const char *log;   /* stands in the log */
};

#define HELLO "EHLO me\r\n"
#define SEND  "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"

static const struct dialogue dialogues[] = {
	{
	    "one message",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<a@x.test>\r\n", "250" },
		{ "RCPT TO:<b@y.test>\r\n", "250" },
		{ "DATA\r\n", "354" },
		{ "Subject: x\r\n\r\nhello\r\n.\r\n", "250" },
		{ "QUIT\r\n", "221" },
	    },
	    "<a@x.test> Subject: x\r\n\r\nhello\r\n|",
	    "disconnect from client.test[192.0.2.1] ehlo=1 mail=1 rcpt=1 "
	    "data=1 quit=1 commands=5",
	},
	{
	    "a pipelined message, and another one behind its dot",
	    {
		{ HELLO, "220 250" },
		{ SEND, "250 250 354" },
		{ "1\r\n.\r\n" SEND, "250 250 250 354" },
		{ "2\r\n.\r\nQUIT\r\n", "250 221" },
	    },
	    "<a@x.test> 1\r\n|<a@x.test> 2\r\n|",
	    NULL,
	},
	{
	    "the empty message",
	    { { HELLO, "220 250" }, { SEND, "250 250 354" },
		{ ".\r\n", "250" } },
	    "<a@x.test> |",
	    "lost connection after END-OF-MESSAGE from",
	},
	{
	    "dots at the start of lines",
	    {
		{ HELLO, "220 250" },
		{ SEND, "250 250 354" },
		{ "..\r\n...\r\n.a\r\n a.\r\n..b..\r\n\r\n.\r\n", "250" },
	    },
	    "<a@x.test> .\r\n..\r\na\r\n a.\r\n.b..\r\n\r\n|",
	    NULL,
	},
	{
	    "an answer that comes later",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<>\r\nRCPT TO:<slow@y>\r\n"
		  "RCPT TO:<slowly-unknown@y>\r\nDATA\r\n",
		    "250 250 550 354" },
		{ "x\r\n.\r\n", "250" },
	    },
	    "<> x\r\n|",
	    "NOQUEUE: reject: RCPT from client.test[192.0.2.1]: 550 5.1.1 "
	    "Recipient address rejected: User unknown; from=<> "
	    "to=<slowly-unknown@y> proto=ESMTP helo=<me>",
	},
	{
	    "commands out of order",
	    {
		{ "MAIL FROM:<a@x>\r\n", "220 250" },
		{ HELLO, "250" },
		{ "RCPT TO:<b@y>\r\n", "503" },
		{ "DATA\r\n", "503" },
		{ "MAIL FROM:<a@x>\r\nMAIL FROM:<c@x>\r\nDATA\r\n",
		    "250 503 554" },
		{ "RSET\r\nRCPT TO:<b@y>\r\n", "250 503" },
		{ "MAIL FROM:<a@x>\r\n" HELLO, "250 250" },
		{ "RCPT TO:<b@y>\r\n", "503" },
	    },
	    "",
	    NULL,
	},
	{
	    "recipients refused, one taken",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<a@x>\r\nRCPT TO:<unknown@y>\r\nDATA\r\n",
		    "250 550 554" },
		{ "RCPT TO:<b@y>\r\nRCPT TO:<unknown@y>\r\nDATA\r\n",
		    "250 550 354" },
		{ "x\r\n.\r\n", "250" },
	    },
	    "<a@x> x\r\n|",
	    NULL,
	},
	{
	    "ETRN, at once and later",
	    {
		{ HELLO, "220 250" },
		{ "ETRN d.test\r\n", "253" },
		{ "ETRN slow.test\r\nETRN @D.test\r\nNOOP\r\n", "253 253 250" },
		{ "ETRN other.test\r\n", "459" },
	    },
	    "",
	    "NOQUEUE: etrn: ETRN from client.test[192.0.2.1]: 253 2.0.0 node "
	    "@d.test\n",
	},
	{
	    "ETRN that is refused stands in the log",
	    { { HELLO, "220 250" }, { "ETRN #other.test\r\n", "253" },
		{ "ETRN other.test\r\n", "459" } },
	    "",
	    "NOQUEUE: reject: ETRN from client.test[192.0.2.1]: 459 4.7.1 node "
	    "other.test; proto=ESMTP helo=<me>\n",
	},
	{
	    "ETRN and its syntax",
	    {
		{ HELLO, "220 250" },
		{ "ETRN d.test\r\n", "253" },
		{ "ETRN\r\nETRN d.test e.test\r\n", "500 500" },
		{ "ETRN @\r\nETRN #\r\nETRN @@d.test\r\n", "501 501 501" },
		{ "ETRN d..test\r\nETRN [10.1\r\n", "501 501" },
		{ "ETRN [192.0.2.1]\r\n", "253" },
	    },
	    "",
	    "etrn=2/9",
	},
	{
	    "no ETRN within a transaction",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<a@x>\r\nETRN d.test\r\n", "250 503" },
		{ "RCPT TO:<b@y>\r\nETRN d.test\r\n", "250 503" },
		{ "DATA\r\n", "354" },
		{ "x\r\n.\r\nETRN d.test\r\n", "250 253" },
	    },
	    "<a@x> x\r\n|",
	    "etrn=1/3",
	},
	{
	    "HELO, and commands that are no mail",
	    {
		{ "HELO me\r\n", "220 250" },
		{ "NOOP and more\r\n", "250" },
		{ "vrfy b@y\r\n", "252" },
		{ "VRFY unknown\r\n", "550" },
		{ "EXPN list\r\n", "502" },
		{ "HELP\r\n", "214" },
		{ "WHAT\r\n", "500" },
		{ "\r\n", "500" },
	    },
	    "",
	    "disconnect from client.test[192.0.2.1] helo=1 noop=1 vrfy=1/2 "
	    "expn=0/1 help=1 unknown=0/2 commands=4/8",
	},
	{
	    "arguments that are wrong",
	    {
		{ "EHLO\r\n", "220 501" },
		{ "EHLO me \r\n", "250" },
		{ "DATA now\r\n", "503" },
		{ "RSET x\r\nQUIT x\r\n", "501 501" },
		{ "MAIL\r\nMAIL FROM\r\nMAIL TO:<a@x>\r\n", "501 501 501" },
		{ "MAIL FROM:<a@@x>\r\nMAIL FROM:<a@[1.2.3.4>\r\n", "501 501" },
	    },
	    "",
	    NULL,
	},
	{
	    "parameters",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<a@x> SIZE=1x\r\n"
		  "MAIL FROM:<a@x> SIZE=10240001\r\n",
		    "501 552" },
		{ "MAIL FROM:<a@x> SIZE=99999999999999999999\r\n", "501" },
		{ "MAIL FROM:<a@x> BODY=9BIT\r\nMAIL FROM:<a@x> X=1\r\n",
		    "501 555" },
		{ "MAIL FROM:<a@x> SIZE=1 SIZE=1\r\nMAIL FROM:<a@x>x\r\n",
		    "501 501" },
		{ "mail from: <a@x>  size=10240000 body=8bitmime\r\n", "250" },
		{ "RCPT TO:<b@y> SIZE=1\r\nRCPT TO:<>\r\n", "555 501" },
		{ "RCPT TO:<@r,@s:b@y>\r\nRCPT TO:<\"a b\"@y>\r\n", "250 250" },
	    },
	    "",
	    NULL,
	},
	{
	    "no room",
	    {
		{ HELLO, "220 250" },
		{ "MAIL FROM:<full@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n",
		    "250 250 452" },
		{ "RSET\r\n", "250" },
	    },
	    "",
	    "reject: DATA from client.test[192.0.2.1]: 452 4.3.1",
	},
	{
	    "a client of another protocol",
	    { { "GET / HTTP/1.1\r\n", "220 221" } },
	    "",
	    "non-SMTP command from client.test[192.0.2.1]: GET / HTTP/1.1",
	},
	{
	    "a bare LF behind a command",
	    { { "EHLO me\n", "220 521" } },
	    "",
	    "bare <LF> received after CONNECT from",
	},
	{
	    "a bare CR in a command",
	    { { "EHLO m\re\r\n", "220 521" } },
	    "",
	    "bare <CR> received after CONNECT from",
	},
	{
	    "two CR behind a command",
	    { { "EHLO me\r\r\n", "220 521" } },
	    "",
	    NULL,
	},
};

static void
check_codes(struct world *w, const struct dialogue *d, size_t line)
{
	CLEAN_BUF struct buf codes = { 0 };

	world_codes(w, &codes);
	ck_assert_msg(str_eq(buf_str(&codes), d->lines[line].want),
	    "%s, line %zu: want %s, got %s", d->what, line + 1,
	    d->lines[line].want, buf_str(&codes));
}

/* Plays the dialogue; `cut` divides each line at that byte, `piece` sends it
 * in pieces. */
static void
play(const struct dialogue *d, size_t cut, size_t piece)
{
	struct world w = { 0 };

	world_open(&w);
	w.end_later = cut % 2 == 1;
	for (size_t i = 0; i < 8 && d->lines[i].say != NULL; i++) {
		size_t len = strlen(d->lines[i].say);
		size_t first = MIN(cut, len);

		world_send(&w, d->lines[i].say, first, piece);
		world_send(&w, d->lines[i].say + first, len - first, piece);
		if (!w.s.port.closing)
			ck_assert_uint_eq(w.kept.len, 0);
		check_codes(&w, d, i);
	}
	ck_assert_str_eq(buf_str(&w.mails), d->mails);
	world_close(&w);
	if (d->log != NULL)
		ck_assert_msg(strstr(buf_str(&world_log), d->log) != NULL,
		    "%s: no \"%s\" in\n%s", d->what, d->log,
		    buf_str(&world_log));
}

START_TEST(dialogue)
{
	const struct dialogue *d = &dialogues[_i];
	size_t longest = 0;

	world_params();
	for (size_t i = 0; i < 8 && d->lines[i].say != NULL; i++)
		longest = MAX(longest, strlen(d->lines[i].say));
	play(d, 0, 1);
	for (size_t cut = 0; cut <= longest; cut++)
		play(d, cut, 0);
}
END_TEST

/* What other servers have taken for the end of a message.  Each stands
 * between a text and what would be smuggled. */
static const char *const ends[] = {
	"\n.\n",
	"\n.\r\n",
	"\r.\r",
	"\r.\r\n",
	"\r\n.\n",
	"\r\n.\r",
	"\r\n.\r\r\n",
	"\r\n\r.\r\n",
	"\r\r\n.\r\r\n",
	"\r\n.\n\n",
	"\n\n.\r\n",
	"\n.\r",
	"\r.\n",
	"\r\n.\r.\r\n",
	"\r\n..\r",
	"\r\n..\n",
	"\n.\r\r\n",
	"\r\r\n.\r\n",
};

START_TEST(no_other_end_is_an_end)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text,
	    "text%sMAIL FROM:<evil@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	    "evil\r\n.\r\n",
	    ends[_i]);
	world_params();
	for (size_t cut = 0; cut <= text.len; cut++) {
		struct world w = { 0 };

		world_open(&w);
		world_say(&w, HELLO, 0);
		world_say(&w, SEND, 0);
		buf_reset(&w.said);
		world_send(&w, text.text, cut, 0);
		world_send(&w, text.text + cut, text.len - cut, 0);
		ck_assert_str_eq(buf_str(&w.mails), "");
		ck_assert(str_starts(buf_str(&w.said), "521 5.5.2 mx.test "));
		ck_assert(w.s.port.closing);
		world_close(&w);
	}
}
END_TEST

START_TEST(a_bare_lf_that_is_let_pass_is_a_line_and_no_end)
{
	static const char text[] = "a\n.\nb\n.\r\nc\r\n..d\n.\n\r\n.\r\n";

	world_params();
	params.smtpd_forbid_bare_newline = "no";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct world w = { 0 };

		world_open(&w);
		world_say(&w, "EHLO me\n", 0);
		world_say(&w, SEND, 0);
		buf_reset(&w.said);
		world_send(&w, text, cut, 0);
		world_send(&w, text + cut, sizeof(text) - 1 - cut, 0);
		ck_assert_str_eq(buf_str(&w.mails),
		    "<a@x.test> a\r\n.\r\nb\r\n.\r\nc\r\n.d\r\n.\r\n"
		    "\r\n|");
		ck_assert_str_eq(buf_str(&w.said),
		    "250 2.0.0 Ok: queued as TEST\r\n");
		world_say(&w, "NOOP\rX\n", 0);
		ck_assert(w.s.port.closing);
		world_close(&w);
	}
}
END_TEST

/* NUL cannot stand in the texts above, so these are shown to be no end by
 * their lengths. */
static const struct {
	const char *bytes;
	size_t n;
} nuls[] = {
	{ "\r\n\0.\r\nQUIT", 10 },
	{ "\r\n.\0\r\nQUIT", 10 },
	{ "a\0b\r\nQUIT", 9 },
};

START_TEST(a_nul_refuses_the_message)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	world_say(&w, HELLO, 0);
	world_say(&w, SEND, 0);
	buf_reset(&w.said);
	world_send(&w, nuls[_i].bytes, nuls[_i].n, 0);
	world_say(&w, "\r\n.\r\n", 0);
	ck_assert_str_eq(buf_str(&w.said),
	    "554 5.6.0 Error: NUL byte in the message\r\n");
	ck_assert_str_eq(buf_str(&w.mails), "");
	world_close(&w);
}
END_TEST

/* Commands sent where the client had to wait. */
static const struct {
	const char *first, *say;
	const char *log;
} rushes[] = {
	{ NULL, "EHLO me\r\nMAIL FROM:<a@x>\r\n", "after EHLO from" },
	{ HELLO, SEND "Subject: x\r\n", "after DATA from" },
	{ "HELO me\r\n", "NOOP\r\nNOOP\r\n", "after NOOP from" },
	{ HELLO, "VRFY a@x\r\nNOOP\r\n", "after VRFY from" },
};

START_TEST(who_does_not_wait_is_refused)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	if (rushes[_i].first != NULL)
		world_say(&w, rushes[_i].first, 0);
	world_say(&w, rushes[_i].say, 0);
	ck_assert(strstr(buf_str(&w.said), "554 5.5.0 ") != NULL);
	ck_assert(w.s.port.closing);
	ck_assert(strstr(buf_str(&world_log), rushes[_i].log) != NULL);
	world_close(&w);
}
END_TEST

START_TEST(who_speaks_before_the_greeting_is_refused)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	w.s.state = SMTPD_CONNECT;
	world_say(&w, HELLO, 0);
	ck_assert(strstr(buf_str(&w.said), "554 5.5.0 ") != NULL);
	ck_assert(w.s.port.closing);
	world_close(&w);
}
END_TEST

START_TEST(who_may_speak_early_is_heard_after_the_greeting)
{
	struct world w = { 0 };

	world_params();
	params.smtpd_forbid_unauth_pipelining = false;
	world_open(&w);
	w.s.state = SMTPD_CONNECT;
	buf_reset(&w.said);
	world_say(&w, "EHLO me\r\nNOOP\r\n", 0);
	ck_assert_str_eq(buf_str(&w.said), "");
	smtpd_greet(&w.s);
	world_say(&w, "QUIT\r\n", 0);
	ck_assert(strstr(buf_str(&w.said), "221 ") != NULL);
	world_close(&w);
}
END_TEST

START_TEST(a_message_that_is_too_big_is_swallowed)
{
	struct world w = { 0 };

	world_params();
	params.message_size_limit = 1000;
	world_open(&w);
	world_say(&w, HELLO, 0);
	world_say(&w, SEND, 0);
	buf_reset(&w.said);
	for (int i = 0; i < 200; i++)
		world_say(&w, "0123456789\r\n", 0);
	ck_assert_uint_eq(w.content.len, 0);
	ck_assert_str_eq(buf_str(&w.said), "");
	world_say(&w, ".\r\n", 0);
	ck_assert_str_eq(buf_str(&w.said),
	    "552 5.3.4 Error: message file too big\r\n");
	ck_assert_str_eq(buf_str(&w.mails), "");
	world_say(&w, SEND, 0);
	world_say(&w, "small\r\n.\r\n", 0);
	ck_assert_str_eq(buf_str(&w.mails), "<a@x.test> small\r\n|");
	world_close(&w);
}
END_TEST

START_TEST(lost_content_is_said_at_its_end)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	w.spoil = true;
	world_say(&w, HELLO, 0);
	world_say(&w, SEND, 0);
	buf_reset(&w.said);
	world_say(&w, "a\r\n", 0);
	world_say(&w, "b\r\n.\r\n", 0);
	ck_assert_str_eq(buf_str(&w.said),
	    "451 4.3.0 Error: queue file write error\r\n");
	ck_assert_str_eq(buf_str(&w.mails), "");
	world_close(&w);
}
END_TEST

START_TEST(recipients_beyond_the_limit_are_no_errors)
{
	struct world w = { 0 };

	world_params();
	params.smtpd_recipient_limit = 2;
	world_open(&w);
	world_say(&w, HELLO "", 0);
	world_say(&w, "MAIL FROM:<a@x>\r\n", 0);
	for (int i = 0; i < 50; i++)
		world_say(&w, "RCPT TO:<b@y>\r\n", 0);
	ck_assert_uint_eq(w.s.tx.rcpts, 2);
	ck_assert_uint_eq(w.s.errors, 0);
	ck_assert(strstr(buf_str(&w.said), "452 4.5.3 ") != NULL);
	world_close(&w);
}
END_TEST

START_TEST(who_errs_often_waits_and_then_goes)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	buf_reset(&w.said);
	for (int i = 0; i < 9; i++)
		world_say(&w, "BAD\r\n", 0);
	ck_assert_uint_eq(w.said.len,
	    9 * strlen("500 5.5.2 Error: command not recognized\r\n"));
	for (int i = 9; i < 20; i++) {
		buf_reset(&w.said);
		world_say(&w, "BAD\r\n", 0);
		ck_assert_str_eq(buf_str(&w.said), "");
		ck_assert(w.s.port.paused);
		ck_assert(!w.s.port.closing);
		world_wait(&w, SECOND);
		ck_assert(str_starts(buf_str(&w.said), "500 "));
	}
	ck_assert(strstr(buf_str(&w.said), "421 4.7.0 mx.test ") != NULL);
	ck_assert(w.s.port.closing);
	ck_assert(strstr(buf_str(&world_log),
		      "too many errors after UNKNOWN from") != NULL);
	world_close(&w);
}
END_TEST

START_TEST(junk_becomes_an_error)
{
	struct world w = { 0 };

	world_params();
	params.smtpd_junk_command_limit = 5;
	world_open(&w);
	for (int i = 0; i < 6; i++)
		world_say(&w, "NOOP\r\n", 0);
	ck_assert_uint_eq(w.s.errors, 0);
	world_say(&w, "RSET\r\n", 0);
	ck_assert_uint_eq(w.s.errors, 1);
	world_close(&w);
}
END_TEST

START_TEST(an_idle_client_is_told)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	world_say(&w, HELLO, 0);
	world_wait(&w, 200 * SECOND);
	/* A few bytes do not count, a command does. */
	world_say(&w, "NO", 0);
	world_wait(&w, 99 * SECOND);
	ck_assert(!w.s.port.closing);
	world_wait(&w, 2 * SECOND);
	ck_assert(strstr(buf_str(&w.said), "421 4.4.2 mx.test ") != NULL);
	ck_assert(w.s.port.closing);
	ck_assert(strstr(buf_str(&world_log), "timeout after EHLO from"));
	world_close(&w);
}
END_TEST

START_TEST(content_that_drips_runs_out_of_time)
{
	struct world w = { 0 };
	int waits = 0;

	world_params();
	world_open(&w);
	world_say(&w, HELLO, 0);
	world_say(&w, SEND, 0);
	while (!w.s.port.closing && waits < 1000) {
		world_say(&w, "x", 0);
		world_wait(&w, 10 * SECOND);
		waits++;
	}
	ck_assert_int_le(waits, 31);
	ck_assert(strstr(buf_str(&world_log), "timeout after DATA from"));
	world_close(&w);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_passed_over)
{
	struct world w = { 0 };
	CLEAN_BUF struct buf line = { 0 };

	for (int i = 0; i < 5000; i++)
		buf_addc(&line, 'A');
	buf_adds(&line, "\r\nNOOP\r\n");
	world_params();
	for (size_t piece = 0; piece < 3000; piece += 600) {
		world_open(&w);
		world_say(&w, HELLO, 0);
		buf_reset(&w.said);
		world_send(&w, line.text, line.len, piece);
		ck_assert_str_eq(buf_str(&w.said),
		    "500 5.5.2 Error: command line too long\r\n"
		    "250 2.0.0 Ok\r\n");
		world_close(&w);
		memset(&w, 0, sizeof(w));
	}
}
END_TEST

START_TEST(an_idle_session_owns_little)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	world_say(&w, HELLO, 0);
	world_say(&w, SEND, 0);
	world_say(&w, "x\r\n.\r\n", 0);
	ck_assert_uint_eq(w.s.tx.arena.used, 0);
	ck_assert_ptr_null(w.s.tx.arena.blocks);
	ck_assert_uint_eq(w.s.held.room, 0);
	ck_assert_uint_le(sizeof(struct smtpd_session), 512);
	ck_assert(smtpd_is_idle(&w.s));
	world_close(&w);
}
END_TEST

START_TEST(a_draining_program_dismisses_the_idle)
{
	struct world w = { 0 };

	world_params();
	world_open(&w);
	world_say(&w, HELLO, 0);
	buf_reset(&w.said);
	smtpd_dismiss(&w.s);
	world_say(&w, "NOOP\r\n", 0);
	ck_assert_str_eq(buf_str(&w.said),
	    "421 4.3.2 mx.test Service shutting down\r\n");
	ck_assert(w.s.port.closing);
	world_close(&w);
}
END_TEST

START_TEST(ehlo_says_what_is_offered)
{
	struct world w = { 0 };

	world_params();
	params.smtpd_discard_ehlo_keywords = "pipelining, 8bitmime";
	world_open(&w);
	buf_reset(&w.said);
	world_say(&w, HELLO, 0);
	ck_assert_str_eq(buf_str(&w.said),
	    "250-mx.test\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n"
	    "250 ENHANCEDSTATUSCODES\r\n");
	world_close(&w);
}
END_TEST

/* ---- TLS ---- */

static struct world tls_world;

static void
tls_open(enum smtpd_tls_policy policy)
{
	world_params();
	memset(&tls_world, 0, sizeof(tls_world));
	tls_world.s.tls_policy = policy;
	world_open(&tls_world);
}

static void
tls_say(const char *say, const char *want)
{
	CLEAN_BUF struct buf codes = { 0 };

	world_say(&tls_world, say, 0);
	world_codes(&tls_world, &codes);
	ck_assert_str_eq(buf_str(&codes), want);
}

START_TEST(starttls_begins_anew)
{
	struct smtpd_session *s = &tls_world.s;

	tls_open(SMTPD_TLS_MAY);
	world_say(&tls_world, HELLO, 0);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&tls_world.said), "250-STARTTLS\r\n"));
	buf_reset(&tls_world.said);
	tls_say("STARTTLS x\r\n", "501");
	tls_say("MAIL FROM:<a@x.test>\r\nRSET\r\nSTARTTLS\r\n", "250 250 220");
	ck_assert(s->port.tls);
	/* A pump would end it; the engine takes nothing. */
	world_say(&tls_world, "EHLO evil\r\n", 0);
	ck_assert_uint_gt(tls_world.kept.len, 0);
	buf_reset(&tls_world.kept);

	s->port.tls = false;
	smtpd_secured(s, "TLSv1.3 with cipher X");
	ck_assert_ptr_null(s->helo);
	ck_assert_str_eq(smtpd_protocol(s), "SMTP");
	world_say(&tls_world, HELLO, 0);
	ck_assert_ptr_null(strstr(buf_str(&tls_world.said), "STARTTLS"));
	buf_reset(&tls_world.said);
	ck_assert_str_eq(smtpd_with(s), "ESMTPS");
	tls_say("STARTTLS\r\n", "554");
	tls_say(SEND, "250 250 354");
	tls_say("x\r\n.\r\nQUIT\r\n", "250 221");
	world_close(&tls_world);
	ck_assert_ptr_nonnull(strstr(buf_str(&world_log), " starttls=1/3 "));
}
END_TEST

START_TEST(nothing_may_stand_behind_starttls)
{
	tls_open(SMTPD_TLS_MAY);
	params.smtpd_forbid_unauth_pipelining = _i == 0;
	tls_say(HELLO, "220 250");
	tls_say("STARTTLS\r\nEHLO evil\r\n", "554");
	ck_assert(tls_world.s.port.closing);
	ck_assert(!tls_world.s.port.tls);
	world_close(&tls_world);
}
END_TEST

START_TEST(where_tls_is_a_must_little_is_said_in_clear)
{
	tls_open(SMTPD_TLS_MUST);
	tls_say(HELLO, "220 250");
	tls_say("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n", "530 530");
	tls_say("DATA\r\n", "530");
	tls_say("HELO me\r\n", "530");
	tls_say("RSET\r\n", "530");
	tls_say("VRFY a\r\n", "530");
	tls_say("HELP\r\n", "530");
	tls_say("XHELLO\r\n", "530");
	tls_say("NOOP\r\n", "250");
	tls_say("STARTTLS\r\n", "220");
	tls_world.s.port.tls = false;
	smtpd_secured(&tls_world.s, "TLSv1.3 with cipher X");
	tls_say(HELLO, "250");
	tls_say(SEND, "250 250 354");
	world_close(&tls_world);
}
END_TEST

START_TEST(starttls_that_cannot_be)
{
	tls_open(_i == 0 ? SMTPD_TLS_NONE : SMTPD_TLS_MUST);
	tls_world.no_tls = true;
	world_say(&tls_world, HELLO, 0);
	ck_assert_ptr_null(strstr(buf_str(&tls_world.said), "STARTTLS"));
	buf_reset(&tls_world.said);
	tls_say("STARTTLS\r\n", _i == 0 ? "502" : "454");
	tls_say("MAIL FROM:<a@x.test>\r\n", _i == 0 ? "250" : "530");
	world_close(&tls_world);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_session");
	TCase *t = tcase_create("smtpd_session");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, dialogue, 0, ARRAY_LEN(dialogues));
	tcase_add_test(t, starttls_begins_anew);
	tcase_add_loop_test(t, nothing_may_stand_behind_starttls, 0, 2);
	tcase_add_test(t, where_tls_is_a_must_little_is_said_in_clear);
	tcase_add_loop_test(t, starttls_that_cannot_be, 0, 2);
	tcase_add_loop_test(t, no_other_end_is_an_end, 0, ARRAY_LEN(ends));
	tcase_add_test(t, a_bare_lf_that_is_let_pass_is_a_line_and_no_end);
	tcase_add_loop_test(t, a_nul_refuses_the_message, 0, ARRAY_LEN(nuls));
	tcase_add_loop_test(t, who_does_not_wait_is_refused, 0,
	    ARRAY_LEN(rushes));
	tcase_add_test(t, who_speaks_before_the_greeting_is_refused);
	tcase_add_test(t, who_may_speak_early_is_heard_after_the_greeting);
	tcase_add_test(t, a_message_that_is_too_big_is_swallowed);
	tcase_add_test(t, lost_content_is_said_at_its_end);
	tcase_add_test(t, recipients_beyond_the_limit_are_no_errors);
	tcase_add_test(t, who_errs_often_waits_and_then_goes);
	tcase_add_test(t, junk_becomes_an_error);
	tcase_add_test(t, an_idle_client_is_told);
	tcase_add_test(t, content_that_drips_runs_out_of_time);
	tcase_add_test(t, a_line_that_is_too_long_is_passed_over);
	tcase_add_test(t, an_idle_session_owns_little);
	tcase_add_test(t, a_draining_program_dismisses_the_idle);
	tcase_add_test(t, ehlo_says_what_is_offered);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
