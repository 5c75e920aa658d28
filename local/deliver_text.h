/*
 * deliver_text - the message as mailboxes hold it: LF line ends, and in an mbox
 * no line that looks like the start of the next message.
 *
 *	struct deliver_text t = { .quote = true };
 *	deliver_text_add(&t, bytes, n, &out);	cut anywhere
 *	deliver_text_end(&t, &out);		the last line has its end
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "msg.h"

struct deliver_text {
	bool quote;     /* lines that begin with "From " get a '>' */
	bool cr;        /* a CR came that may be half of a line end */
	bool in_line;   /* something of this line was added */
	size_t matched; /* bytes of "From " held back at the line's start */
};

void deliver_text_add(struct deliver_text *t, const char *bytes, size_t n,
    struct buf *out);
void deliver_text_end(struct deliver_text *t, struct buf *out);

/* "From sender  Sat Nov 21 18:56:09 2026", with its line end. */
void deliver_text_from_line(struct buf *out, const char *sender, int64_t now);

/* The whole message piece by piece: m->head, the prepended header fields, the
 * content.  `piece` gives false to stop, with errno. */
typedef bool deliver_piece_fn(void *owner, const struct buf *piece);
MUST_CHECK bool deliver_text_each(const struct msg_deliver *m, int mail,
    bool quote, bool from_line, deliver_piece_fn *piece, void *owner);
