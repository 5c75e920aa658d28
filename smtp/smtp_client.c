/*
 * One table of stages and two cursors: `saying` is what we say next, `hearing`
 * what the next reply belongs to.  With PIPELINING (RFC 2920) saying runs ahead
 * across rows without hear_first.  Each say appends one command and returns
 * what to say next; each hear takes c->reply and returns what to hear next.
 *
 * A transaction that did not come to the end of data is reset; one that did
 * needs no RSET (RFC 5321 4.1.1.4).  A probe is reset after its RCPT.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_client.h"

#include <string.h>

#include "addr.h"
#include "msg.h"
#include "param.h"
#include "smtp_auth.h"
#include "smtp_fate.h"
#include "smtp_hello.h"
#include "str.h"

static say_fn say_mail, say_rcpt, say_data, say_rset, say_etrn;
static hear_fn hear_mail, hear_rcpt, hear_data, hear_body, hear_rset, hear_etrn;

struct stage {
	say_fn *say;
	hear_fn *hear;
	bool hear_first; /* say nothing more until this is answered */
	const int64_t *timeout;
};

#define LIMIT(name) &params.smtp_##name##_timeout

/* clang-format off */
static const struct stage stages[SMTP_STAGES] = {
	/*                  say            hear                first  limit */
	[SMTP_GREETING] = { NULL,          smtp_hear_greeting, true,  LIMIT(helo) },
	[SMTP_EHLO]     = { smtp_say_ehlo, smtp_hear_ehlo,     true,  LIMIT(helo) },
	[SMTP_HELO]     = { smtp_say_helo, smtp_hear_helo,     true,  LIMIT(helo) },
	[SMTP_STARTTLS] = { smtp_say_starttls, smtp_hear_starttls, true,
	    LIMIT(starttls) },
	[SMTP_AUTH]     = { NULL,          smtp_auth_hear,     true,  LIMIT(helo) },
	[SMTP_READY]    = { NULL,          NULL,               true,  NULL },
	[SMTP_MAIL]     = { say_mail,      hear_mail,          false, LIMIT(mail) },
	[SMTP_RCPT]     = { say_rcpt,      hear_rcpt,          false, LIMIT(rcpt) },
	[SMTP_DATA]     = { say_data,      hear_data,          true,  LIMIT(data_init) },
	[SMTP_BODY]     = { NULL,          hear_body,          true,  LIMIT(data_done) },
	[SMTP_RSET]     = { say_rset,      hear_rset,          true,  LIMIT(rset) },
	[SMTP_ETRN]     = { say_etrn,      hear_etrn,          true,  LIMIT(mail) },
};
/* clang-format on */

/* ---- the end of a mail ---- */

static void
mail_over(struct smtp_client *c)
{
	if (c->mail == NULL)
		return;
	c->mail->over = true;
	c->mail = NULL;
	c->reused = true;
	smtp_content_free(&c->content);
}

/* Nothing more is said but what is in out. */
void
smtp_say_no_more(struct smtp_client *c)
{
	mail_over(c);
	c->state = SMTP_CLOSED;
	c->port.closing = true;
	c->port.deadline = c->now + params.smtp_quit_timeout;
}

void
smtp_trace_said(struct smtp_client *c, size_t from)
{
	const struct buf *out = &c->port.out;

	if (out->len > from)
		trace_said(c->trace,
		    (struct slice){ out->text + from, out->len - from });
}

void
smtp_say_quit(struct smtp_client *c)
{
	size_t from = c->port.out.len;

	buf_adds(&c->port.out, "QUIT\r\n");
	smtp_trace_said(c, from);
	smtp_say_no_more(c);
}

/* The connection is of no use any more, and the mail may be tried elsewhere. */
static void
give_up(struct smtp_client *c, const char *status, const char *text)
{
	if (c->mail != NULL && c->reused && !c->answered)
		c->mail->stale = true;
	smtp_fate_rest(c, OUTCOME_DEFER, status, text);
	c->port.file_left = 0;
	buf_reset(&c->port.out);
	buf_reset(&c->port.out_tail);
	smtp_say_no_more(c);
}

static const char *
doing(const struct smtp_client *c)
{
	if (c->hearing == SMTP_BODY && !c->content.over)
		return "sending message body";
	return smtp_stage_doing(c->hearing);
}

/* ---- one mail ---- */

