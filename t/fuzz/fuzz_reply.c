/*
 * Fuzz: everything that a server says to the client, from its greeting on.
 * The first byte says how the input is cut, the second what the message is
 * like, and whether we log in (the part of auth is played by its engine).
 *
 * Whatever the server says: in the end every recipient has a fate, nobody
 * is called sent to whom the content did not go out, and the content goes
 * out whole or the connection ends.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../smtp/smtp_client.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "sasl.h"

#define RCPTS 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char content[] =
    "Subject: x\r\nMIME-Version: 1.0\r\n\r\n.gr\xc3\xbcn\r\n";

struct world {
	struct smtp_client c;
	struct smtp_mail mail;
	struct smtp_rcpt rcpts[RCPTS];
	struct arena arena;
	struct buf said;
	struct sasl_client *login;
};

static int
content_fd(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	fd = memfd_create("content", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, content, sizeof(content) - 1) < 0)
		log_fatal("no content");
	params.smtp_helo_timeout = params.smtp_mail_timeout = SECOND;
	params.smtp_rcpt_timeout = params.smtp_rset_timeout = SECOND;
	params.smtp_data_init_timeout = SECOND;
	params.smtp_data_xfer_timeout = SECOND;
	params.smtp_data_done_timeout = SECOND;
	params.smtp_quit_timeout = SECOND;
	params.smtp_line_length_limit = 998;
	return fd;
}

static void
begin(struct world *w, uint8_t kind)
{
	const struct smtp_setup setup = {
		.host = "h[1]",
		.nexthop = "x",
		.helo = "me",
		.other_self = "self",
		.log_in = (kind & 8) != 0,
	};
	static const char *const addresses[RCPTS] = { "a@x", "b c@x",
		"\xc3\xbc@x" };

	w->mail = (struct smtp_mail){
		.sender = kind & 1 ? "" : "s@x",
		.size = sizeof(content) - 1,
		.source = {
			.fd = content_fd(),
			.data_len = sizeof(content) - 1,
			.flags = MAIL_8BIT | (kind & 2 ? 0 : MAIL_DOTS),
			.max_line = 20,
			.head = SLICE("Received: y\r\n"),
		},
		.rcpts = w->rcpts,
		.n_rcpts = 1 + kind % RCPTS,
		.arena = &w->arena,
	};
	for (size_t i = 0; i < RCPTS; i++)
		w->rcpts[i] = (struct smtp_rcpt){ .address = addresses[i] };
	w->c.now = 1000;
	if (!w->c.greeted)
		smtp_client_start(&w->c, &setup);
	smtp_client_send(&w->c, &w->mail);
}

/* The strongest of what is offered, with a nonce that the seeds know. */
static enum sasl_step
ask_engine(struct world *w, enum smtp_auth_wish wish, struct msg_login_say *m,
    struct buf *said)
{
	static const struct sasl_login login = { .user = "u",
		.password = "p",
		.nonce = "n" };
	struct slice challenge = { buf_str(&w->c.auth.challenge),
		w->c.auth.challenge.len };
	unsigned int mech = SASL_SCRAM;

	if (wish == SMTP_AUTH_NEXT)
		return sasl_client_next(w->login, &challenge, said);
	while (mech > SASL_PLAIN && (w->c.offer.mechs & 1u << mech) == 0)
		mech--;
	sasl_client_destroy(&w->login);
	w->login = sasl_client_create((enum sasl_mech)mech, &login);
	m->mech = sasl_name((enum sasl_mech)mech);
	return sasl_client_next(w->login, NULL, said);
}

static void
play_auth(struct world *w)
{
	enum smtp_auth_wish wish = w->c.auth.wish;
	CLEAN_BUF struct buf said = { 0 };
	struct msg_login_say m = { .verdict = LOGIN_SAY, .mech = "" };

	w->c.auth.wish = SMTP_AUTH_NOTHING;
	if (wish == SMTP_AUTH_NOTHING)
		return;
	enum sasl_step step = ask_engine(w, wish, &m, &said);
	if (step == SASL_FAILED)
		m.verdict = LOGIN_FAILED;
	m.text = sasl_client_why(w->login);
	m.proved = step == SASL_DONE;
	m.bytes = (struct slice){ buf_str(&said), said.len };
	smtp_client_login(&w->c, &m);
}

/* What goes out, as a pump would send it. */
static void
take(struct world *w)
{
	struct port *port = &w->c.port;

	buf_add(&w->said, port->out.text, port->out.len);
	if (port->file_left > 0)
		buf_adds(&w->said, "(file)\r\n");
	buf_add(&w->said, port->out_tail.text, port->out_tail.len);
	buf_reset(&port->out);
	buf_reset(&port->out_tail);
	port->file_left = 0;
	smtp_client_drained(&w->c);
}

static void
check_fates(const struct world *w)
{
	bool ended = strstr(buf_str(&w->said), "\r\n.\r\n") != NULL;

	if (!w->mail.over)
		log_panic("the mail is not over");
	for (size_t i = 0; i < w->mail.n_rcpts; i++) {
		const struct smtp_rcpt *r = &w->rcpts[i];

		if (r->fate.outcome == OUTCOME_NONE)
			log_panic("a recipient without a fate");
		if (r->fate.outcome == OUTCOME_SENT && (!ended || !r->accepted))
			log_panic("sent, and nothing went out");
		if (!dsn_is_status(r->fate.status))
			log_panic("no status: %s", r->fate.status);
		if ((r->fate.outcome == OUTCOME_BOUNCE) !=
		    (r->fate.status[0] == '5'))
			log_panic("status %s", r->fate.status);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct world w = { 0 };

	if (n < 2)
		return 0;
	size_t step = bytes[0] != 0 ? bytes[0] : n;
	begin(&w, bytes[1]);
	for (size_t at = 2; at < n && w.c.state != SMTP_CLOSED; at += step) {
		smtp_client_input(&w.c, (const char *)bytes + at,
		    MIN(step, n - at));
		play_auth(&w);
		take(&w);
		if (w.c.state != SMTP_IDLE)
			continue;
		check_fates(&w);
		buf_reset(&w.said);
		begin(&w, bytes[1]);
		take(&w);
	}
	if (bytes[1] & 4)
		smtp_client_timeout(&w.c);
	else
		smtp_client_lost(&w.c);
	if (w.c.state != SMTP_CLOSED)
		log_panic("still open");
	check_fates(&w);
	sasl_client_destroy(&w.login);
	smtp_client_free(&w.c);
	arena_free(&w.arena);
	buf_free(&w.said);
	return 0;
}
