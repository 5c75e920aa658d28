/*
 * smtp_client: dialogues.  What the server says stands left, what we answer
 * right; then what became of the recipients.  Each is played whole, byte by
 * byte, and cut off at every byte.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../smtp/smtp_client.h"
#include "clock.h"
#include "fd.h"
#include "msg.h"
#include "param.h"

#define LINES_MAX 12
#define RCPTS_MAX 4

#define HI      "220 h ESMTP\r\n"
#define CAPS    "250-h\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"
#define PLAIN   "250 h\r\n"
#define EHLO    "EHLO me\r\n"
#define FROM    "MAIL FROM:<s@x>\r\n"
#define FROM_P  "MAIL FROM:<s@x> SIZE=3\r\n"
#define TO(a)   "RCPT TO:<" a "@x>\r\n"
#define CONTENT "m\r\n.\r\n"
#define LATER   "450 4.2.0 later\r\n"
#define NEVER   "550 5.1.1 never\r\n"
#define OK      "250 2.0.0 Ok\r\n"

struct line {
	const char *server, *client;
};

static const struct script {
	const char *name;
	const char *rcpts; /* a letter each, @x behind */
	struct line lines[LINES_MAX];
	const char *fates;
	uint32_t flags;
	uint64_t size;
	enum smtp_state end;
} scripts[] = {
	{ "without pipelining, one by one", "ab",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") }, { OK, TO("b") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\nsent 2.0.0 0 250 2.0.0 Ok\n", 0, 3,
	    SMTP_IDLE },
	{ "with pipelining, in one go", "ab",
	    { { HI, EHLO }, { CAPS, FROM_P TO("a") TO("b") "DATA\r\n" },
		{ OK OK OK "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\nsent 2.0.0 0 250 2.0.0 Ok\n", 0, 3,
	    SMTP_IDLE },
	{ "one refused for ever, one for now, one sent", "abc",
	    { { HI, EHLO }, { CAPS, FROM_P TO("a") TO("b") TO("c") "DATA\r\n" },
		{ OK NEVER LATER OK "354 go\r\n", CONTENT }, { OK, "" } },
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to RCPT "
	    "TO command)\n"
	    "deferred 4.2.0 1 host h[1] said: 450 4.2.0 later (in reply to "
	    "RCPT TO command)\n"
	    "sent 2.0.0 0 250 2.0.0 Ok\n",
	    0, 3, SMTP_IDLE },
	{ "all refused, DATA already said", "ab",
	    { { HI, EHLO }, { CAPS, FROM_P TO("a") TO("b") "DATA\r\n" },
		{ OK NEVER NEVER "503 none\r\n", "RSET\r\n" }, { OK, "" } },
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to RCPT "
	    "TO command)\n"
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to RCPT "
	    "TO command)\n",
	    0, 3, SMTP_IDLE },
	{ "all refused, and DATA taken all the same", "a",
	    { { HI, EHLO }, { CAPS, FROM_P TO("a") "DATA\r\n" },
		{ OK NEVER "354 go\r\n", ".\r\n" }, { OK, "" } },
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to RCPT "
	    "TO command)\n",
	    0, 3, SMTP_IDLE },
	{ "all refused, one by one", "ab",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ LATER, TO("b") }, { LATER, "RSET\r\n" }, { OK, "" } },
	    "deferred 4.2.0 1 host h[1] said: 450 4.2.0 later (in reply to "
	    "RCPT TO command)\n"
	    "deferred 4.2.0 1 host h[1] said: 450 4.2.0 later (in reply to "
	    "RCPT TO command)\n",
	    0, 3, SMTP_IDLE },
	{ "552 means too many recipients", "ab",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") }, { OK, TO("b") },
		{ "552 5.5.3 too many\r\n", "DATA\r\n" },
		{ "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n"
	    "deferred 4.5.3 1 host h[1] said: 552 5.5.3 too many (in reply to "
	    "RCPT TO command)\n",
	    0, 3, SMTP_IDLE },
	{ "the sender is refused, one by one", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { "550 5.7.1 no\r\n", "RSET\r\n" },
		{ OK, "" } },
	    "bounced 5.7.1 0 host h[1] said: 550 5.7.1 no (in reply to MAIL "
	    "FROM command)\n",
	    0, 3, SMTP_IDLE },
	{ "the sender is refused, the rest already said", "a",
	    { { HI, EHLO }, { CAPS, FROM_P TO("a") "DATA\r\n" },
		{ "451 no\r\n503 x\r\n503 x\r\n", "RSET\r\n" }, { OK, "" } },
	    "deferred 4.0.0 1 host h[1] said: 451 no (in reply to MAIL FROM "
	    "command)\n",
	    0, 3, SMTP_IDLE },
	{ "DATA is refused", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "451 4.3.0 no\r\n", "RSET\r\n" },
		{ OK, "" } },
	    "deferred 4.3.0 1 host h[1] said: 451 4.3.0 no (in reply to DATA "
	    "command)\n",
	    0, 3, SMTP_IDLE },
	{ "DATA is answered with nonsense", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { OK, "RSET\r\n" }, { OK, "" } },
	    "deferred 4.0.0 1 host h[1] said: 250 2.0.0 Ok (in reply to DATA "
	    "command)\n",
	    0, 3, SMTP_IDLE },
	{ "the content is refused", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ "554 5.6.0 spam\r\n", "" } },
	    "bounced 5.6.0 0 host h[1] said: 554 5.6.0 spam (in reply to end "
	    "of DATA command)\n",
	    0, 3, SMTP_IDLE },
	{ "the greeting is a refusal for now", "a",
	    { { "421 4.7.0 busy\r\n", "QUIT\r\n" } },
	    "deferred 4.7.0 2 host h[1] refused to talk to me: 421 4.7.0 "
	    "busy\n",
	    0, 3, SMTP_CLOSED },
	{ "the greeting is a refusal for ever", "a",
	    { { "554-no\r\n554 5.7.1 mail\r\n", "QUIT\r\n" } },
	    "deferred 4.7.1 2 host h[1] refused to talk to me: 554-no 554 "
	    "5.7.1 mail\n",
	    0, 3, SMTP_CLOSED },
	{ "EHLO is not known", "a",
	    { { HI, EHLO }, { "502 what?\r\n", "HELO me\r\n" }, { PLAIN, FROM },
		{ OK, TO("a") }, { OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n", 0, 3, SMTP_IDLE },
	{ "HELO is refused too", "a",
	    { { HI, EHLO }, { "550 no\r\n", "HELO me\r\n" },
		{ "550 5.7.1 no\r\n", "QUIT\r\n" } },
	    "bounced 5.7.1 0 host h[1] refused to talk to me: 550 5.7.1 no\n",
	    0, 3, SMTP_CLOSED },
	{ "EHLO gets 421", "a",
	    { { HI, EHLO }, { "421 later\r\n", "QUIT\r\n" } },
	    "deferred 4.0.0 2 host h[1] refused to talk to me: 421 later\n", 0,
	    3, SMTP_CLOSED },
	{ "the host is ourselves", "a",
	    { { HI, EHLO }, { "250 SELF hello\r\n", "QUIT\r\n" } },
	    "bounced 5.4.6 0 mail for x loops back to myself\n", 0, 3,
	    SMTP_CLOSED },
	{ "the message is too big", "a", { { HI, EHLO }, { CAPS, "" } },
	    "bounced 5.3.4 0 message size 5000 exceeds size limit 1000 of "
	    "server h[1]\n",
	    0, 5000, SMTP_IDLE },
	{ "8BITMIME is said", "a",
	    { { HI, EHLO },
		{ "250-h\r\n250 8bitmime\r\n",
		    "MAIL FROM:<s@x> BODY=8BITMIME\r\n" },
		{ NEVER, "RSET\r\n" }, { OK, "" } },
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to MAIL "
	    "FROM command)\n",
	    MAIL_8BIT, 3, SMTP_IDLE },
	{ "no SMTP at all", "a", { { "SSH-2.0-OpenSSH\r\n", "" } },
	    "deferred 4.5.0 2 host h[1] sent no SMTP reply: SSH-2.0-OpenSSH "
	    "(in reply to greeting)\n",
	    0, 3, SMTP_CLOSED },
	{ "nonsense in between", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { "what?\r\n", "" } },
	    "deferred 4.5.0 1 host h[1] sent no SMTP reply: what? (in reply to "
	    "MAIL FROM command)\n",
	    0, 3, SMTP_CLOSED },
	{ "an answer too many", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT }, { OK, "" },
		{ "421 bye\r\n", "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n", 0, 3, SMTP_CLOSED },
	{ "421 at the end of data", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ "421 4.3.2 down\r\n", "" } },
	    "deferred 4.3.2 1 host h[1] said: 421 4.3.2 down (in reply to end "
	    "of DATA command)\n",
	    0, 3, SMTP_CLOSED },
	{ "ETRN for three domains", "abc",
	    { { HI, EHLO }, { "250-h\r\n250 etrn\r\n", "ETRN a.x\r\n" },
		{ "253 2.0.0 OK, 2 for a.x\r\n", "ETRN b.x\r\n" },
		{ "459 4.7.1 no\r\n", "ETRN c.x\r\n" },
		{ "500 what?\r\n", "" } },
	    "sent 2.0.0 0 253 2.0.0 OK, 2 for a.x\n"
	    "deferred 4.7.1 1 459 4.7.1 no\n"
	    "bounced 5.0.0 0 500 what?\n",
	    0, 3, SMTP_IDLE },
	{ "ETRN is not offered", "a", { { HI, EHLO }, { CAPS, "" } },
	    "bounced 5.5.1 0 host h[1] does not offer ETRN\n", 0, 3,
	    SMTP_IDLE },
	{ "ETRN and EHLO is not known", "a",
	    { { HI, EHLO }, { "502 what?\r\n", "HELO me\r\n" }, { PLAIN, "" } },
	    "bounced 5.5.1 0 host h[1] does not offer ETRN\n", 0, 3,
	    SMTP_IDLE },
	{ "421 to the first of two ETRN", "ab",
	    { { HI, EHLO }, { "250-h\r\n250 ETRN\r\n", "ETRN a.x\r\n" },
		{ "421 4.3.2 down\r\n", "" } },
	    "deferred 4.3.2 1 421 4.3.2 down\n"
	    "deferred 4.3.2 1 host h[1] said: 421 4.3.2 down (in reply to ETRN "
	    "command)\n",
	    0, 3, SMTP_CLOSED },
	{ "RSET is refused", "a",
	    { { HI, EHLO }, { PLAIN, FROM }, { NEVER, "RSET\r\n" },
		{ "500 ?\r\n", "QUIT\r\n" } },
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to MAIL "
	    "FROM command)\n",
	    0, 3, SMTP_CLOSED },
};