/* Where the mail goes from here, if there is one. */
enum smtp_stage
smtp_begin_mail(struct smtp_client *c)
{
	c->hearing = c->saying = SMTP_READY;
	if (c->mail != NULL &&
	    !smtp_mail_check(c->mail, &c->offer, c->setup.host, &c->content))
		mail_over(c);
	if (c->mail == NULL) {
		c->state = SMTP_IDLE;
		return SMTP_READY;
	}
	c->state = SMTP_BUSY;
	c->mail->began = c->now;
	c->answered = false;
	c->accepted = 0;
	c->say_rcpt = c->hear_rcpt = smtp_mail_next(c->mail, 0);
	return c->saying = c->mail->etrn ? SMTP_ETRN : SMTP_MAIL;
}

/* The transaction is begun and goes no further. */
static enum smtp_stage
reset(struct smtp_client *c)
{
	mail_over(c);
	return c->saying = SMTP_RSET;
}

static enum smtp_stage
ready(struct smtp_client *c)
{
	mail_over(c);
	if (c->reply.code != 421)
		return smtp_begin_mail(c);
	smtp_say_no_more(c);
	return SMTP_READY;
}

/* ---- the dialogue, in its order ---- */

static enum smtp_stage
say_mail(struct smtp_client *c)
{
	struct buf *out = &c->port.out;

	buf_adds(out, "MAIL FROM:<");
	addr_put_internal(out, smtp_mail_from(c->mail));
	buf_addc(out, '>');
	if ((c->offer.extensions & SMTP_EXT_SIZE) != 0 && !c->mail->probe)
		buf_addf(out, " SIZE=%llu", (unsigned long long)c->mail->size);
	if ((c->offer.extensions & SMTP_EXT_8BITMIME) != 0 &&
	    (c->mail->source.flags & (MAIL_8BIT | MAIL_BODY_8BIT)) != 0)
		buf_adds(out, " BODY=8BITMIME");
	if ((c->offer.extensions & SMTP_EXT_REQUIRETLS) != 0 && c->secured &&
	    (c->mail->source.flags & MAIL_REQUIRETLS) != 0)
		buf_adds(out, " REQUIRETLS");
	buf_adds(out, "\r\n");
	return SMTP_RCPT;
}

/* A 421 to the first command on a connection that lay idle is the server's
 * farewell, not its answer to this mail. */
static enum smtp_stage
hear_mail(struct smtp_client *c)
{
	if (c->reply.code == 421 && c->reused) {
		c->answered = false;
		give_up(c, "4.4.2", smtp_fate_said(c));
		return SMTP_READY;
	}
	if (c->reply.code / 100 == 2)
		return SMTP_RCPT;
	smtp_fate_refuse_rest(c);
	return c->pending == 0 ? reset(c) : SMTP_RCPT;
}

static enum smtp_stage
say_rcpt(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;

	buf_adds(&c->port.out, "RCPT TO:<");
	addr_put_internal(&c->port.out, smtp_mail_to(&m->rcpts[c->say_rcpt]));
	buf_adds(&c->port.out, ">\r\n");
	c->say_rcpt = smtp_mail_next(m, c->say_rcpt + 1);
	if (c->say_rcpt < m->n_rcpts)
		return SMTP_RCPT;
	return m->probe ? SMTP_READY : SMTP_DATA;
}

static enum smtp_stage
hear_rcpt(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;
	struct smtp_rcpt *r = &m->rcpts[c->hear_rcpt];

	if (m->probe) {
		smtp_fate_probe(c, r);
	} else if (c->reply.code / 100 != 2) {
		smtp_fate_refuse(c, r);
	} else if (r->fate.outcome == OUTCOME_NONE) {
		r->accepted = true;
		c->accepted++;
	}
	c->hear_rcpt = smtp_mail_next(m, c->hear_rcpt + 1);
	if (c->hear_rcpt < m->n_rcpts)
		return SMTP_RCPT;
	if (m->probe || (c->accepted == 0 && c->pending == 0))
		return reset(c);
	return SMTP_DATA;
}

static enum smtp_stage
say_data(struct smtp_client *c)
{
	buf_adds(&c->port.out, "DATA\r\n");
	return SMTP_READY;
}

/* Where the file fails the end of data must not be said: half a message would
 * be taken for a whole one. */
static void
send_piece(struct smtp_client *c)
{
	if (smtp_content_next(&c->content, &c->port)) {
		if (c->content.over)
			trace_content(c->trace, c->mail->size);
		return;
	}
	give_up(c, "4.3.0",
	    arena_printf(c->mail->arena, "local data error while talking to %s",
		c->setup.host));
}

