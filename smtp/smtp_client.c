/*
 * One table of stages and two cursors: `saying` is what we say next, `hearing`
 * what the next reply belongs to.  With PIPELINING (RFC 2920) saying runs ahead
 * across rows without hear_first.  Each say appends one command and returns what
 * to say next; each hear takes c->reply and returns what to hear next.
 *
 * A transaction that did not come to the end of data is reset; one that did
 * needs no RSET (RFC 5321 4.1.1.4).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_client.h"

#include <string.h>

#include "addr.h"
#include "msg.h"
#include "num.h"
#include "param.h"
#include "str.h"

typedef enum smtp_stage say_fn(struct smtp_client *c);
typedef enum smtp_stage hear_fn(struct smtp_client *c);

static say_fn say_ehlo, say_helo, say_mail, say_rcpt, say_data, say_rset;
static hear_fn hear_greeting, hear_ehlo, hear_helo, hear_mail, hear_rcpt,
    hear_data, hear_body, hear_rset;

struct stage {
	const char *command; /* "in reply to" it */
	const char *doing;   /* "lost connection while" */
	say_fn *say;
	hear_fn *hear;
	bool hear_first; /* say nothing more until this is answered */
	const int64_t *timeout;
};

/* clang-format off */
static const struct stage stages[SMTP_STAGES] = {
	[SMTP_GREETING] = { "greeting",
	    "receiving the initial server greeting",
	    NULL, hear_greeting, true, &params.smtp_helo_timeout },
	[SMTP_EHLO] = { "EHLO command",
	    "performing the EHLO handshake",
	    say_ehlo, hear_ehlo, true, &params.smtp_helo_timeout },
	[SMTP_HELO] = { "HELO command",
	    "performing the HELO handshake",
	    say_helo, hear_helo, true, &params.smtp_helo_timeout },
	[SMTP_READY] = { "nothing",
	    "waiting for a message",
	    NULL, NULL, true, NULL },
	[SMTP_MAIL] = { "MAIL FROM command",
	    "sending MAIL FROM",
	    say_mail, hear_mail, false, &params.smtp_mail_timeout },
	[SMTP_RCPT] = { "RCPT TO command",
	    "sending RCPT TO",
	    say_rcpt, hear_rcpt, false, &params.smtp_rcpt_timeout },
	[SMTP_DATA] = { "DATA command",
	    "sending DATA command",
	    say_data, hear_data, true, &params.smtp_data_init_timeout },
	[SMTP_BODY] = { "end of DATA command",
	    "sending end of data -- message may be sent more than once",
	    NULL, hear_body, true, &params.smtp_data_done_timeout },
	[SMTP_RSET] = { "RSET command",
	    "sending RSET",
	    say_rset, hear_rset, true, &params.smtp_rset_timeout },
};

static const struct {
	const char *keyword;
	uint32_t bit;
} extensions[] = {
	{ "SIZE",       SMTP_EXT_SIZE       },
	{ "PIPELINING", SMTP_EXT_PIPELINING },
	{ "8BITMIME",   SMTP_EXT_8BITMIME   },
};
/* clang-format on */

/* ---- fates ---- */

static void
decide(struct smtp_client *c, struct smtp_rcpt *r, enum outcome outcome,
    const char *status, const char *text)
{
	bool talked = c->hearing >= SMTP_READY;

	if (!r->tried || r->fate.outcome != OUTCOME_NONE)
		return;
	r->fate = (struct dsn){
		.outcome = outcome,
		.fault = outcome != OUTCOME_DEFER ? FAULT_NONE
		    : talked                      ? FAULT_MESSAGE
						  : FAULT_DESTINATION,
		.text = arena_strdup(c->mail->arena, text),
	};
	(void)snprintf(r->fate.status, DSN_STATUS_MAX, "%s", status);
}

