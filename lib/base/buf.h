/*
 * buf - a byte string that grows.
 *
 * All bits zero is an empty buf, so one inside a zeroed struct is ready for
 * use.  buf_str() is never NULL and always ends in a NUL; the bytes before it
 * may hold NULs too, so use len.  Adding may move the text: keep no pointer
 * into it across a call that adds.  Running out of memory ends the process.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <stdarg.h>

#include "util.h"

struct buf {
	char *text; /* use buf_str(), which is never NULL */
	size_t len;
	size_t room;
};

#define CLEAN_BUF CLEANUP(buf_free)

static inline const char *
buf_str(const struct buf *b)
{
	return b->text != NULL ? b->text : "";
}

/* Gives the memory back and leaves an empty buf. */
void buf_free(struct buf *b);

/* Empties, keeping the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTFLIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTFLIKE(2, 0);

/* Makes room for n more bytes and gives the place where they go; count them
 * with buf_grown(). */
char *buf_room(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);

/* Forgets the first n bytes, or all but the first n. */
void buf_drop(struct buf *b, size_t n);
void buf_cut(struct buf *b, size_t n);

/* Gives the text to the caller, who must free() it; b is empty after. */
MUST_CHECK char *buf_take(struct buf *b);