static enum smtp_stage
hear_data(struct smtp_client *c)
{
	if (c->reply.code != 354) {
		smtp_fate_refuse_rest(c);
		return reset(c);
	}
	c->pending++;
	c->hearing = SMTP_BODY;
	smtp_content_start(&c->content, &c->mail->source);
	if (c->accepted > 0) {
		send_piece(c);
	} else { /* DATA was said before nobody was accepted (RFC 2920 3.1) */
		buf_adds(&c->port.out, ".\r\n");
		trace_content(c->trace, 0);
		c->content.over = true;
	}
	return SMTP_BODY;
}

/* All of it has left us; until then the file is in use. */
static bool
content_sent(const struct smtp_client *c)
{
	return c->content.over && c->port.out.len == 0 &&
	    c->port.file_left == 0 && c->port.out_tail.len == 0;
}

static enum smtp_stage
hear_body(struct smtp_client *c)
{
	bool whole = content_sent(c);

	if (c->reply.code / 100 == 2 && whole)
		smtp_fate_accept_rest(c);
	else
		smtp_fate_refuse_rest(c);
	if (whole)
		return ready(c);
	/* The rest of the content is not read. */
	give_up(c, "4.5.0", smtp_fate_said(c));
	return SMTP_READY;
}

static enum smtp_stage
say_rset(struct smtp_client *c)
{
	buf_adds(&c->port.out, "RSET\r\n");
	return SMTP_READY;
}

static enum smtp_stage
hear_rset(struct smtp_client *c)
{
	if (c->reply.code / 100 == 2)
		return smtp_begin_mail(c);
	if (c->reply.code == 421)
		smtp_say_no_more(c);
	else
		smtp_say_quit(c);
	return SMTP_READY;
}

static enum smtp_stage
say_etrn(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;

	buf_addf(&c->port.out, "ETRN %s\r\n", m->rcpts[c->say_rcpt].address);
	c->say_rcpt = smtp_mail_next(m, c->say_rcpt + 1);
	return c->say_rcpt < m->n_rcpts ? SMTP_ETRN : SMTP_READY;
}

static enum smtp_stage
hear_etrn(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;

	smtp_fate_etrn(c, &m->rcpts[c->hear_rcpt]);
	c->hear_rcpt = smtp_mail_next(m, c->hear_rcpt + 1);
	if (c->hear_rcpt < m->n_rcpts && c->reply.code != 421)
		return SMTP_ETRN;
	smtp_fate_refuse_rest(c);
	return ready(c);
}

/* ---- saying and hearing ---- */

static void
set_deadline(struct smtp_client *c)
{
	const int64_t *timeout = stages[c->hearing].timeout;

	if (c->state == SMTP_CLOSED)
		return;
	if (c->hearing == SMTP_BODY && !c->content.over)
		timeout = &params.smtp_data_xfer_timeout;
	c->port.deadline = timeout != NULL ? c->now + *timeout : 0;
}

static bool
may_say(const struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED || stages[c->saying].say == NULL)
		return false;
	return c->pending == 0 ||
	    ((c->offer.extensions & SMTP_EXT_PIPELINING) != 0 &&
		!c->last_waits);
}

static void
advance(struct smtp_client *c)
{
	while (may_say(c)) {
		const struct stage *stage = &stages[c->saying];
		size_t from = c->port.out.len;

		c->last_waits = stage->hear_first;
		c->saying = stage->say(c);
		smtp_trace_said(c, from);
		c->pending++;
	}
	set_deadline(c);
}

/* "250-" stands in front of all lines of a reply but the last. */
static void
trace_reply(const struct smtp_client *c)
{
	struct slice rest = { buf_str(&c->reply.lines), c->reply.lines.len };
	struct slice text;

	while (c->trace != NULL && slice_next_part(&rest, '\n', &text)) {
		CLEAN_BUF struct buf line = { 0 };

		buf_addf(&line, "%d%c", c->reply.code,
		    rest.len > 0 ? '-' : ' ');
		buf_add(&line, text.at, text.len);
		trace_heard(c->trace, (struct slice){ line.text, line.len });
	}
}