/* All that have no fate yet. */
static void
decide_rest(struct smtp_client *c, enum outcome outcome, const char *status,
    const char *text)
{
	if (c->mail == NULL)
		return;
	for (size_t i = 0; i < c->mail->n_rcpts; i++)
		decide(c, &c->mail->rcpts[i], outcome, status, text);
}

static const char *
said(struct smtp_client *c)
{
	return arena_printf(c->mail->arena, "host %s said: %s (in reply to %s)",
	    c->setup.host, buf_str(&c->reply.text), stages[c->hearing].command);
}

/* The status of a deferral must not say "never", nor that of a bounce
 * "later". */
static void
status_for(enum outcome outcome, const char from[DSN_STATUS_MAX],
    char to[DSN_STATUS_MAX])
{
	memcpy(to, from, DSN_STATUS_MAX);
	to[0] = outcome == OUTCOME_DEFER ? '4' : '5';
}

static enum outcome
outcome_of_refusal(int code)
{
	enum outcome outcome = dsn_outcome_of_code(code);

	return outcome == OUTCOME_SENT ? OUTCOME_DEFER : outcome;
}

/* The reply refuses the mail for all recipients that are left. */
static void
refuse_rest(struct smtp_client *c)
{
	enum outcome outcome = outcome_of_refusal(c->reply.code);
	char status[DSN_STATUS_MAX];

	status_for(outcome, c->reply.status, status);
	decide_rest(c, outcome, status, said(c));
}

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
static void
close_now(struct smtp_client *c)
{
	mail_over(c);
	c->state = SMTP_CLOSED;
	c->port.closing = true;
	c->port.deadline = c->now + params.smtp_quit_timeout;
}

static void
quit(struct smtp_client *c)
{
	buf_adds(&c->port.out, "QUIT\r\n");
	close_now(c);
}

/* The connection is of no use any more, and the mail may be tried elsewhere. */
static void
give_up(struct smtp_client *c, const char *status, const char *text)
{
	if (c->mail != NULL && c->reused && !c->answered)
		c->mail->stale = true;
	decide_rest(c, OUTCOME_DEFER, status, text);
	c->port.file_left = 0;
	buf_reset(&c->port.out);
	buf_reset(&c->port.out_tail);
	close_now(c);
}

static const char *
doing(const struct smtp_client *c)
{
	if (c->hearing == SMTP_BODY && !c->content.over)
		return "sending message body";
	return stages[c->hearing].doing;
}

/* ---- one mail ---- */

static bool
any_left(const struct smtp_mail *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++)
		if (m->rcpts[i].tried &&
		    m->rcpts[i].fate.outcome == OUTCOME_NONE)
			return true;
	return false;
}

/* The next recipient from i on that this attempt is about. */
static size_t
next_rcpt(const struct smtp_mail *m, size_t i)
{
	while (i < m->n_rcpts && !m->rcpts[i].tried)
		i++;
	return i;
}

static void
check_size(struct smtp_client *c)
{
	if (c->size_limit == 0 || c->mail->size <= c->size_limit)
		return;
	decide_rest(c, OUTCOME_BOUNCE, "5.3.4",
	    arena_printf(c->mail->arena,
		"message size %llu exceeds size limit %llu of server %s",
		(unsigned long long)c->mail->size,
		(unsigned long long)c->size_limit, c->setup.host));
}

static void
check_8bit(struct smtp_client *c)
{
	const char *why;
	bool broken;

	if ((c->mail->source.flags & MAIL_8BIT) == 0 ||
	    (c->extensions & SMTP_EXT_8BITMIME) != 0 ||
	    params.disable_mime_output_conversion)
		return;
	if (smtp_content_can_convert(&c->content, &c->mail->source, &why,
		&broken))
		return;
	decide_rest(c, broken ? OUTCOME_DEFER : OUTCOME_BOUNCE,
	    broken ? "4.3.0" : "5.6.3",
	    arena_printf(c->mail->arena,
		"host %s does not take 8-bit content, and the message cannot "
		"be converted: %s",
		c->setup.host, why));
}

