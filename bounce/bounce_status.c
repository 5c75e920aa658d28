/*
 * The machine-readable part, RFC 3464 2.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"
#include "bounce_text.h"
#include "date.h"
#include "dsn.h"
#include "param.h"
#include "str.h"

#define LINE_USUAL ((size_t)76)
#define WORD_MAX   ((size_t)900) /* a longer word is broken by force */
#define VALUE_MAX  ((size_t)4000)

/* ---- fields ---- */

void
bounce_fold(struct buf *out, size_t column, const char *text,
    const char *indent)
{
	size_t margin = strlen(indent);
	bool fresh = true; /* nothing on this line yet that could be parted */

	for (const char *p = text + strspn(text, " "); *p != '\0';) {
		size_t n = MIN(strcspn(p, " "), WORD_MAX);

		if (!fresh && column + 1 + n > LINE_USUAL) {
			buf_addf(out, "\r\n%s", indent);
			column = margin;
		} else if (!fresh) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, p, n);
		column += n;
		fresh = false;
		p += n;
		p += strspn(p, " ");
	}
}

/* Printable ASCII and no more of it than is of use. */
static void
put_ascii(struct buf *out, const char *text)
{
	size_t from = out->len;

	str_printable(out, text, strlen(text), VALUE_MAX);
	for (size_t i = from; i < out->len; i++)
		if (out->text[i] < 0)
			out->text[i] = '?';
}

void
bounce_field(struct buf *out, const char *name, const char *value)
{
	CLEAN_BUF struct buf text = { 0 };

	put_ascii(&text, value);
	buf_addf(out, "%s: ", name);
	bounce_fold(out, strlen(name) + 2, buf_str(&text), "    ");
	buf_adds(out, "\r\n");
}

static void
put_date(struct buf *out, const char *name, int64_t ms)
{
	buf_addf(out, "%s: ", name);
	date_put(out, ms);
	buf_adds(out, "\r\n");
}

static void
put_typed(struct buf *out, const char *name, const char *type,
    const char *value)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, "%s; %s", type, value);
	bounce_field(out, name, buf_str(&text));
}

static void
put_address(struct buf *out, const char *name, const char *internal)
{
	CLEAN_BUF struct buf text = { 0 };

	addr_put_internal(&text, internal);
	put_typed(out, name, "rfc822", buf_str(&text));
}

static int
hex_value(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 3461 4: "+" and two hexadecimal digits stand for a character. */
static void
put_xtext(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		int high = *p == '+' ? hex_value(p[1]) : -1;
		int low = high >= 0 ? hex_value(p[2]) : -1;

		if (low >= 0)
			p += 2;
		buf_addc(out, low >= 0 ? (char)(high * 16 + low) : *p);
	}
}

static void
put_xtext_field(struct buf *out, const char *name, const char *xtext)
{
	CLEAN_BUF struct buf text = { 0 };

	put_xtext(&text, xtext);
	bounce_field(out, name, buf_str(&text));
}

/* ---- what happened ---- */

/* What the remote server said, within our own words for it: "host NAME[IP]
 * said: REPLY (in reply to COMMAND)". */
static struct slice
remote_reply(const char *text)
{
	static const char said[] = " said: ";
	const char *from = strncmp(text, "host ", 5) == 0 ? strstr(text, said)
							  : NULL;

	if (from == NULL)
		return (struct slice){ "", 0 };
	struct slice reply = slice_of(from + strlen(said));
	for (size_t i = 0; i < reply.len; i++)
		if (strncmp(reply.at + i, " (in reply to ", 14) == 0)
			reply.len = i;
	return reply;
}

static void
put_remote(struct buf *out, const struct rec_notice_rcpt *rcpt)
{
	CLEAN_BUF struct buf text = { 0 };
	struct slice reply = remote_reply(rcpt->text);

	if (reply.len > 0) {
		buf_add(&text, rcpt->relay, strcspn(rcpt->relay, "["));
		put_typed(out, "Remote-MTA", "dns", buf_str(&text));
		buf_reset(&text);
		buf_add(&text, reply.at, reply.len);
		put_typed(out, "Diagnostic-Code", "smtp", buf_str(&text));
	} else
		put_typed(out, "Diagnostic-Code", "X-Posthouse", rcpt->text);
}

static const char *
status_of(const struct rec_notice_rcpt *rcpt)
{
	if (dsn_is_status(rcpt->status))
		return rcpt->status;
	if (str_eq(rcpt->action, "delayed"))
		return "4.0.0";
	return str_eq(rcpt->action, "failed") ? "5.0.0" : "2.0.0";
}

static void
put_rcpt(struct buf *out, const struct bounce_report *r,
    const struct rec_notice_rcpt *rcpt)
{
	buf_adds(out, "\r\n");
	if (rcpt->orcpt[0] != '\0')
		put_xtext_field(out, "Original-Recipient", rcpt->orcpt);
	else if (rcpt->orig[0] != '\0')
		put_address(out, "Original-Recipient", rcpt->orig);
	put_address(out, "Final-Recipient", rcpt->address);
	bounce_field(out, "Action", rcpt->action);
	bounce_field(out, "Status", status_of(rcpt));
	put_remote(out, rcpt);
	if (rcpt->last_attempt > 0)
		put_date(out, "Last-Attempt-Date", rcpt->last_attempt);
	if (r->kind == NOTICE_DELAY)
		put_date(out, "Will-Retry-Until", r->about->expires);
}

void
bounce_status(struct buf *out, const struct bounce_report *r)
{
	const struct msg_notice *m = r->about;

	put_typed(out, "Reporting-MTA", "dns", params.myhostname);
	bounce_field(out, "X-Posthouse-Queue-ID", m->id);
	put_address(out, "X-Posthouse-Sender", m->sender);
	if (m->envid[0] != '\0')
		put_xtext_field(out, "Original-Envelope-Id", m->envid);
	put_date(out, "Arrival-Date", m->arrived);
	for (size_t i = 0; i < r->n_rcpts; i++)
		put_rcpt(out, r, &r->rcpts[i]);
}