static void
hear(struct smtp_client *c)
{
	trace_reply(c);
	if (c->pending == 0) { /* mostly 421: it is going away */
		if (c->mail != NULL)
			give_up(c, "4.4.2", smtp_fate_said(c));
		else
			smtp_say_no_more(c);
		return;
	}
	c->pending--;
	c->answered = true;
	c->hearing = stages[c->hearing].hear(c);
	smtp_reply_reset(&c->reply);
	advance(c);
}

static void
hear_garbage(struct smtp_client *c)
{
	if (c->mail == NULL) {
		smtp_say_no_more(c);
		return;
	}
	c->answered = true;
	give_up(c, "4.5.0",
	    arena_printf(c->mail->arena,
		"host %s sent no SMTP reply: %s (in reply to %s)",
		c->setup.host, buf_str(&c->reply.text),
		smtp_stage_command(c->hearing)));
}

/* ---- the interface ---- */

void
smtp_client_start(struct smtp_client *c, const struct smtp_setup *setup)
{
	c->setup = *setup;
	c->saying = c->hearing = setup->wrapped ? SMTP_STARTTLS : SMTP_GREETING;
	c->pending = !setup->wrapped;
	c->port.tls = setup->wrapped;
	if (setup->wrapped)
		c->saying = SMTP_READY;
	set_deadline(c);
}

void
smtp_client_send(struct smtp_client *c, struct smtp_mail *mail)
{
	c->mail = mail;
	smtp_mail_begin(mail);
	if (c->state != SMTP_IDLE)
		return;
	c->hearing = smtp_begin_mail(c);
	advance(c);
}

void
smtp_client_quit(struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED)
		return;
	if (c->greeted && c->pending == 0)
		smtp_say_quit(c);
	else
		smtp_say_no_more(c);
}

void
smtp_client_input(struct smtp_client *c, const char *bytes, size_t n)
{
	while (n > 0 && c->state != SMTP_CLOSED) {
		size_t taken;
		enum match m = smtp_reply_take(&c->reply, bytes, n, &taken);

		bytes += taken;
		n -= taken;
		if (m == MATCH_YES)
			hear(c);
		else if (m == MATCH_BAD)
			hear_garbage(c);
		/* What stands behind was not said by whom TLS will prove. */
		if (c->port.tls && n > 0 && c->state != SMTP_CLOSED)
			smtp_client_fail(c, "4.7.5",
			    "Cannot start TLS: words behind the reply to "
			    "STARTTLS");
	}
}

bool
smtp_client_is_shaking(const struct smtp_client *c)
{
	return c->state == SMTP_BUSY && c->hearing == SMTP_STARTTLS &&
	    c->pending == 0;
}

void
smtp_client_secured(struct smtp_client *c)
{
	c->secured = true;
	c->greeted = false;
	c->offer = (struct smtp_offer){ 0 };
	c->hearing = c->saying = c->setup.wrapped ? SMTP_GREETING : SMTP_EHLO;
	c->pending = c->setup.wrapped;
	advance(c);
}

void
smtp_client_fail(struct smtp_client *c, const char *status, const char *text)
{
	c->port.tls = false;
	smtp_fate_tls(c, status, text);
	give_up(c, status, text);
}

void
smtp_client_login(struct smtp_client *c, const struct msg_login_say *said)
{
	if (c->state == SMTP_CLOSED || c->hearing != SMTP_AUTH)
		return;
	c->hearing = smtp_auth_told(c, said);
	advance(c);
}

void
smtp_client_drained(struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED || c->hearing != SMTP_BODY ||
	    c->content.over)
		return;
	send_piece(c);
	set_deadline(c);
}

/* The connection is over without a word of the host. */
static void
broke(struct smtp_client *c, const char *what, const char *when)
{
	if (c->state == SMTP_CLOSED)
		return;
	if (c->mail == NULL)
		smtp_say_no_more(c);
	else
		give_up(c, "4.4.2",
		    arena_printf(c->mail->arena, "%s %s %s %s", what,
			c->setup.host, when, doing(c)));
}

void
smtp_client_timeout(struct smtp_client *c)
{
	broke(c, "conversation with", "timed out while");
}

void
smtp_client_lost(struct smtp_client *c)
{
	broke(c, "lost connection with", "while");
}

void
smtp_client_free(struct smtp_client *c)
{
	buf_free(&c->port.out);
	buf_free(&c->port.out_tail);
	smtp_reply_free(&c->reply);
	smtp_content_free(&c->content);
	smtp_auth_free(&c->auth);
	trace_stop(&c->trace);
	*c = (struct smtp_client){ 0 };
}
