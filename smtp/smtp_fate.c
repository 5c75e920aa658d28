/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_fate.h"

#include "smtp_verdict.h"

/* Before MAIL the host has not talked with us at all. */
static enum fault
fault_of(const struct smtp_client *c, enum outcome outcome)
{
	if (outcome != OUTCOME_DEFER)
		return FAULT_NONE;
	return c->hearing < SMTP_READY ? FAULT_DESTINATION : FAULT_MESSAGE;
}

const char *
smtp_fate_said(struct smtp_client *c)
{
	return arena_printf(c->mail->arena,
	    "host %s said: %s (in reply to %s)%s", c->setup.host,
	    buf_str(&c->reply.text), smtp_stage_command(c->hearing),
	    c->setup.nameless ? "; our certificate could not be shown" : "");
}

enum outcome
smtp_fate_refusal(struct smtp_client *c, int code, char status[DSN_STATUS_MAX])
{
	bool for_now = c->setup.nameless && code / 100 == 5;

	return smtp_reply_refusal(&c->reply, for_now ? code - 100 : code,
	    status);
}

void
smtp_fate_rest(struct smtp_client *c, enum outcome outcome, const char *status,
    const char *text)
{
	if (c->mail != NULL)
		smtp_mail_decide_rest(c->mail, outcome, fault_of(c, outcome),
		    status, text);
}

/* The host talks with us, and another next hop may ask less of it. */
void
smtp_fate_tls(struct smtp_client *c, const char *status, const char *text)
{
	if (c->mail != NULL)
		smtp_mail_decide_rest(c->mail, OUTCOME_DEFER, FAULT_MESSAGE,
		    status, text);
}

/* The reply refuses the mail for all recipients that are left. */
void
smtp_fate_refuse_rest(struct smtp_client *c)
{
	char status[DSN_STATUS_MAX];
	enum outcome outcome = smtp_fate_refusal(c, c->reply.code, status);

	smtp_fate_rest(c, outcome, status, smtp_fate_said(c));
}

void
smtp_fate_accept_rest(struct smtp_client *c)
{
	const char *text = buf_str(&c->reply.text);

	if (c->accepted == 0)
		return;
	if (c->setup.note != NULL)
		text = arena_printf(c->mail->arena, "%s (%s)", text,
		    c->setup.note);
	smtp_fate_rest(c, OUTCOME_SENT, c->reply.status, text);
}

/* 552 means "too many recipients" here (RFC 5321 4.5.3.1.10). */
void
smtp_fate_refuse(struct smtp_client *c, struct smtp_rcpt *r)
{
	int code = c->reply.code == 552 ? 452 : c->reply.code;
	char status[DSN_STATUS_MAX];
	enum outcome outcome = smtp_fate_refusal(c, code, status);

	smtp_mail_decide(c->mail, r, outcome, fault_of(c, outcome), status,
	    smtp_fate_said(c));
}

/* The answer is all that was wanted. */
void
smtp_fate_probe(struct smtp_client *c, struct smtp_rcpt *r)
{
	if (r->fate.outcome != OUTCOME_NONE)
		return;
	r->code = c->reply.code;
	r->verdict = smtp_verdict(&c->reply);
	if (r->verdict == VETTED_GOOD)
		smtp_mail_decide(c->mail, r, OUTCOME_SENT, FAULT_NONE,
		    c->reply.status, smtp_fate_said(c));
	else
		smtp_fate_refuse(c, r);
}

void
smtp_fate_etrn(struct smtp_client *c, struct smtp_rcpt *r)
{
	enum outcome outcome = dsn_outcome_of_code(c->reply.code);

	smtp_mail_decide(c->mail, r, outcome, fault_of(c, outcome),
	    c->reply.status, buf_str(&c->reply.text));
}