/* ---- the stage ---- */

struct play {
	struct smtp_client c;
	struct smtp_mail mail;
	struct smtp_rcpt rcpts[RCPTS_MAX];
	struct arena arena;
	int fd;
};

static void
set_params(void)
{
	params.smtp_helo_timeout = params.smtp_mail_timeout = 300 * SECOND;
	params.smtp_rcpt_timeout = params.smtp_rset_timeout = 300 * SECOND;
	params.smtp_data_init_timeout = 120 * SECOND;
	params.smtp_data_xfer_timeout = 180 * SECOND;
	params.smtp_data_done_timeout = 600 * SECOND;
	params.smtp_quit_timeout = 300 * SECOND;
	params.smtp_line_length_limit = 998;
	params.smtp_skip_5xx_greeting = true;
}

static void
fill_mail(struct play *p, const char *rcpts, uint32_t flags, uint64_t size)
{
	memset(p->rcpts, 0, sizeof(p->rcpts));
	p->mail = (struct smtp_mail){
		.sender = "s@x",
		.size = size,
		.source = {
			.fd = p->fd,
			.data_len = 3,
			.max_line = 1,
			.flags = flags,
			.head = { "", 0 },
		},
		.rcpts = p->rcpts,
		.n_rcpts = strlen(rcpts),
		.arena = &p->arena,
	};
	for (size_t i = 0; i < p->mail.n_rcpts; i++)
		p->rcpts[i].address = arena_printf(&p->arena, "%c@x", rcpts[i]);
}

