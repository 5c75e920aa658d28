/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_auth.h"

#include <openssl/crypto.h>

#include "base64.h"
#include "param.h"
#include "sasl.h"
#include "smtp_fate.h"
#include "smtp_hello.h"

#define AUTH_LINE_MAX 512 /* RFC 4954 4: longer ones wait for a challenge */

/* ---- the end of it ---- */

static void
wipe(struct buf *b)
{
	if (b->len > 0)
		OPENSSL_cleanse(b->text, b->len);
	buf_reset(b);
}

void
smtp_auth_free(struct smtp_auth *a)
{
	wipe(&a->held);
	buf_free(&a->held);
	buf_free(&a->challenge);
	*a = (struct smtp_auth){ 0 };
}

/* It is not the message's fault. */
static enum smtp_stage
fail(struct smtp_client *c, const char *what, const char *why)
{
	if (c->mail != NULL)
		smtp_fate_rest(c, OUTCOME_DEFER, "4.7.0",
		    arena_printf(c->mail->arena,
			"SASL authentication failed%s server %s%s", what,
			c->setup.host, why));
	if (c->auth.open) { /* RFC 4954 4: cancels */
		buf_adds(&c->port.out, "*\r\n");
		smtp_say_no_more(c);
	} else {
		smtp_say_quit(c);
	}
	smtp_auth_free(&c->auth);
	return SMTP_READY;
}

static enum smtp_stage
cannot(struct smtp_client *c, const char *why)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, ": %s", why);
	return fail(c, "; cannot authenticate to", buf_str(&text));
}

/* The host does not know us by that password. */
static enum smtp_stage
refused(struct smtp_client *c)
{
	bool soft = c->reply.code / 100 != 5 ||
	    params.smtp_sasl_auth_soft_bounce;
	char status[DSN_STATUS_MAX];
	enum outcome outcome = smtp_fate_refusal(c, soft ? 454 : c->reply.code,
	    status);

	if (c->mail != NULL)
		smtp_fate_rest(c, outcome, status,
		    arena_printf(c->mail->arena,
			"SASL authentication failed; server %s said: %s",
			c->setup.host, buf_str(&c->reply.text)));
	smtp_auth_free(&c->auth);
	smtp_say_quit(c);
	return SMTP_READY;
}

/* ---- the dialogue, in its order ---- */

enum smtp_stage
smtp_auth_begin(struct smtp_client *c)
{
	if (!c->setup.log_in)
		return smtp_begin_mail(c);
	c->state = SMTP_BUSY;
	c->saying = SMTP_READY;
	c->auth.wish = SMTP_AUTH_BEGIN;
	return SMTP_AUTH;
}

/* A line of it, which begins there; the host answers. */
static enum smtp_stage
say(struct smtp_client *c, size_t from)
{
	smtp_trace_said(c, from);
	buf_adds(&c->port.out, "\r\n");
	c->pending++;
	return SMTP_AUTH;
}

static void
put_response(struct buf *out, const struct buf *response)
{
	base64_put(out, response->text, response->len);
}

/* "AUTH PLAIN AGEAYg=="; a first message that makes the line too long is kept
 * for an empty challenge, and one without octets is "=" (RFC 4954 4). */
static enum smtp_stage
say_auth(struct smtp_client *c, const struct msg_login_say *said)
{
	struct buf *out = &c->port.out, *held = &c->auth.held;
	size_t from = out->len;

	c->auth.open = true;
	buf_addf(out, "AUTH %s", said->mech);
	if (!sasl_has_initial(sasl_mech(slice_of(said->mech))))
		return say(c, from);
	buf_addc(out, ' ');
	put_response(out, held);
	if (held->len == 0)
		buf_addc(out, '=');
	if (out->len - from <= AUTH_LINE_MAX - 2) {
		wipe(held);
		return say(c, from);
	}
	buf_cut(out, from);
	buf_addf(out, "AUTH %s", said->mech);
	c->auth.holds = true;
	return say(c, from);
}

static enum smtp_stage
say_response(struct smtp_client *c)
{
	size_t from = c->port.out.len;

	put_response(&c->port.out, &c->auth.held);
	wipe(&c->auth.held);
	c->auth.holds = false;
	return say(c, from);
}

enum smtp_stage
smtp_auth_told(struct smtp_client *c, const struct msg_login_say *said)
{
	switch ((enum login_verdict)said->verdict) {
	case LOGIN_SAY:
		c->auth.proved = said->proved != 0;
		buf_add(&c->auth.held, said->bytes.at, said->bytes.len);
		return c->auth.open ? say_response(c) : say_auth(c, said);
	case LOGIN_STRANGERS:
		return smtp_begin_mail(c);
	case LOGIN_NO_MECH:
		return fail(c, ":",
		    " offered no compatible authentication mechanisms for this "
		    "type of connection security");
	case LOGIN_FAILED:
		break;
	}
	return cannot(c, said->text);
}

static enum smtp_stage
hear_challenge(struct smtp_client *c)
{
	struct slice lines = { buf_str(&c->reply.lines), c->reply.lines.len };
	struct slice line = { "", 0 };

	buf_reset(&c->auth.challenge);
	(void)slice_next_part(&lines, '\n', &line); /* none is an empty one */
	if (c->reply.n_lines != 1 ||
	    !base64_get(&c->auth.challenge, slice_trim(line)))
		return cannot(c, "malformed challenge");
	if (c->auth.holds && c->auth.challenge.len == 0)
		return say_response(c);
	c->auth.wish = SMTP_AUTH_NEXT;
	return SMTP_AUTH;
}

enum smtp_stage
smtp_auth_hear(struct smtp_client *c)
{
	if (c->reply.code == 334)
		return hear_challenge(c);
	c->auth.open = false;
	if (c->reply.code / 100 != 2)
		return refused(c);
	if (!c->auth.proved || c->auth.holds)
		return cannot(c, "the server did not prove who it is");
	smtp_auth_free(&c->auth);
	return smtp_begin_mail(c);
}
