/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_notice.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "param.h"
#include "smtpd_conn.h"
#include "smtpd_feed.h"
#include "str.h"
#include "trace.h"

/* A flood of bad clients is no flood of mail. */
#define NOTICES_A_MINUTE 60

static const char *const classes[SMTPD_FAULTS] = {
	[SMTPD_FAULT_POLICY] = "policy",
	[SMTPD_FAULT_PROTOCOL] = "protocol",
	[SMTPD_FAULT_RESOURCE] = "resource",
	[SMTPD_FAULT_SOFTWARE] = "software",
};

/* The first row that fits decides; what is in none is policy. */
static const struct row {
	const char *status; /* begins so, behind its first digit */
	enum smtpd_fault fault;
} rows[] = {
	{ ".1.1", SMTPD_FAULTS }, /* nobody has that name */
	{ ".7.8", SMTPD_FAULTS }, /* a wrong password */
	{ ".4.2", SMTPD_FAULTS }, /* it was idle */
	{ ".3.2", SMTPD_FAULTS }, /* we end */
	{ ".3.0", SMTPD_FAULT_RESOURCE },
	{ ".3.1", SMTPD_FAULT_RESOURCE },
	{ ".3.5", SMTPD_FAULT_SOFTWARE },
	{ ".5.3", SMTPD_FAULT_POLICY }, /* too many recipients */
	{ ".5.", SMTPD_FAULT_PROTOCOL },
};

static uint8_t wanted; /* 1 << enum smtpd_fault */
static int64_t minute;
static int sent, left_out; /* in this minute */

void
smtpd_notice_open(void)
{
	wanted = 0;
	for (size_t i = 0; i < SMTPD_FAULTS; i++)
		if (param_has_word(params.notify_classes, classes[i]))
			wanted |= (uint8_t)(1u << i);
}

void
smtpd_notice_begin(struct smtpd_session *s)
{
	if ((wanted &
		(1u << SMTPD_FAULT_POLICY | 1u << SMTPD_FAULT_PROTOCOL)) != 0)
		trace_keep(&s->trace, TRACE_SERVER);
}

static enum smtpd_fault
fault_of(const char *status)
{
	if (status[0] == '\0')
		return SMTPD_FAULT_PROTOCOL; /* "501 Syntax: EHLO hostname" */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_starts(status + 1, rows[i].status))
			return rows[i].fault;
	return SMTPD_FAULT_POLICY;
}

void
smtpd_notice_fault(struct smtpd_session *s, int code, const char *status)
{
	enum smtpd_fault fault = fault_of(status);

	if (wanted == 0 || code < 400 || fault == SMTPD_FAULTS ||
	    (wanted & 1u << fault) == 0 || s->client.quiet)
		return;
	s->faults |= (uint8_t)(1u << fault);
	if (trace_kept(s->trace)[0] != '\0')
		return;
	trace_keep(&s->trace, TRACE_SERVER);
	trace_heard(s->trace, slice_of(s->where));
}

void
smtpd_notice_text(struct buf *out, const struct smtpd_session *s)
{
	const char *to = params.error_notice_recipient;

	buf_addf(out, "From: MAILER-DAEMON@%s (Mail Delivery System)\r\n",
	    params.myorigin);
	buf_addf(out, "To: %s%s%s\r\n", to, strchr(to, '@') != NULL ? "" : "@",
	    strchr(to, '@') != NULL ? "" : params.myorigin);
	buf_addf(out, "Subject: %s SMTP server: errors from %s\r\n",
	    params.mail_name, s->client.peer);
	buf_adds(out, "Auto-Submitted: auto-generated\r\n\r\n");
	buf_adds(out, "Transcript of session follows.\r\n\r\n");
	buf_adds(out, trace_kept(s->trace));
	buf_adds(out, "\r\nFor other details, see the log.\r\n");
}

/* False where there were enough; the log says how many had no notice. */
static bool
may_send(void)
{
	int64_t now = loop_now();

	if (now - minute >= MINUTE) {
		if (left_out > 0)
			log_warn("notify_classes: %d sessions with errors had "
				 "no notice: more than %d a minute",
			    left_out, NOTICES_A_MINUTE);
		minute = now;
		sent = left_out = 0;
	}
	if (sent >= NOTICES_A_MINUTE) {
		left_out++;
		return false;
	}
	sent++;
	return true;
}

void
smtpd_notice_send(const struct smtpd_conn *c)
{
	CLEAN_BUF struct buf text = { 0 };

	if (c->s.faults == 0 || !may_send())
		return;
	smtpd_notice_text(&text, &c->s);
	if (!smtpd_feed_notice(params.error_notice_recipient, &text))
		log_warn("no notice of errors from %s: cleanup is not there",
		    c->s.client.peer);
}
