/*
 * sendmail: what programs hand over, and the dialogue with the server.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_conf.h"
#include "fd.h"
#include "sendmail_mail.h"
#include "sendmail_submit.h"

static struct sendmail_mail mail;
static struct buf content;

static void
before(void)
{
	load_conf("myhostname = h.example\nmyorigin = example.org\n");
	mail = (struct sendmail_mail){ .sender = "me@example.org" };
}

static void
after(void)
{
	sendmail_free(&mail);
	buf_free(&content);
}

/* ---- the text ---- */

static const struct {
	const char *text;
	bool dots;
	const char *want;
} texts[] = {
	{ "", true, "" },
	{ "a\nb", true, "a\r\nb\r\n" },
	{ "a\r\nb\r\n", true, "a\r\nb\r\n" },
	{ "a\n.\nb\n", true, "a\r\n" },
	{ "a\n.\nb\n", false, "a\r\n.\r\nb\r\n" },
	{ ".\nb\n", true, "" },
	{ "a\n.\r\nb\n", true, "a\r\n" },
	{ "a\n..\n. \n.b\n", true, "a\r\n..\r\n. \r\n.b\r\n" },
	{ "a\r.\rb\n", true, "a . b\r\n" },
	{ "a\n.", true, "a\r\n.\r\n" },
};

START_TEST(text_cut_anywhere)
{
	const char *text = texts[_i].text;

	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct sendmail_mail m = {
			.sender = "",
			.dot_ends = texts[_i].dots,
		};

		sendmail_add_text(&m, text, cut);
		sendmail_add_text(&m, text + cut, strlen(text) - cut);
		lines_end(&m.lines, &m.text);
		ck_assert_str_eq(buf_str(&m.text), texts[_i].want);
		sendmail_free(&m);
	}
}
END_TEST

static const struct {
	const char *text;
	bool extract;
	const char *want, *rcpts;
} composed[] = {
	{ "From: a\nTo: b\n\nbody\n", false, "From: a\r\nTo: b\r\n\r\nbody\r\n",
	    "" },
	{ "To: b\n\nbody\n", false,
	    "From: <me@example.org>\r\nTo: b\r\n\r\nbody\r\n", "" },
	{ "body\n", false, "From: <me@example.org>\r\n\r\nbody\r\n", "" },
	{ "", false, "From: <me@example.org>\r\n\r\n", "" },
	{ "\nbody\n", false, "From: <me@example.org>\r\n\r\nbody\r\n", "" },
	{ "From: a\n", false, "From: a\r\n\r\n", "" },
	{ "From me Mon\n>From you\nFrom: a\n\nx\n", false,
	    "From: a\r\n\r\nx\r\n", "" },
	{ "From: a\nBcc: b\n\n", false, "From: a\r\nBcc: b\r\n\r\n", "" },
	{ "From: a\nTo: b, c@d.example\nBcc: e\nCc: f@g,\n h\n\nx\n", true,
	    "From: a\r\nTo: b, c@d.example\r\nCc: f@g,\r\n h\r\n\r\nx\r\n",
	    "b@example.org c@d.example e@example.org f@g h@example.org" },
	{ "From: a\nTo: b\nResent-To: c\nresent-bcc: d\nBcc: e\n\nx\n", true,
	    "From: a\r\nTo: b\r\nResent-To: c\r\n\r\nx\r\n",
	    "c@example.org d@example.org" },
	{ "From: a\nTo: undisclosed-recipients:;\n\n", true,
	    "From: a\r\nTo: undisclosed-recipients:;\r\n\r\n", "" },
};

START_TEST(what_is_sent)
{
	CLEAN_BUF struct buf rcpts = { 0 };
	const char *text = composed[_i].text, *why = "";

	sendmail_add_text(&mail, text, strlen(text));
	ck_assert_msg(sendmail_compose(&mail, composed[_i].extract, &content,
			  &why),
	    "%s", why);
	ck_assert_str_eq(buf_str(&content), composed[_i].want);
	for (size_t i = 0; i < mail.n_rcpts; i++)
		buf_addf(&rcpts, "%s%s", i > 0 ? " " : "", mail.rcpts[i]);
	ck_assert_str_eq(buf_str(&rcpts), composed[_i].rcpts);
}
END_TEST

