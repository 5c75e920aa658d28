/*
 * bounce_text - the text of a notification, RFC 3464 in the parts of RFC
 * 6522.
 *
 * Pure: the report in, canonical lines out.  No line is longer than 998
 * bytes, whatever the report holds, and all but the original is ASCII.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "bounce_original.h"
#include "msg.h"

struct bounce_report {
	enum notice_kind kind;
	bool copy;             /* of one to the sender, for the postmaster */
	const char *notice_id; /* of the notification itself */
	const char *to;        /* who gets it, internal form */
	int64_t now;
	const struct msg_notice *about;
	const struct rec_notice_rcpt *rcpts;
	size_t n_rcpts;
	const struct bounce_original *original;
};

void bounce_text(struct buf *out, const struct bounce_report *r);

/* The message/delivery-status part: fields of the message, then of each
 * recipient. */
void bounce_status(struct buf *out, const struct bounce_report *r);

/* Appends "name: value", ASCII, folded. */
void bounce_field(struct buf *out, const char *name, const char *value);

/* Appends text in lines of at most 76 bytes where blanks allow, each behind
 * the first with `indent` in front. */
void bounce_fold(struct buf *out, size_t column, const char *text,
    const char *indent);