static enum smtp_client_tls tls;

static void
begin(struct play *p, const char *rcpts, uint32_t flags, uint64_t size)
{
	const struct smtp_setup setup = {
		.host = "h[1]",
		.nexthop = "x",
		.helo = "me",
		.other_self = "self",
		.tls = tls,
	};

	set_params();
	p->fd = memfd_create("content", MFD_CLOEXEC);
	ck_assert_int_eq(fd_write_all(p->fd, "m\r\n", 3), 0);
	p->c.now = 1000;
	smtp_client_start(&p->c, &setup);
	fill_mail(p, rcpts, flags, size);
	smtp_client_send(&p->c, &p->mail);
}

/* Where ETRN is in its name the letters are domains, a.x and so on. */
static void
begin_script(struct play *p, const struct script *s)
{
	begin(p, s->rcpts, s->flags, s->size);
	p->mail.etrn = strstr(s->name, "ETRN") != NULL;
	for (size_t i = 0; p->mail.etrn && i < p->mail.n_rcpts; i++)
		p->rcpts[i].address = arena_printf(&p->arena, "%c.x",
		    s->rcpts[i]);
}

static void
end(struct play *p)
{
	smtp_client_free(&p->c);
	arena_free(&p->arena);
	(void)close(p->fd);
}

/* Takes what the engine says, as a pump would. */
static void
take(struct play *p, struct buf *said)
{
	struct port *port = &p->c.port;

	buf_add(said, port->out.text, port->out.len);
	if (port->file_left > 0) {
		size_t n = (size_t)port->file_left;

		ck_assert_int_eq(fd_pread_all(port->file, buf_room(said, n), n,
				     port->file_at),
		    0);
		buf_grown(said, n);
	}
	buf_add(said, port->out_tail.text, port->out_tail.len);
	buf_free(&port->out);
	buf_free(&port->out_tail);
	port->file_left = 0;
	smtp_client_drained(&p->c);
}

