/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "smtpd_notice.h"

/* RFC 5321 4.5.3.1.5: 512 octets with code and CRLF; addresses may be longer
 * than that allows, and no client minds. */
#define REPLY_TEXT_MAX 900

PRINTFLIKE(5, 0)
static void
add_line(struct smtpd_session *s, int code, char after, const char *status,
    const char *fmt, va_list ap)
{
	struct buf *out = &s->port.out;
	char text[REPLY_TEXT_MAX + 1];
	size_t from = out->len;

	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : MIN((size_t)n, sizeof(text) - 1);

	buf_addf(out, "%d%c", code, after);
	if (status[0] != '\0')
		buf_addf(out, "%s ", status);
	str_printable(out, text, len, REPLY_TEXT_MAX);
	trace_said(s->trace,
	    (struct slice){ out->text + from, out->len - from });
	buf_adds(out, "\r\n");
}

int
smtpd_reply(struct smtpd_session *s, int code, const char *status,
    const char *fmt, ...)
{
	va_list ap;

	smtpd_notice_fault(s, code, status);
	va_start(ap, fmt);
	add_line(s, code, ' ', status, fmt, ap);
	va_end(ap);
	return code;
}

void
smtpd_reply_more(struct smtpd_session *s, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(s, code, '-', "", fmt, ap);
	va_end(ap);
}

static void
add_quoted(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=<", name);
	str_printable(out, value, strlen(value), ADDR_MAX);
	buf_addc(out, '>');
}

/* NOQUEUE: reject: RCPT from NAME[ADDR]: 554 5.7.1 <to>: text; from=<> ... */
static void
log_reject(const struct smtpd_session *s, const char *word,
    const struct smtpd_verdict *v)
{
	CLEAN_BUF struct buf line = { 0 };

	buf_addf(&line, "%s: %s: %s from %s: %d %s ", smtpd_id(s), word,
	    s->where, s->client.peer, v->code, v->status);
	str_printable(&line, v->text, strlen(v->text), REPLY_TEXT_MAX);
	buf_addc(&line, ';');
	if (s->tx.sender != NULL)
		add_quoted(&line, "from", s->tx.sender);
	if (s->tx.rcpt != NULL)
		add_quoted(&line, "to", s->tx.rcpt);
	buf_addf(&line, " proto=%s", smtpd_protocol(s));
	add_quoted(&line, "helo", s->helo != NULL ? s->helo : "");
	log_info("%s", buf_str(&line));
}

int
smtpd_refuse(struct smtpd_session *s, struct smtpd_verdict v)
{
	log_reject(s, "reject", &v);
	if (v.code == 421)
		s->state = SMTPD_QUIT;
	return smtpd_reply(s, v.code, v.status, "%s", v.text);
}

void
smtpd_refuse_not(const struct smtpd_session *s, struct smtpd_verdict v)
{
	log_reject(s, "reject_warning", &v);
}
