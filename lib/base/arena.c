/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block is what a reset keeps, so it is small: thousands of idle
 * sessions each have one.  Later ones double up to the limit. */
#define FIRST_BLOCK ((size_t)960) /* small for xcalloc(), too */
#define LAST_BLOCK  ((size_t)65536)

struct arena_block {
	struct arena_block *next; /* older */
	size_t room;
	size_t used;
	max_align_t bytes[];
};

static struct arena_block *
block_create(struct arena_block *older, size_t n)
{
	size_t room = older == NULL ? FIRST_BLOCK : older->room * 2;
	size_t bytes;

	room = MAX(MIN(room, LAST_BLOCK), n);
	if (__builtin_add_overflow(sizeof(struct arena_block), room, &bytes))
		bytes = SIZE_MAX; /* xcalloc ends the process */

	struct arena_block *b = xcalloc(1, bytes);
	b->next = older;
	b->room = room;
	return b;
}

void *
arena_new(struct arena *a, size_t n)
{
	size_t align = _Alignof(max_align_t);

	if (__builtin_add_overflow(n, align - 1, &n))
		n = SIZE_MAX; /* refused below: nothing is that large */
	n = MAX(n & ~(align - 1), align);
	if (a->blocks == NULL || a->blocks->room - a->blocks->used < n)
		a->blocks = block_create(a->blocks, n);

	char *at = (char *)a->blocks->bytes + a->blocks->used;
	a->blocks->used += n;
	a->used += n;
	return at;
}

char *
arena_memdup(struct arena *a, const void *bytes, size_t n)
{
	char *copy = arena_new(a, n < SIZE_MAX ? n + 1 : n);

	if (n > 0)
		memcpy(copy, bytes, n);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);

	size_t room = n < 0 ? 1 : (size_t)n + 1;
	char *text = arena_new(a, room);
	va_start(ap, fmt);
	(void)vsnprintf(text, room, fmt, ap); /* as long as measured */
	va_end(ap);
	return text;
}

void
arena_reset(struct arena *a)
{
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
	if (a->blocks != NULL) {
		memset(a->blocks->bytes, 0, a->blocks->used);
		a->blocks->used = 0;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	arena_reset(a);
	free(a->blocks);
	*a = (struct arena){ 0 };
}