static void
show_fates(const struct play *p, struct buf *out)
{
	for (size_t i = 0; i < p->mail.n_rcpts; i++) {
		const struct dsn *d = &p->rcpts[i].fate;

		buf_addf(out, "%s %s %d %s\n", dsn_word(d->outcome), d->status,
		    (int)d->fault, d->text);
	}
}

START_TEST(dialogues_go_as_written)
{
	const struct script *s = &scripts[_i];
	struct play p = { 0 };
	CLEAN_BUF struct buf fates = { 0 };

	begin_script(&p, s);
	for (const struct line *l = s->lines; l->server != NULL; l++) {
		CLEAN_BUF struct buf said = { 0 };

		smtp_client_input(&p.c, l->server, strlen(l->server));
		take(&p, &said);
		ck_assert_msg(strcmp(buf_str(&said), l->client) == 0,
		    "%s: after %s said %s instead of %s", s->name, l->server,
		    buf_str(&said), l->client);
	}
	show_fates(&p, &fates);
	ck_assert_msg(p.mail.over, "%s: not over", s->name);
	ck_assert_str_eq(buf_str(&fates), s->fates);
	ck_assert_int_eq(p.c.state, s->end);
	ck_assert_int_eq(p.c.port.closing, s->end == SMTP_CLOSED);
	end(&p);
}
END_TEST

START_TEST(byte_by_byte_they_are_the_same)
{
	const struct script *s = &scripts[_i];
	struct play p = { 0 };
	CLEAN_BUF struct buf said = { 0 }, want = { 0 }, fates = { 0 };

	begin_script(&p, s);
	for (const struct line *l = s->lines; l->server != NULL; l++) {
		for (const char *b = l->server; *b != '\0'; b++) {
			smtp_client_input(&p.c, b, 1);
			take(&p, &said);
		}
		buf_adds(&want, l->client);
	}
	show_fates(&p, &fates);
	ck_assert_str_eq(buf_str(&said), buf_str(&want));
	ck_assert_str_eq(buf_str(&fates), s->fates);
	end(&p);
}
END_TEST

/* Plays the first n bytes of the server's part. */
static void
play_to(struct play *p, const struct script *s, size_t n)
{
	CLEAN_BUF struct buf said = { 0 };

	for (const struct line *l = s->lines; l->server != NULL && n > 0; l++) {
		size_t len = MIN(n, strlen(l->server));

		smtp_client_input(&p->c, l->server, len);
		take(p, &said);
		n -= len;
	}
}

static size_t
server_bytes(const struct script *s)
{
	size_t n = 0;

	for (const struct line *l = s->lines; l->server != NULL; l++)
		n += strlen(l->server);
	return n;
}

/* Nobody is left without a fate, and nobody is called sent before the last byte
 * of the reply that says so. */