/* A recipient whose address has no form without SMTPUTF8 (RFC 6531 3.2) is not
 * tried; nor is anybody where the sender has none. */
static void
check_addresses(struct smtp_client *c)
{
	const char *sender = c->mail->sender;
	const char *text = arena_printf(c->mail->arena,
	    "SMTPUTF8 is required, but was not offered by host %s",
	    c->setup.host);

	if (!str_is_ascii(sender, strlen(sender)))
		decide_rest(c, OUTCOME_BOUNCE, "5.6.7", text);
	for (size_t i = 0; i < c->mail->n_rcpts; i++) {
		struct smtp_rcpt *r = &c->mail->rcpts[i];

		if (str_is_ascii(r->address, strlen(r->address)))
			continue;
		decide(c, r, OUTCOME_BOUNCE, "5.6.7", text);
		r->tried = false;
	}
}

/* Where the mail goes from here, if there is one. */
static enum smtp_stage
begin_mail(struct smtp_client *c)
{
	c->hearing = c->saying = SMTP_READY;
	if (c->mail != NULL) {
		check_size(c);
		check_8bit(c);
		check_addresses(c);
		if (!any_left(c->mail))
			mail_over(c);
	}
	if (c->mail == NULL) {
		c->state = SMTP_IDLE;
		return SMTP_READY;
	}
	c->state = SMTP_BUSY;
	c->mail->began = c->now;
	c->answered = false;
	c->accepted = 0;
	c->say_rcpt = c->hear_rcpt = next_rcpt(c->mail, 0);
	return c->saying = SMTP_MAIL;
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
		return begin_mail(c);
	close_now(c);
	return SMTP_READY;
}

/* ---- the dialogue, in its order ---- */

/* The host does not want to talk.  A greeting of 5xx is mostly one host's
 * trouble with us at this moment. */
static enum smtp_stage
refused(struct smtp_client *c)
{
	enum outcome outcome = outcome_of_refusal(c->reply.code);
	char status[DSN_STATUS_MAX];

	if (c->hearing == SMTP_GREETING && params.smtp_skip_5xx_greeting)
		outcome = OUTCOME_DEFER;
	status_for(outcome, c->reply.status, status);
	if (c->mail != NULL)
		decide_rest(c, outcome, status,
		    arena_printf(c->mail->arena,
			"host %s refused to talk to me: %s", c->setup.host,
			buf_str(&c->reply.text)));
	quit(c);
	return SMTP_READY;
}

static enum smtp_stage
hear_greeting(struct smtp_client *c)
{
	if (c->reply.code / 100 != 2)
		return refused(c);
	return c->saying = SMTP_EHLO;
}

static enum smtp_stage
say_ehlo(struct smtp_client *c)
{
	buf_addf(&c->port.out, "EHLO %s\r\n", c->setup.helo);
	return SMTP_READY;
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) (RFC 5321 4.1.1.1) */
static void
hear_extension(struct smtp_client *c, struct slice line)
{
	struct slice keyword, rest = line;
	int64_t limit;

	if (!slice_next_part(&rest, ' ', &keyword))
		return;
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (slice_eq_nocase(keyword, extensions[i].keyword))
			c->extensions |= extensions[i].bit;
	rest = slice_trim(rest);
	if (slice_eq_nocase(keyword, "SIZE") &&
	    num_parse_len(rest.at, rest.len, 1, INT64_MAX, &limit))
		c->size_limit = (uint64_t)limit;
}

/* The first line names the host: one with our name is ourselves. */
static bool
is_myself(const struct smtp_client *c, struct slice line)
{
	struct slice name;

	return c->setup.other_self != NULL &&
	    slice_next_part(&line, ' ', &name) &&
	    slice_eq_nocase(name, c->setup.other_self);
}

