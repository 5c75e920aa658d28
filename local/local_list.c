/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_list.h"

#include "buf.h"

static bool
is_separator(char c)
{
	return c == ',' || char_is_space(c);
}

static void
skip(struct slice *s, size_t n)
{
	s->at += n;
	s->len -= n;
}

/* Separators and comment lines; `line_start` is true at the text's start. */
static void
skip_separators(struct slice *rest, bool line_start)
{
	while (rest->len > 0) {
		char c = rest->at[0];

		if (c == '#' && line_start) {
			while (rest->len > 0 && rest->at[0] != '\n')
				skip(rest, 1);
			continue;
		}
		if (!is_separator(c))
			return;
		line_start = c == '\n' || (line_start && c != ',');
		skip(rest, 1);
	}
}

/* The raw item at the cursor: up to a comma or line end that does not stand in
 * quotes. */
static struct slice
take_raw(struct slice *rest)
{
	struct slice raw = { rest->at, 0 };
	bool quoted = false;

	while (rest->len > 0) {
		char c = rest->at[0];

		if (c == '\n' || (c == ',' && !quoted))
			break;
		if (c == '"')
			quoted = !quoted;
		if (c == '\\' && quoted && rest->len > 1 && rest->at[1] != '\n')
			skip(rest, 1);
		skip(rest, 1);
	}
	raw.len = (size_t)(rest->at - raw.at);
	return slice_trim(raw);
}

/* What is between the quotes, where they enclose the whole item; false where it
 * is an address that only has a quoted part. */
static bool
unquote(struct slice raw, struct buf *out)
{
	if (raw.len < 2 || raw.at[0] != '"')
		return false;
	for (size_t i = 1; i < raw.len; i++) {
		if (raw.at[i] == '"')
			return i + 1 == raw.len;
		if (raw.at[i] == '\\' && i + 1 < raw.len)
			i++;
		buf_addc(out, raw.at[i]);
	}
	return true; /* the end quote is missing, and not missed */
}

static struct local_item
classify(struct arena *a, const char *text, size_t len)
{
	static const struct {
		const char *start;
		size_t drop;
		enum local_item_kind kind;
	} starts[] = {
		{ "|", 1, LOCAL_COMMAND },
		{ "/", 0, LOCAL_FILE },
		{ ":include:", 9, LOCAL_INCLUDE },
		{ "\\", 1, LOCAL_MAILBOX },
	};
	struct local_item item = { LOCAL_ADDRESS, arena_memdup(a, text, len) };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (str_starts_nocase(item.text, starts[i].start)) {
			item.kind = starts[i].kind;
			item.text += starts[i].drop;
			item.text += strspn(item.text, " \t");
			return item;
		}
	return item;
}

bool
local_list_next(struct slice *rest, struct arena *a, struct local_item *item)
{
	/* What a former call has left begins with the separator behind it. */
	bool start = rest->len > 0 && !is_separator(rest->at[0]);
	CLEAN_BUF struct buf inner = { 0 };

	skip_separators(rest, start);
	if (rest->len == 0)
		return false;

	struct slice raw = take_raw(rest);
	*item = classify(a, raw.at, raw.len);
	if (item->kind == LOCAL_ADDRESS && unquote(raw, &inner)) {
		struct local_item quoted = classify(a, buf_str(&inner),
		    inner.len);

		if (quoted.kind != LOCAL_ADDRESS)
			*item = quoted;
	}
	return true;
}