START_TEST(lost_at_any_byte_everybody_has_a_fate)
{
	const struct script *s = &scripts[_i];
	size_t n = server_bytes(s);

	for (size_t cut = 0; cut <= n; cut++) {
		struct play p = { 0 };

		begin_script(&p, s);
		play_to(&p, s, cut);
		if (cut % 2 == 0)
			smtp_client_lost(&p.c);
		else
			smtp_client_timeout(&p.c);
		ck_assert(p.mail.over);
		ck_assert_int_eq(p.c.state, SMTP_CLOSED);
		for (size_t i = 0; i < p.mail.n_rcpts; i++) {
			ck_assert_int_ne(p.rcpts[i].fate.outcome, OUTCOME_NONE);
			if (cut < n && s->end == SMTP_IDLE && !p.mail.etrn)
				ck_assert_int_ne(p.rcpts[i].fate.outcome,
				    OUTCOME_SENT);
		}
		end(&p);
	}
}
END_TEST

static const struct {
	size_t at; /* bytes of scripts[1], the pipelined one */
	const char *text;
	enum fault fault;
} losses[] = {
	{ 0, "receiving the initial server greeting", FAULT_DESTINATION },
	{ strlen(HI) + 3, "performing the EHLO handshake", FAULT_DESTINATION },
	{ strlen(HI CAPS), "sending MAIL FROM", FAULT_MESSAGE },
	{ strlen(HI CAPS OK), "sending RCPT TO", FAULT_MESSAGE },
	{ strlen(HI CAPS OK OK OK), "sending DATA command", FAULT_MESSAGE },
	{ strlen(HI CAPS OK OK OK "354 go\r\n"),
	    "sending end of data -- message may be sent more than once",
	    FAULT_MESSAGE },
};

START_TEST(a_loss_says_where_it_was)
{
	CLEAN_BUF struct buf want = { 0 };
	struct play p = { 0 };

	begin(&p, "ab", 0, 3);
	play_to(&p, &scripts[1], losses[_i].at);
	ck_assert_int_gt(p.c.port.deadline, p.c.now);
	smtp_client_lost(&p.c);
	buf_addf(&want, "lost connection with h[1] while %s", losses[_i].text);
	ck_assert_str_eq(p.rcpts[0].fate.text, buf_str(&want));
	ck_assert_str_eq(p.rcpts[0].fate.status, "4.4.2");
	ck_assert_int_eq(p.rcpts[0].fate.fault, losses[_i].fault);
	end(&p);
}
END_TEST

/* A probe says no more than RCPT, and leaves the connection as it was. */
static const struct {
	const char *name;
	struct line lines[6];
	enum vetted verdict;
	int code;
	const char *fate;
	enum smtp_state end;
} probes[] = {
	{ "known, one by one",
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "RSET\r\n" }, { OK, "" } },
	    VETTED_GOOD, 250,
	    "sent 2.0.0 0 host h[1] said: 250 2.0.0 Ok (in reply to RCPT TO "
	    "command)\n",
	    SMTP_IDLE },
	{ "known, in one go",
	    { { HI, EHLO }, { CAPS, FROM TO("a") }, { OK OK, "RSET\r\n" },
		{ OK, "" } },
	    VETTED_GOOD, 250,
	    "sent 2.0.0 0 host h[1] said: 250 2.0.0 Ok (in reply to RCPT TO "
	    "command)\n",
	    SMTP_IDLE },
	{ "not known",
	    { { HI, EHLO }, { CAPS, FROM TO("a") }, { OK NEVER, "RSET\r\n" },
		{ OK, "" } },
	    VETTED_BAD, 550,
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to RCPT "
	    "TO command)\n",
	    SMTP_IDLE },
	{ "put off",
	    { { HI, EHLO }, { CAPS, FROM TO("a") }, { OK LATER, "RSET\r\n" },
		{ OK, "" } },
	    VETTED_UNKNOWN, 450,
	    "deferred 4.2.0 1 host h[1] said: 450 4.2.0 later (in reply to "
	    "RCPT TO command)\n",
	    SMTP_IDLE },
	{ "the sender is refused, and so RCPT",
	    { { HI, EHLO }, { CAPS, FROM TO("a") },
		{ "550 5.1.8 you\r\n" NEVER, "RSET\r\n" }, { OK, "" } },
	    VETTED_UNKNOWN, 0,
	    "bounced 5.1.8 0 host h[1] said: 550 5.1.8 you (in reply to MAIL "
	    "FROM command)\n",
	    SMTP_IDLE },
	{ "the sender is refused, one by one",
	    { { HI, EHLO }, { PLAIN, FROM }, { NEVER, "RSET\r\n" },
		{ OK, "" } },
	    VETTED_UNKNOWN, 0,
	    "bounced 5.1.1 0 host h[1] said: 550 5.1.1 never (in reply to MAIL "
	    "FROM command)\n",
	    SMTP_IDLE },
	{ "the client is refused", { { "554 5.7.1 you\r\n", "QUIT\r\n" } },
	    VETTED_UNKNOWN, 0,
	    "deferred 4.7.1 2 host h[1] refused to talk to me: 554 5.7.1 "
	    "you\n",
	    SMTP_CLOSED },
};

