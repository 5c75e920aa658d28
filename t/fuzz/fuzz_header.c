/*
 * Fuzz: any text made canonical, its header found and walked over.  The first
 * byte says in which pieces it comes, which must make no difference.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "header.h"
#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
canonical(struct buf *out, const char *text, size_t n, size_t piece)
{
	struct lines l = { 0 };

	for (size_t i = 0; i < n; i += piece)
		lines_add(&l, out, text + i, MIN(piece, n - i));
	lines_end(&l, out);
}

static void
find_header(struct header *h, const struct buf *text, size_t piece)
{
	for (size_t i = 0; i < text->len && h->end == HEADER_MORE; i += piece)
		(void)header_feed(h, text->text + i,
		    MIN(piece, text->len - i)); /* the rest is body */
	header_finish(h);
}

static void
check_same(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len || memcmp(buf_str(a), buf_str(b), a->len) != 0)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf text = { 0 }, again = { 0 }, value = { 0 };
	CLEAN_HEADER struct header whole = { 0 }, pieces = { 0 };
	struct header_field f;

	if (size < 1)
		return 0;
	canonical(&text, (const char *)data + 1, size - 1, size);
	canonical(&again, (const char *)data + 1, size - 1, data[0] % 7 + 1);
	check_same(&text, &again);
	buf_reset(&again);
	canonical(&again, buf_str(&text), text.len, text.len + 1);
	check_same(&text, &again); /* what is canonical stays */

	find_header(&whole, &text, text.len + 1);
	find_header(&pieces, &text, data[0] % 7 + 1);
	if (whole.end != pieces.end || whole.len != pieces.len)
		__builtin_trap();
	struct slice rest = header_text(&whole);
	while (header_next(&rest, &f)) {
		header_unfold(&value, f.value);
		if (memchr(buf_str(&value), '\n', value.len) != NULL)
			__builtin_trap();
	}
	if (rest.len != 0)
		__builtin_trap();
	return 0;
}