START_TEST(a_bad_address_is_named)
{
	const char *why = "", text[] = "To: a@@b, c\nCc: (open\n\nx\n";

	sendmail_add_text(&mail, text, strlen(text));
	ck_assert(!sendmail_compose(&mail, true, &content, &why));
	ck_assert_str_eq(why, "malformed address in the header");
	ck_assert_str_eq(buf_str(&mail.bad), "a@@b, c; (open");
}
END_TEST

static const char *const senders[][2] = {
	{ "alice", "alice@example.org" },
	{ "alice@x.example", "alice@x.example" },
	{ "<alice@x.example>", "alice@x.example" },
	{ "Alice <alice@x.example>", "alice@x.example" },
	{ "", "" },
	{ "<>", "" },
	{ " <> ", "" },
	{ "a@@b", NULL },
	{ "a, b", NULL },
	{ "a\r\nRCPT TO:<b>", "b@example.org" },
};

START_TEST(sender)
{
	bool ok = sendmail_set_sender(&mail, senders[_i][0]);

	ck_assert_int_eq(ok, senders[_i][1] != NULL);
	if (ok)
		ck_assert_str_eq(mail.sender, senders[_i][1]);
}
END_TEST

static const char *const names[][2] = {
	{ "Jane Doe", "Jane Doe" },
	{ "Jane Q. Doe", "\"Jane Q. Doe\"" },
	{ "a\"b\\", "\"a\\\"b\\\\\"" },
	{ "a\nb", "a?b" },
	{ "J\xc3\xb6rg M", "=?utf-8?Q?J=C3=B6rg=20M?=" },
	{ "\xff", "?" },
	{ "=?utf-8?Q?x?=", "\"=?utf-8?Q?x?=\"" },
	{ "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4x",
	    "=?utf-8?Q?=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4?= "
	    "=?utf-8?Q?x?=" },
};

START_TEST(name)
{
	CLEAN_BUF struct buf out = { 0 };

	sendmail_put_name(&out, names[_i][0]);
	ck_assert_str_eq(buf_str(&out), names[_i][1]);
}
END_TEST

/* ---- the dialogue ---- */

/* What the server hears and what it answers; it says the first answer
 * unasked. */
static const struct {
	const char *replies[8]; /* to: connect EHLO MAIL RCPT RCPT DATA end */
	enum submit_result result;
	size_t refused;
	const char *text;
} dialogues[] = {
	{ { "220 h", "250-h\r\n250 SIZE", "250 ok", "250 ok", "250 ok",
	      "354 go", "250 2.0.0 Ok: queued" },
	    SUBMIT_TAKEN, 0, "" },
	{ { "220 h", "250 h", "250 ok", "550 5.1.1 no such user", "250 ok",
	      "354 go", "250 ok" },
	    SUBMIT_TAKEN, 1, "a@x.example: 550 5.1.1 no such user" },
	{ { "220 h", "250 h", "250 ok", "550 no", "550-not\r\n550 me" },
	    SUBMIT_REFUSED, 2, "a@x.example: 550 no\nb@y.example: 550 not me" },
	{ { "421 too busy" }, SUBMIT_LATER, 0, "421 too busy" },
	{ { "554 never" }, SUBMIT_LATER, 0, "554 never" },
	{ { "220 h", "250 h", "552 too big" }, SUBMIT_REFUSED, 0,
	    "552 too big" },
	{ { "220 h", "250 h", "452 full" }, SUBMIT_LATER, 0, "452 full" },
	{ { "220 h", "250 h", "250 ok", "250 ok", "451 wait" }, SUBMIT_LATER, 0,
	    "451 wait" },
	{ { "220 h", "250 h", "250 ok", "250 ok", "250 ok", "451 wait" },
	    SUBMIT_LATER, 0, "451 wait" },
	{ { "220 h", "250 h", "250 ok", "250 ok", "250 ok", "354 go",
	      "554 never" },
	    SUBMIT_REFUSED, 0, "554 never" },
	{ { "220 h", "250 h", "250 ok", "250 ok", "250 ok", "354 go",
	      "452 full" },
	    SUBMIT_LATER, 0, "452 full" },
	{ { "220 h", "250 h", "250 ok", "250 ok", "250 ok", "354 go" },
	    SUBMIT_LATER, 0, "the connection was lost" },
	{ { "nonsense" }, SUBMIT_LATER, 0, "the connection was lost" },
	{ { "22" }, SUBMIT_LATER, 0, "the connection was lost" },
	{ { "999 what" }, SUBMIT_LATER, 0, "the connection was lost" },
	{ { NULL }, SUBMIT_LATER, 0, "the connection was lost" },
};

