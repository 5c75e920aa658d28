/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

/* Most formatted texts fit into so much, and need not be measured first. */
#define LIKELY_ROOM ((size_t)40)

void
buf_free(struct buf *b)
{
	free(b->text);
	*b = (struct buf){ 0 };
}

void
buf_reset(struct buf *b)
{
	buf_cut(b, 0);
}

/* One byte more than asked for, so that the NUL always has its place. */
char *
buf_room(struct buf *b, size_t n)
{
	size_t need;

	if (__builtin_add_overflow(b->len, n, &need) ||
	    __builtin_add_overflow(need, (size_t)1, &need))
		need = SIZE_MAX; /* xrealloc ends the process */
	if (need > b->room) {
		size_t room = MAX(b->room, (size_t)FIRST_ROOM);

		while (room < need)
			room = room > SIZE_MAX / 2 ? need : room * 2;
		b->text = xrealloc(b->text, room, 1);
		b->room = room;
		b->text[b->len] = '\0'; /* also where nothing comes to it */
	}
	return b->text + b->len;
}

void
buf_grown(struct buf *b, size_t n)
{
	b->len += n;
	b->text[b->len] = '\0';
}

void
buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), bytes, n);
	buf_grown(b, n);
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	char *at = buf_room(b, LIKELY_ROOM);
	size_t room = b->room - b->len;
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(at, room, fmt, again);
	va_end(again);
	if (n >= 0 && (size_t)n >= room) {
		at = buf_room(b, (size_t)n);
		(void)vsnprintf(at, (size_t)n + 1, fmt, ap); /* measured */
	}
	buf_grown(b, n > 0 ? (size_t)n : 0);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_cut(b, 0);
		return;
	}
	b->len -= n;
	memmove(b->text, b->text + n, b->len + 1);
}

void
buf_cut(struct buf *b, size_t n)
{
	if (n >= b->len && b->len > 0)
		return;
	b->len = n < b->len ? n : b->len;
	if (b->text != NULL)
		b->text[b->len] = '\0';
}

char *
buf_take(struct buf *b)
{
	char *text = b->text != NULL ? b->text : xstrdup("");

	*b = (struct buf){ 0 };
	return text;
}
