/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_hello.h"

#include "param.h"
#include "smtp_auth.h"
#include "smtp_fate.h"
#include "str.h"

/* The host does not want to talk.  A greeting of 5xx is mostly one host's
 * trouble with us at this moment. */
static enum smtp_stage
refused(struct smtp_client *c)
{
	bool skip = c->hearing == SMTP_GREETING &&
	    params.smtp_skip_5xx_greeting;
	char status[DSN_STATUS_MAX];
	enum outcome outcome = smtp_fate_refusal(c, skip ? 421 : c->reply.code,
	    status);

	if (c->mail != NULL)
		smtp_fate_rest(c, outcome, status,
		    arena_printf(c->mail->arena,
			"host %s refused to talk to me: %s", c->setup.host,
			buf_str(&c->reply.text)));
	smtp_say_quit(c);
	return SMTP_READY;
}

enum smtp_stage
smtp_hear_greeting(struct smtp_client *c)
{
	if (c->reply.code / 100 != 2)
		return refused(c);
	return c->saying = SMTP_EHLO;
}

enum smtp_stage
smtp_say_ehlo(struct smtp_client *c)
{
	buf_addf(&c->port.out, "EHLO %s\r\n", c->setup.helo);
	return SMTP_READY;
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
		smtp_mail_decide_rest(c->mail, OUTCOME_BOUNCE, FAULT_NONE,
		    "5.4.6",
		    arena_printf(c->mail->arena,
			"mail for %s loops back to myself", c->setup.nexthop));
	smtp_say_quit(c);
	return SMTP_READY;
}

/* The host does not do what the policy asks for. */
static enum smtp_stage
no_tls(struct smtp_client *c, const char *what, const char *reply)
{
	if (c->mail != NULL)
		smtp_fate_tls(c, "4.7.4",
		    arena_printf(c->mail->arena,
			"TLS is required%s, but %s %s%s",
			c->setup.tls_by != NULL ? c->setup.tls_by : "", what,
			c->setup.host, reply));
	smtp_say_quit(c);
	return SMTP_READY;
}

/* RFC 3207: under TLS before anything is sent, where it is offered. */
static enum smtp_stage
secure(struct smtp_client *c)
{
	if (c->setup.tls == SMTP_CLIENT_CLEAR || c->secured)
		return smtp_auth_begin(c);
	if ((c->offer.extensions & SMTP_EXT_STARTTLS) != 0)
		return c->saying = SMTP_STARTTLS;
	if (c->setup.tls == SMTP_CLIENT_TLS_MAY)
		return smtp_auth_begin(c);
	return no_tls(c, "was not offered by host", "");
}

static enum smtp_stage
greeted(struct smtp_client *c)
{
	struct slice lines = { buf_str(&c->reply.lines), c->reply.lines.len };
	struct slice line;

	if (slice_next_part(&lines, '\n', &line) && is_myself(c, line))
		return loops(c);
	if (c->hearing == SMTP_EHLO)
		smtp_offer_read(&c->offer, lines);
	c->greeted = true;
	return secure(c);
}

enum smtp_stage
smtp_hear_ehlo(struct smtp_client *c)
{
	if (c->reply.code == 421)
		return refused(c);
	if (c->reply.code / 100 != 2) /* RFC 5321 3.2 */
		return c->saying = SMTP_HELO;
	return greeted(c);
}

enum smtp_stage
smtp_say_helo(struct smtp_client *c)
{
	buf_addf(&c->port.out, "HELO %s\r\n", c->setup.helo);
	return SMTP_READY;
}

enum smtp_stage
smtp_hear_helo(struct smtp_client *c)
{
	return c->reply.code / 100 == 2 ? greeted(c) : refused(c);
}

enum smtp_stage
smtp_say_starttls(struct smtp_client *c)
{
	buf_adds(&c->port.out, "STARTTLS\r\n");
	return SMTP_READY;
}

/* The pump shakes hands; then comes smtp_client_secured(). */
enum smtp_stage
smtp_hear_starttls(struct smtp_client *c)
{
	CLEAN_BUF struct buf reply = { 0 };

	if (c->reply.code == 220) {
		c->port.tls = true;
		c->saying = SMTP_READY;
		return SMTP_STARTTLS;
	}
	if (c->reply.code == 421)
		return refused(c);
	if (c->setup.tls == SMTP_CLIENT_TLS_MAY) {
		c->setup.note = "in clear text, as the host refused TLS";
		return smtp_auth_begin(c);
	}
	buf_addf(&reply, " refused to start TLS: %s", buf_str(&c->reply.text));
	return no_tls(c, "host", buf_str(&reply));
}
