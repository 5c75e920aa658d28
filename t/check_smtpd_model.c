/*
 * smtpd: random commands, compared with a small model of the transaction.
 *
 * The model is what RFC 5321 4.1.4 says in twenty lines, written without a
 * look at the engine: which reply each command must get, and which messages
 * must have been taken in at the end.  POSTHOUSE_TEST_LONG=1 plays 100,000
 * sequences instead of 3,000.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "param.h"
#include "smtpd_world.h"

struct model {
	bool hello, mail;
	bool esmtp;
	int rcpts;
	char sender; /* of the transaction */
	struct buf mails;
};

typedef int model_fn(struct model *m, char sender);

static int
m_hello(struct model *m, char unused)
{
	(void)unused;
	m->hello = true;
	m->esmtp = true;
	m->mail = false;
	return 250;
}

static int
m_helo(struct model *m, char unused)
{
	m_hello(m, unused);
	m->esmtp = false;
	return 250;
}

static int
m_mail(struct model *m, char sender)
{
	if (!m->hello || m->mail)
		return 503;
	m->mail = true;
	m->rcpts = 0;
	m->sender = sender;
	return 250;
}

static int
m_bad_mail(struct model *m, char unused)
{
	(void)unused;
	return !m->hello || m->mail ? 503 : 501;
}

static int
m_rcpt(struct model *m, char unused)
{
	(void)unused;
	if (!m->mail)
		return 503;
	m->rcpts++;
	return 250;
}

static int
m_unknown(struct model *m, char unused)
{
	(void)unused;
	return m->mail ? 550 : 503;
}

static int
m_data(struct model *m, char unused)
{
	(void)unused;
	if (!m->mail)
		return 503;
	if (m->rcpts == 0)
		return 554;
	return m->sender == 'f' ? 452 : 354;
}

static int
m_rset(struct model *m, char unused)
{
	(void)unused;
	m->mail = false;
	return 250;
}

static int
m_vrfy(struct model *m, char unused)
{
	(void)unused;
	return m->hello ? 252 : 503;
}

static int
m_etrn(struct model *m, char unused)
{
	(void)unused;
	return m->hello && !m->mail ? 253 : 503;
}

static int
m_fine(struct model *m, char unused)
{
	(void)m;
	(void)unused;
	return 250;
}

static int
m_wrong(struct model *m, char unused)
{
	(void)m;
	(void)unused;
	return 500;
}

/* clang-format off */
static const struct {
	const char *line;
	model_fn *model;
	char sender;
	bool last; /* nothing may be sent behind it */
} moves[] = {
	{ "EHLO me",                       m_hello,    0,   true },
	{ "EHLO me",                       m_hello,    0,   true },
	{ "HELO me",                       m_helo,     0,   true },
	{ "MAIL FROM:<a@x>",               m_mail,     'a', false },
	{ "MAIL FROM:<a@x>",               m_mail,     'a', false },
	{ "MAIL FROM:<> BODY=8BITMIME",    m_mail,     0,   false },
	{ "MAIL FROM:<full@x> SIZE=10",    m_mail,     'f', false },
	{ "MAIL FROM:<a@@x>",              m_bad_mail, 0,   false },
	{ "RCPT TO:<b@y>",                 m_rcpt,     0,   false },
	{ "RCPT TO:<b@y>",                 m_rcpt,     0,   false },
	{ "rcpt to:<slow@y>",              m_rcpt,     0,   false },
	{ "RCPT TO:<unknown@y>",           m_unknown,  0,   false },
	{ "RCPT TO:<slowly-unknown@y>",    m_unknown,  0,   false },
	{ "DATA",                          m_data,     0,   true },
	{ "DATA",                          m_data,     0,   true },
	{ "data",                          m_data,     0,   true },
	{ "RSET",                          m_rset,     0,   false },
	{ "NOOP",                          m_fine,     0,   false },
	{ "VRFY b@y",                      m_vrfy,     0,   true },
	{ "ETRN d.test",                   m_etrn,     0,   false },
	{ "ETRN slow.test",                m_etrn,     0,   false },
	{ "BDAT 10",                       m_wrong,    0,   false },
};
static const char *const texts[] = { "a", "..", "", "...b", ".x", "RSET", "\t." };
static const char *const unstuffed[] = { "a", ".", "", "..b", "x", "RSET", "\t." };
/* clang-format on */

static uint64_t seed;

static size_t
dice(size_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((seed >> 33) % sides);
}

static const char *
sender_of(const struct model *m)
{
	return m->sender == 'a' ? "a@x" : "";
}

static void
add_content(struct model *m, struct buf *say)
{
	buf_addf(&m->mails, "<%s> ", sender_of(m));
	for (size_t n = dice(6); n > 0; n--) {
		size_t i = dice(ARRAY_LEN(texts));

		buf_addf(say, "%s\r\n", texts[i]);
		buf_addf(&m->mails, "%s\r\n", unstuffed[i]);
	}
	buf_adds(say, ".\r\n");
	buf_addc(&m->mails, '|');
	m->mail = false;
}

static void
send_group(struct world *w, struct buf *say)
{
	size_t pieces[] = { 0, 0, 1, 2, 7 };

	world_send(w, buf_str(say), say->len, pieces[dice(5)]);
	buf_reset(say);
}

/* One sequence of commands, in groups that a client may send at once. */
static void
play(void)
{
	CLEAN_BUF struct buf say = { 0 }, want = { 0 }, got = { 0 };
	uint64_t seeded = seed;
	struct model m = { 0 };
	struct world w = { 0 };

	params.smtpd_helo_required = dice(2);
	m.hello = !params.smtpd_helo_required;
	world_open(&w);
	buf_adds(&want, "220");
	for (size_t n = dice(40); n > 0; n--) {
		size_t i = dice(ARRAY_LEN(moves));
		int code = moves[i].model(&m, moves[i].sender);

		w.end_later = dice(2);
		buf_addf(&say, "%s\r\n", moves[i].line);
		buf_addf(&want, " %d", code);
		if (code == 354) {
			send_group(&w, &say);
			add_content(&m, &say);
			buf_adds(&want, " 250");
		}
		if (moves[i].last || !m.esmtp || dice(3) == 0)
			send_group(&w, &say);
	}
	send_group(&w, &say);
	world_codes(&w, &got);
	ck_assert_msg(str_eq(buf_str(&want), buf_str(&got)) &&
		str_eq(buf_str(&m.mails), buf_str(&w.mails)),
	    "seed %llu: want %s\n%s\ngot %s\n%s", (unsigned long long)seeded,
	    buf_str(&want), buf_str(&m.mails), buf_str(&got),
	    buf_str(&w.mails));
	world_close(&w);
	buf_free(&m.mails);
}

START_TEST(random_commands_get_the_replies_of_the_model)
{
	int n = getenv("POSTHOUSE_TEST_LONG") != NULL ? 100000 : 3000;

	world_params();
	params.smtpd_hard_error_limit = 10000;
	params.smtpd_soft_error_limit = 10000;
	for (int i = 0; i < n; i++) {
		seed = (uint64_t)i;
		play();
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_model");
	TCase *t = tcase_create("smtpd_model");

	tcase_set_timeout(t, 600);
	tcase_add_test(t, random_commands_get_the_replies_of_the_model);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
