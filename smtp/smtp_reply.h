/*
 * smtp_reply - what a server says, read strictly.
 *
 *	Reply-line = *( Reply-code "-" [ textstring ] CRLF )
 *	             Reply-code [ SP textstring ] CRLF         (RFC 5321 4.2)
 *
 * A bare LF ends a line too, as servers exist that send it.  All zero is a
 * parser that expects the first byte of a reply.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "dsn.h"

#define SMTP_REPLY_LINE_MAX  4096 /* bytes of a line */
#define SMTP_REPLY_LINES_MAX 256  /* lines of a reply */
#define SMTP_REPLY_TEXT_MAX  1024 /* bytes of the text that are kept */

struct smtp_reply {
	int code;                    /* of the last line: 200 to 599 */
	char status[DSN_STATUS_MAX]; /* what it says, or what the code means */
	bool has_status;             /* it says one */
	struct buf text;  /* the lines with their codes, joined with blanks,
			     printable, for logs and notifications */
	struct buf lines; /* the texts behind the codes, each with a newline:
			     what EHLO tells */
	size_t n_lines;
	struct buf line; /* not yet whole */
};

/* Takes bytes up to the end of a reply and gives how many.  MATCH_NO: all were
 * taken and more are needed; MATCH_YES: a whole reply is in r; MATCH_BAD: this
 * is no SMTP, and r->text holds what there was instead. */
enum match smtp_reply_take(struct smtp_reply *r, const char *bytes, size_t n,
    size_t *taken);

/* A reply that does not say yes, taken as if its code were `code`: bounce or
 * defer, and a status of that class, for that of a deferral must not say
 * "never" nor that of a bounce "later". */
enum outcome smtp_reply_refusal(const struct smtp_reply *r, int code,
    char status[DSN_STATUS_MAX]);

/* Forgets the reply, keeping memory for the next. */
void smtp_reply_reset(struct smtp_reply *r);
void smtp_reply_free(struct smtp_reply *r);