static enum smtp_stage
loops(struct smtp_client *c)
{
	if (c->mail != NULL)
		decide_rest(c, OUTCOME_BOUNCE, "5.4.6",
		    arena_printf(c->mail->arena,
			"mail for %s loops back to myself", c->setup.nexthop));
	quit(c);
	return SMTP_READY;
}

static enum smtp_stage
greeted(struct smtp_client *c)
{
	struct slice lines = { buf_str(&c->reply.lines), c->reply.lines.len };
	struct slice line;

	if (slice_next_part(&lines, '\n', &line) && is_myself(c, line))
		return loops(c);
	while (c->hearing == SMTP_EHLO && slice_next_part(&lines, '\n', &line))
		hear_extension(c, slice_trim(line));
	c->greeted = true;
	return begin_mail(c);
}

static enum smtp_stage
hear_ehlo(struct smtp_client *c)
{
	if (c->reply.code == 421)
		return refused(c);
	if (c->reply.code / 100 != 2) /* RFC 5321 3.2 */
		return c->saying = SMTP_HELO;
	return greeted(c);
}

static enum smtp_stage
say_helo(struct smtp_client *c)
{
	buf_addf(&c->port.out, "HELO %s\r\n", c->setup.helo);
	return SMTP_READY;
}

static enum smtp_stage
hear_helo(struct smtp_client *c)
{
	return c->reply.code / 100 == 2 ? greeted(c) : refused(c);
}

static enum smtp_stage
say_mail(struct smtp_client *c)
{
	struct buf *out = &c->port.out;

	buf_adds(out, "MAIL FROM:<");
	addr_put_internal(out, c->mail->sender);
	buf_addc(out, '>');
	if (c->extensions & SMTP_EXT_SIZE)
		buf_addf(out, " SIZE=%llu", (unsigned long long)c->mail->size);
	if ((c->extensions & SMTP_EXT_8BITMIME) != 0 &&
	    (c->mail->source.flags & (MAIL_8BIT | MAIL_BODY_8BIT)) != 0)
		buf_adds(out, " BODY=8BITMIME");
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
		give_up(c, "4.4.2", said(c));
		return SMTP_READY;
	}
	if (c->reply.code / 100 == 2)
		return SMTP_RCPT;
	refuse_rest(c);
	return c->pending == 0 ? reset(c) : SMTP_RCPT;
}

static enum smtp_stage
say_rcpt(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;

	buf_adds(&c->port.out, "RCPT TO:<");
	addr_put_internal(&c->port.out, m->rcpts[c->say_rcpt].address);
	buf_adds(&c->port.out, ">\r\n");
	c->say_rcpt = next_rcpt(m, c->say_rcpt + 1);
	return c->say_rcpt < m->n_rcpts ? SMTP_RCPT : SMTP_DATA;
}

/* 552 means "too many recipients" here (RFC 5321 4.5.3.1.10). */
static void
refuse_rcpt(struct smtp_client *c, struct smtp_rcpt *r)
{
	int code = c->reply.code == 552 ? 452 : c->reply.code;
	enum outcome outcome = outcome_of_refusal(code);
	char status[DSN_STATUS_MAX];

	status_for(outcome, c->reply.status, status);
	decide(c, r, outcome, status, said(c));
}

static enum smtp_stage
hear_rcpt(struct smtp_client *c)
{
	struct smtp_mail *m = c->mail;
	struct smtp_rcpt *r = &m->rcpts[c->hear_rcpt];

	if (c->reply.code / 100 != 2) {
		refuse_rcpt(c, r);
	} else if (r->fate.outcome == OUTCOME_NONE) {
		r->accepted = true;
		c->accepted++;
	}
	c->hear_rcpt = next_rcpt(m, c->hear_rcpt + 1);
	if (c->hear_rcpt < m->n_rcpts)
		return SMTP_RCPT;
	return c->accepted == 0 && c->pending == 0 ? reset(c) : SMTP_DATA;
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
	if (smtp_content_next(&c->content, &c->port))
		return;
	give_up(c, "4.3.0",
	    arena_printf(c->mail->arena, "local data error while talking to %s",
		c->setup.host));
}