/* Everything the client said, as a server that answers this way hears it. */
static NORETURN void
serve(int sock, const char *const *replies, int report)
{
	char c;
	size_t n = 0;
	bool data = false;
	CLEAN_BUF struct buf heard = { 0 };
	size_t line = 0;

	for (;;) {
		if (replies[n] == NULL)
			_exit(0);
		if (fd_write_all(sock, replies[n], strlen(replies[n])) < 0 ||
		    fd_write_all(sock, "\r\n", 2) < 0)
			_exit(1);
		data = strncmp(replies[n++], "354", 3) == 0;
		do {
			line = heard.len;
			do {
				if (read(sock, &c, 1) != 1 ||
				    fd_write_all(report, &c, 1) < 0)
					_exit(0);
				buf_addc(&heard, c);
			} while (c != '\n');
		} while (data && strcmp(heard.text + line, ".\r\n") != 0);
	}
}

START_TEST(dialogue)
{
	CLEAN_BUF struct buf body = { 0 }, heard = { 0 };
	struct submit s;
	int socks[2], pipes[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, socks), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert(sendmail_add_rcpts(&mail, SLICE("a@x.example, b@y.example")));
	buf_adds(&body, "From: a\r\n\r\n.\r\nQUIT\r\n");
	pid_t child = fork();
	if (child == 0) {
		close(socks[0]);
		serve(socks[1], dialogues[_i].replies, pipes[1]);
	}
	close(socks[1]);
	close(pipes[1]);
	submit_mail(&s, socks[0], &mail, &body);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(s.result, dialogues[_i].result);
	ck_assert_uint_eq(s.refused, dialogues[_i].refused);
	ck_assert_str_eq(buf_str(&s.text), dialogues[_i].text);
	ck_assert_int_eq(fd_read_all(pipes[0], &heard, 10000), 0);
	if (s.result == SUBMIT_TAKEN)
		ck_assert_str_eq(buf_str(&heard),
		    "EHLO h.example\r\n"
		    "MAIL FROM:<me@example.org> SIZE=20\r\n"
		    "RCPT TO:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"
		    "DATA\r\nFrom: a\r\n\r\n..\r\nQUIT\r\n.\r\nQUIT\r\n");
	close(pipes[0]);
	submit_free(&s);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sendmail");
	TCase *t = tcase_create("sendmail");

	tcase_add_checked_fixture(t, before, after);
	tcase_add_loop_test(t, text_cut_anywhere, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(t, what_is_sent, 0, ARRAY_LEN(composed));
	tcase_add_test(t, a_bad_address_is_named);
	tcase_add_loop_test(t, sender, 0, ARRAY_LEN(senders));
	tcase_add_loop_test(t, name, 0, ARRAY_LEN(names));
	tcase_add_loop_test(t, dialogue, 0, ARRAY_LEN(dialogues));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
