/*
 * lines - any text made into canonical lines.
 *
 * LF and CRLF end a line and become CRLF; a CR elsewhere becomes a blank and
 * a NUL a question mark, so that nobody behind us reads another end of line
 * into them.  The text may be cut anywhere.  All bits zero is the start of a
 * text.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

struct lines {
	bool cr;   /* a CR came, and what follows it not yet */
	bool open; /* the last line has bytes and no end */
	bool high; /* bytes above 127 were seen */
};

/* Appends the canonical form of more text. */
void lines_add(struct lines *l, struct buf *out, const char *bytes, size_t n);

/* The text is over: ends the last line. */
void lines_end(struct lines *l, struct buf *out);

/* Appends canonical lines with a dot put before each that begins with one
 * (RFC 5321 4.5.2).  The text is whole lines. */
void lines_stuff(struct buf *out, struct slice text);