START_TEST(a_probe_is_a_dialogue_without_data)
{
	CLEAN_BUF struct buf fates = { 0 };
	struct play p = { 0 };

	begin(&p, "a", 0, 0);
	p.mail.probe = true;
	for (const struct line *l = probes[_i].lines; l->server != NULL; l++) {
		CLEAN_BUF struct buf said = { 0 };

		smtp_client_input(&p.c, l->server, strlen(l->server));
		take(&p, &said);
		ck_assert_msg(strcmp(buf_str(&said), l->client) == 0,
		    "%s: after %s said %s instead of %s", probes[_i].name,
		    l->server, buf_str(&said), l->client);
	}
	show_fates(&p, &fates);
	ck_assert(p.mail.over);
	ck_assert_str_eq(buf_str(&fates), probes[_i].fate);
	ck_assert_int_eq(p.rcpts[0].verdict, probes[_i].verdict);
	ck_assert_int_eq(p.rcpts[0].code, probes[_i].code);
	ck_assert_int_eq(p.c.state, probes[_i].end);
	end(&p);
}
END_TEST

/* Cut anywhere before the whole reply to RCPT, nothing is known. */
START_TEST(a_probe_that_is_lost_knows_nothing)
{
	CLEAN_BUF struct buf all = { 0 };
	size_t last = 0;

	for (const struct line *l = probes[_i].lines; l->server != NULL; l++)
		buf_adds(&all, l->server);
	for (size_t cut = 0; cut <= all.len; cut++) {
		CLEAN_BUF struct buf said = { 0 };
		struct play p = { 0 };

		begin(&p, "a", 0, 0);
		p.mail.probe = true;
		for (size_t i = 0; i < cut; i++) {
			smtp_client_input(&p.c, all.text + i, 1);
			take(&p, &said);
		}
		smtp_client_lost(&p.c);
		ck_assert(p.mail.over);
		ck_assert(strstr(buf_str(&said), "DATA") == NULL);
		if (p.rcpts[0].verdict == VETTED_UNKNOWN)
			last = cut;
		else
			ck_assert_int_eq(p.rcpts[0].verdict,
			    probes[_i].verdict);
		end(&p);
	}
	if (probes[_i].verdict != VETTED_UNKNOWN)
		ck_assert_uint_eq(last,
		    all.len - strlen(OK) - 1); /* all but RSET's reply */
}
END_TEST

START_TEST(many_messages_use_one_connection)
{
	struct play p = { 0 };

	begin(&p, "a", 0, 3);
	smtp_client_input(&p.c, HI CAPS, strlen(HI CAPS));
	for (int i = 0; i < 3; i++) {
		CLEAN_BUF struct buf said = { 0 };

		if (i > 0)
			smtp_client_send(&p.c, &p.mail);
		take(&p, &said);
		buf_reset(&said);
		smtp_client_input(&p.c, OK OK "354 go\r\n",
		    strlen(OK OK "354 go\r\n"));
		take(&p, &said);
		ck_assert_str_eq(buf_str(&said), CONTENT);
		smtp_client_input(&p.c, OK, strlen(OK));
		ck_assert_int_eq(p.rcpts[0].fate.outcome, OUTCOME_SENT);
		ck_assert_int_eq(p.c.state, SMTP_IDLE);
		ck_assert_int_eq(p.c.port.deadline, 0);
		fill_mail(&p, "a", 0, 3);
	}
	smtp_client_quit(&p.c);
	ck_assert_str_eq(buf_str(&p.c.port.out), "QUIT\r\n");
	ck_assert(p.c.port.closing);
	end(&p);
}
END_TEST

/* A server that closes an idle connection has not refused the next message. */
static const char *const farewells[] = { "", "421 4.4.2 idle\r\n" };

