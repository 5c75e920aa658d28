/*
 *	header
 *	human part           text/plain
 *	status part          message/delivery-status
 *	what was sent        message/rfc822 or text/rfc822-headers
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "bounce_text.h"

#include <string.h>

#include "addr.h"
#include "date.h"
#include "param.h"
#include "str.h"

#define TEXT_MAX ((size_t)2000) /* of what is said about a recipient */

/* What a reader is told, by kind; the postmaster's copies have their own
 * subject. */
static const struct words {
	const char *subject, *copy_subject;
	const char *text;
} words[] = {
	[NOTICE_BOUNCE] = {
	    "Undelivered Mail Returned to Sender",
	    "Postmaster Copy: Undelivered Mail",
	    "Your message could not be delivered to the recipients below, and "
	    "no further attempt will be made.  What the mail system knows of "
	    "the reason stands behind each address; the message, or its "
	    "header, is attached.",
	},
	[NOTICE_DELAY] = {
	    "Delayed Mail (still being retried)",
	    "Postmaster Warning: Delayed Mail",
	    "THIS IS ONLY A WARNING.  YOU NEED NOT SEND YOUR MESSAGE AGAIN.  "
	    "It has not been delivered to the recipients below so far, for the "
	    "reason behind each address.",
	},
	[NOTICE_SUCCESS] = {
	    "Successful Mail Delivery Report",
	    "Successful Mail Delivery Report",
	    "Your message has reached the recipients below, as you asked to be "
	    "told.  Where it was relayed to another mail system, that may "
	    "still report otherwise.",
	},
	[NOTICE_POSTMASTER] = {
	    "Postmaster Copy: Undelivered Mail",
	    "Postmaster Copy: Undelivered Mail",
	    "A notification of the mail system could not be delivered to the "
	    "recipients below and cannot be returned either, as it has no "
	    "sender.  Its header is attached.",
	},
	[NOTICE_HELD] = {
	    "Postmaster Warning: Mail in Hold",
	    "Postmaster Warning: Mail in Hold",
	    "A user sends more mail than he may, which often means that his "
	    "password is known to somebody else.  What goes beyond the limit "
	    "is kept in hold: mqueue shows it, and releases or deletes it.  "
	    "The first such message is the one below.  No other warning "
	    "follows today for this user.",
	},
};

static void
put_paragraph(struct buf *out, const char *text)
{
	bounce_fold(out, 0, text, "");
	buf_adds(out, "\r\n\r\n");
}

/* A string that no line of the original begins with. */
static void
make_boundary(struct buf *out, const struct bounce_report *r)
{
	const struct buf *text = &r->original->text;
	unsigned int n = 0;

	do {
		buf_reset(out);
		buf_addf(out, "%s.%u/%.200s", r->notice_id, n++,
		    params.myhostname);
	} while (text->len > 0 &&
	    memmem(text->text, text->len, out->text, out->len) != NULL);
}

static void
put_header(struct buf *out, const struct bounce_report *r, const char *boundary)
{
	const struct words *w = &words[r->kind];
	CLEAN_BUF struct buf to = { 0 };

	addr_put_internal(&to, r->to);
	buf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n",
	    params.myorigin);
	bounce_field(out, "Subject", r->copy ? w->copy_subject : w->subject);
	bounce_field(out, "To", buf_str(&to));
	buf_adds(out, "Date: ");
	date_put(out, r->now);
	buf_addf(out, "\r\nMessage-ID: <%s@%s>\r\n", r->notice_id,
	    params.myhostname);
	buf_adds(out,
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report;\r\n"
	    "\treport-type=delivery-status;\r\n");
	buf_addf(out, "\tboundary=\"%s\"\r\n", boundary);
	if (r->original->high)
		buf_adds(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_adds(out, "\r\nThis is a MIME-encapsulated message.\r\n\r\n");
}

static void
begin_part(struct buf *out, const char *boundary, const char *description,
    const char *type, bool high)
{
	buf_addf(out, "--%s\r\nContent-Description: %s\r\nContent-Type: %s\r\n",
	    boundary, description, type);
	if (high)
		buf_adds(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_adds(out, "\r\n");
}

static void
put_rcpt(struct buf *out, const struct rec_notice_rcpt *rcpt)
{
	CLEAN_BUF struct buf line = { 0 };

	buf_addc(&line, '<');
	addr_put_internal(&line, rcpt->address);
	buf_addc(&line, '>');
	if (rcpt->orig[0] != '\0' && !str_eq(rcpt->orig, rcpt->address)) {
		buf_adds(&line, " (expanded from <");
		addr_put_internal(&line, rcpt->orig);
		buf_adds(&line, ">)");
	}
	buf_adds(&line, ": ");
	str_printable(&line, rcpt->text, strlen(rcpt->text), TEXT_MAX);
	for (size_t i = 0; i < line.len; i++)
		if (line.text[i] < 0)
			line.text[i] = '?';
	bounce_fold(out, 0, buf_str(&line), "    ");
	buf_adds(out, "\r\n\r\n");
}

static void
put_human(struct buf *out, const struct bounce_report *r)
{
	buf_addf(out, "This is the mail system at host %s.\r\n\r\n",
	    params.myhostname);
	put_paragraph(out, words[r->kind].text);
	if (r->kind == NOTICE_DELAY) {
		buf_adds(out, "It will be tried again until ");
		date_put(out, r->about->expires);
		buf_adds(out, ".\r\n\r\n");
	}
	put_paragraph(out,
	    "For help, write to postmaster and include this "
	    "report.");
	for (size_t i = 0; i < r->n_rcpts; i++)
		put_rcpt(out, &r->rcpts[i]);
}

void
bounce_text(struct buf *out, const struct bounce_report *r)
{
	const struct bounce_original *o = r->original;
	CLEAN_BUF struct buf boundary = { 0 };

	make_boundary(&boundary, r);
	const char *b = buf_str(&boundary);
	put_header(out, r, b);
	begin_part(out, b, "Notification", "text/plain; charset=us-ascii",
	    false);
	put_human(out, r);
	begin_part(out, b, "Delivery report", "message/delivery-status", false);
	bounce_status(out, r);
	buf_adds(out, "\r\n");
	if (o->whole)
		begin_part(out, b, "Undelivered Message", "message/rfc822",
		    o->high);
	else
		begin_part(out, b, "Message Headers", "text/rfc822-headers",
		    o->high);
	buf_add(out, buf_str(&o->text), o->text.len);
	if (o->text.len > 0 && o->text.text[o->text.len - 1] != '\n')
		buf_adds(out, "\r\n");
	buf_addf(out, "\r\n--%s--\r\n", b);
}
