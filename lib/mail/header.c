/*
 * Fields of RFC 5322 2.2, and 4.5 for blanks in front of the colon:
 *
 *	field      = field-name *WSP ":" unstructured CRLF
 *	field-name = 1*(%d33-57 / %d59-126)
 *
 * A line that begins with a blank or a tab goes on with the field in front of
 * it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "header.h"

#include <string.h>

/* What is longer, and has no colon, is no name: RFC 5322 2.1.1. */
#define NAME_MAX_LEN 998

enum line_kind {
	LINE_FIELD,
	LINE_FOLDED,
	LINE_EMPTY,
	LINE_OTHER,
};

/* The name's length, and where the colon is; 0 where this is no field. */
static size_t
name_length(const char *line, size_t len, size_t *colon)
{
	size_t n = 0;

	while (n < len && line[n] > ' ' && line[n] <= '~' && line[n] != ':')
		n++;
	*colon = n;
	while (*colon < len && (line[*colon] == ' ' || line[*colon] == '\t'))
		++*colon;
	return *colon < len && line[*colon] == ':' ? n : 0;
}

static enum line_kind
line_kind(const char *line, size_t len, bool first)
{
	size_t colon;

	if (len == 0 || line[0] == '\n' ||
	    (len == 2 && line[0] == '\r' && line[1] == '\n'))
		return LINE_EMPTY;
	if (line[0] == ' ' || line[0] == '\t')
		return first ? LINE_OTHER : LINE_FOLDED;
	return name_length(line, len, &colon) > 0 ? LINE_FIELD : LINE_OTHER;
}

/* Judges the line that lies behind the fields. */
static void
end_line(struct header *h)
{
	const char *line = buf_str(&h->text) + h->len;

	switch (line_kind(line, h->text.len - h->len, h->len == 0)) {
	case LINE_FIELD:
	case LINE_FOLDED:
		h->len = h->text.len;
		break;
	case LINE_EMPTY:
		buf_cut(&h->text, h->len);
		h->end = HEADER_BLANK;
		break;
	case LINE_OTHER:
		h->end = HEADER_NO_FIELD;
		break;
	}
}

/* The limit is reached in the middle of a line, which may be the first of the
 * body; not so where it may still become one more field. */
static void
end_by_limit(struct header *h)
{
	const char *line = buf_str(&h->text) + h->len;
	size_t len = h->text.len - h->len, colon;
	bool other = line_kind(line, len, h->len == 0) == LINE_OTHER;

	if (other && len <= NAME_MAX_LEN &&
	    name_length(line, len, &colon) == 0 && colon == len)
		other = false;
	h->end = other ? HEADER_NO_FIELD : HEADER_TOO_LONG;
}

size_t
header_feed(struct header *h, const char *bytes, size_t n)
{
	size_t taken = 0;

	while (taken < n && h->end == HEADER_MORE) {
		size_t most = MIN(n - taken, HEADER_MAX - h->text.len);
		const char *from = bytes + taken;
		const char *lf = memchr(from, '\n', most);
		size_t len = lf != NULL ? (size_t)(lf - from) + 1 : most;

		buf_add(&h->text, from, len);
		taken += len;
		if (lf != NULL)
			end_line(h);
		if (h->end == HEADER_MORE && h->text.len == HEADER_MAX)
			end_by_limit(h);
	}
	return taken;
}

void
header_finish(struct header *h)
{
	if (h->end != HEADER_MORE)
		return;
	if (h->text.len > h->len)
		end_line(h);
	if (h->end == HEADER_MORE)
		h->end = HEADER_EXHAUSTED;
}

void
header_free(struct header *h)
{
	buf_free(&h->text);
	*h = (struct header){ 0 };
}

struct slice
header_text(const struct header *h)
{
	return (struct slice){ buf_str(&h->text), h->len };
}

struct slice
header_body_start(const struct header *h)
{
	return (
	    struct slice){ buf_str(&h->text) + h->len, h->text.len - h->len };
}

/* Length of the line at s with its end. */
static size_t
line_length(struct slice s)
{
	const char *lf = memchr(s.at, '\n', s.len);

	return lf != NULL ? (size_t)(lf - s.at) + 1 : s.len;
}

bool
header_next(struct slice *rest, struct header_field *f)
{
	size_t n = 0, colon;

	do
		n += line_length((struct slice){ rest->at + n, rest->len - n });
	while (n < rest->len && (rest->at[n] == ' ' || rest->at[n] == '\t'));

	f->name = (struct slice){ rest->at, name_length(rest->at, n, &colon) };
	if (f->name.len == 0)
		return false;
	f->text = (struct slice){ rest->at, n };
	f->value = (struct slice){ rest->at + colon + 1, n - colon - 1 };
	while (f->value.len > 0 &&
	    (f->value.at[f->value.len - 1] == '\n' ||
		f->value.at[f->value.len - 1] == '\r'))
		f->value.len--;
	rest->at += n;
	rest->len -= n;
	return true;
}

bool
header_is(const struct header_field *f, const char *name)
{
	return slice_eq_nocase(f->name, name);
}

void
header_unfold(struct buf *out, struct slice value)
{
	struct slice s = slice_trim(value);

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '\r' && s.at[i] != '\n')
			buf_addc(out, s.at[i]);
}