START_TEST(an_idle_connection_may_have_gone_stale)
{
	CLEAN_BUF struct buf said = { 0 };
	struct play p = { 0 };

	begin(&p, "a", 0, 3);
	play_to(&p, &scripts[1], strlen(HI CAPS));
	smtp_client_input(&p.c, OK OK "354 go\r\n", strlen(OK OK "354 go\r\n"));
	take(&p, &said);
	smtp_client_input(&p.c, OK, strlen(OK));
	fill_mail(&p, "a", 0, 3);
	smtp_client_send(&p.c, &p.mail);
	smtp_client_input(&p.c, farewells[_i], strlen(farewells[_i]));
	smtp_client_lost(&p.c);
	ck_assert(p.mail.over);
	ck_assert(p.mail.stale);
	end(&p);
}
END_TEST

START_TEST(a_refusal_while_content_flows_ends_the_connection)
{
	struct play p = { 0 };

	begin(&p, "a", 0, 3);
	play_to(&p, &scripts[1], strlen(HI CAPS));
	smtp_client_input(&p.c, OK OK "354 go\r\n", strlen(OK OK "354 go\r\n"));
	ck_assert_uint_gt(p.c.port.file_left, 0);
	smtp_client_input(&p.c, "552 5.3.4 big\r\n", 15);
	ck_assert_int_eq(p.rcpts[0].fate.outcome, OUTCOME_BOUNCE);
	ck_assert_uint_eq(p.c.port.file_left, 0);
	ck_assert_int_eq(p.c.state, SMTP_CLOSED);
	end(&p);
}
END_TEST

START_TEST(an_address_beyond_ascii_needs_what_is_not_there)
{
	CLEAN_BUF struct buf said = { 0 };
	struct play p = { 0 };

	begin(&p, "ab", 0, 3);
	p.rcpts[0].address = "\xc3\xbc@x";
	play_to(&p, &scripts[0], strlen(HI PLAIN));
	ck_assert_str_eq(p.rcpts[0].fate.status, "5.6.7");
	smtp_client_input(&p.c, OK, strlen(OK));
	take(&p, &said);
	ck_assert_str_eq(buf_str(&said), TO("b"));
	end(&p);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_ends_no_message)
{
	struct play p = { 0 };

	begin(&p, "a", MAIL_DOTS, 3);
	p.mail.source.data_len = 5;
	play_to(&p, &scripts[1], strlen(HI CAPS));
	smtp_client_input(&p.c, OK OK "354 go\r\n", strlen(OK OK "354 go\r\n"));
	ck_assert_str_eq(p.rcpts[0].fate.status, "4.3.0");
	ck_assert_uint_eq(p.c.port.out.len, 0);
	ck_assert_int_eq(p.c.state, SMTP_CLOSED);
	end(&p);
}
END_TEST

/* ---- TLS ---- */

#define TLS      "250-h\r\n250 STARTTLS\r\n"
#define STARTTLS "STARTTLS\r\n"
#define READY    "220 go\r\n"
#define REQUIRE  "250-h\r\n250 REQUIRETLS\r\n"

/* What the server says, the first of its lines to the last.  Where REQUIRETLS
 * is in its name the message insists on it (RFC 8689). */