static enum smtp_stage
hear_data(struct smtp_client *c)
{
	if (c->reply.code != 354) {
		refuse_rest(c);
		return reset(c);
	}
	c->pending++;
	c->hearing = SMTP_BODY;
	smtp_content_start(&c->content, &c->mail->source);
	if (c->accepted > 0) {
		send_piece(c);
	} else { /* DATA was said before nobody was accepted (RFC 2920 3.1) */
		buf_adds(&c->port.out, ".\r\n");
		c->content.over = true;
	}
	return SMTP_BODY;
}

static void
accept_rest(struct smtp_client *c)
{
	if (c->accepted > 0)
		decide_rest(c, OUTCOME_SENT, c->reply.status,
		    buf_str(&c->reply.text));
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
		accept_rest(c);
	else
		refuse_rest(c);
	if (whole)
		return ready(c);
	give_up(c, "4.5.0", said(c)); /* the rest of the content is not read */
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
		return begin_mail(c);
	if (c->reply.code == 421)
		close_now(c);
	else
		quit(c);
	return SMTP_READY;
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
	    ((c->extensions & SMTP_EXT_PIPELINING) != 0 && !c->last_waits);
}

static void
advance(struct smtp_client *c)
{
	while (may_say(c)) {
		const struct stage *stage = &stages[c->saying];

		c->last_waits = stage->hear_first;
		c->saying = stage->say(c);
		c->pending++;
	}
	set_deadline(c);
}

static void
hear(struct smtp_client *c)
{
	if (c->pending == 0) { /* mostly 421: it is going away */
		close_now(c);
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
		close_now(c);
		return;
	}
	c->answered = true;
	give_up(c, "4.5.0",
	    arena_printf(c->mail->arena,
		"host %s sent no SMTP reply: %s (in reply to %s)",
		c->setup.host, buf_str(&c->reply.text),
		stages[c->hearing].command));
}

/* ---- the interface ---- */

void
smtp_client_start(struct smtp_client *c, const struct smtp_setup *setup)
{
	c->setup = *setup;
	c->saying = c->hearing = SMTP_GREETING;
	c->pending = 1;
	set_deadline(c);
}

void
smtp_client_send(struct smtp_client *c, struct smtp_mail *mail)
{
	c->mail = mail;
	mail->over = mail->stale = false;
	mail->began = 0;
	for (size_t i = 0; i < mail->n_rcpts; i++) {
		struct smtp_rcpt *r = &mail->rcpts[i];

		r->accepted = false;
		r->tried = r->fate.outcome == OUTCOME_NONE;
	}
	if (c->state != SMTP_IDLE)
		return;
	c->hearing = begin_mail(c);
	advance(c);
}

void
smtp_client_quit(struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED)
		return;
	if (c->greeted && c->pending == 0)
		quit(c);
	else
		close_now(c);
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
	}
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

void
smtp_client_timeout(struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED)
		return;
	if (c->mail == NULL)
		close_now(c);
	else
		give_up(c, "4.4.2",
		    arena_printf(c->mail->arena,
			"conversation with %s timed out while %s",
			c->setup.host, doing(c)));
}

void
smtp_client_lost(struct smtp_client *c)
{
	if (c->state == SMTP_CLOSED)
		return;
	if (c->mail == NULL)
		close_now(c);
	else
		give_up(c, "4.4.2",
		    arena_printf(c->mail->arena,
			"lost connection with %s while %s", c->setup.host,
			doing(c)));
}

void
smtp_client_free(struct smtp_client *c)
{
	buf_free(&c->port.out);
	buf_free(&c->port.out_tail);
	smtp_reply_free(&c->reply);
	smtp_content_free(&c->content);
	*c = (struct smtp_client){ 0 };
}