static const struct {
	const char *name;
	enum smtp_client_tls tls;
	struct line lines[LINES_MAX];
	const char *fates;
} secure[] = {
	{ "offered", SMTP_CLIENT_TLS_MAY,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY, EHLO }, { PLAIN, FROM },
		{ OK, TO("a") }, { OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "offered once more", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY, EHLO }, { TLS, FROM },
		{ OK, TO("a") }, { OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "offered, not wanted", SMTP_CLIENT_CLEAR,
	    { { HI, EHLO }, { TLS, FROM }, { OK, TO("a") }, { OK, "DATA\r\n" },
		{ "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "not offered", SMTP_CLIENT_TLS_MAY,
	    { { HI, EHLO }, { PLAIN, FROM }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "not offered, and a must", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { PLAIN, "QUIT\r\n" } },
	    "deferred 4.7.4 1 TLS is required, but was not offered by host "
	    "h[1]\n" },
	{ "EHLO is not known, and TLS a must", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { "502 what?\r\n", "HELO me\r\n" },
		{ PLAIN, "QUIT\r\n" } },
	    "deferred 4.7.4 1 TLS is required, but was not offered by host "
	    "h[1]\n" },
	{ "refused", SMTP_CLIENT_TLS_MAY,
	    { { HI, EHLO }, { TLS, STARTTLS }, { "454 4.7.0 no\r\n", FROM },
		{ OK, TO("a") }, { OK, "DATA\r\n" }, { "354 go\r\n", CONTENT },
		{ OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok (in clear text, as the host refused "
	    "TLS)\n" },
	{ "refused, and a must", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { TLS, STARTTLS },
		{ "454 4.7.0 no\r\n", "QUIT\r\n" } },
	    "deferred 4.7.4 1 TLS is required, but host h[1] refused to start "
	    "TLS: 454 4.7.0 no\n" },
	{ "words behind the reply", SMTP_CLIENT_TLS_MAY,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY "250 evil\r\n", "" } },
	    "deferred 4.7.5 1 Cannot start TLS: words behind the reply to "
	    "STARTTLS\n" },
	{ "REQUIRETLS, and offered", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY, EHLO },
		{ REQUIRE, "MAIL FROM:<s@x> REQUIRETLS\r\n" }, { OK, TO("a") },
		{ OK, "DATA\r\n" }, { "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "offered, and not asked for", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY, EHLO },
		{ REQUIRE, FROM }, { OK, TO("a") }, { OK, "DATA\r\n" },
		{ "354 go\r\n", CONTENT }, { OK, "" } },
	    "sent 2.0.0 0 250 2.0.0 Ok\n" },
	{ "REQUIRETLS, and not offered", SMTP_CLIENT_TLS_MUST,
	    { { HI, EHLO }, { TLS, STARTTLS }, { READY, EHLO }, { PLAIN, "" } },
	    "deferred 4.7.30 1 REQUIRETLS is required, but was not offered by "
	    "host h[1]\n" },
};

START_TEST(under_tls_all_begins_anew)
{
	CLEAN_BUF struct buf fates = { 0 };
	struct play p = { 0 };

	tls = secure[_i].tls;
	begin(&p, "a",
	    strstr(secure[_i].name, "REQUIRETLS") != NULL ? MAIL_REQUIRETLS : 0,
	    3);
	for (const struct line *l = secure[_i].lines; l->server != NULL; l++) {
		CLEAN_BUF struct buf said = { 0 };

		smtp_client_input(&p.c, l->server, strlen(l->server));
		ck_assert_int_eq(p.c.port.tls, smtp_client_is_shaking(&p.c));
		if (p.c.port.tls) {
			p.c.port.tls = false;
			smtp_client_secured(&p.c);
		}
		take(&p, &said);
		ck_assert_msg(strcmp(buf_str(&said), l->client) == 0,
		    "%s: after %s said %s", secure[_i].name, l->server,
		    buf_str(&said));
	}
	show_fates(&p, &fates);
	ck_assert(p.mail.over);
	ck_assert_str_eq(buf_str(&fates), secure[_i].fates);
	end(&p);
	tls = SMTP_CLIENT_CLEAR;
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_client");
	TCase *t = tcase_create("smtp_client");
	int n = (int)ARRAY_LEN(scripts);

	tcase_add_loop_test(t, dialogues_go_as_written, 0, n);
	tcase_add_loop_test(t, under_tls_all_begins_anew, 0,
	    (int)ARRAY_LEN(secure));
	tcase_add_loop_test(t, byte_by_byte_they_are_the_same, 0, n);
	tcase_add_loop_test(t, lost_at_any_byte_everybody_has_a_fate, 0, n);
	tcase_add_loop_test(t, a_loss_says_where_it_was, 0,
	    (int)ARRAY_LEN(losses));
	tcase_add_loop_test(t, a_probe_is_a_dialogue_without_data, 0,
	    (int)ARRAY_LEN(probes));
	tcase_add_loop_test(t, a_probe_that_is_lost_knows_nothing, 0,
	    (int)ARRAY_LEN(probes));
	tcase_add_test(t, many_messages_use_one_connection);
	tcase_add_loop_test(t, an_idle_connection_may_have_gone_stale, 0,
	    (int)ARRAY_LEN(farewells));
	tcase_add_test(t, a_refusal_while_content_flows_ends_the_connection);
	tcase_add_test(t, an_address_beyond_ascii_needs_what_is_not_there);
	tcase_add_test(t, a_file_that_cannot_be_read_ends_no_message);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
