/*
 * Tables that are text: texthash:FILE, inline:{...}, static:text, fail:text.
 *
 * texthash is read whole when it is opened; a change needs a reload.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "table_type.h"

#include <stdlib.h>
#include <string.h>

#include "source.h"

/* ---- texthash and inline ---- */

static void *
texthash_open(const char *name, const char **why)
{
	CLEAN_BUF struct buf messages = { 0 };
	struct source *s = xcalloc(1, sizeof(*s));

	if (source_read(s, SOURCE_TABLE, name, &messages))
		return s;
	*why = table_why("texthash:%s: %s", name, buf_str(&messages));
	source_free(s);
	free(s);
	return NULL;
}

static enum found
source_get(void *state, const char *key, struct buf *out)
{
	const struct source *s = state;
	CLEAN_STR char *folded = xstrdup(key);

	str_lower(folded);
	const struct source_entry *e = map_gets(&s->keys, folded);
	if (e == NULL)
		return FOUND_NONE;
	buf_adds(out, e->value);
	return FOUND_ONE;
}

static bool
source_each(void *state, table_each_fn *fn, void *arg)
{
	const struct source *s = state;

	for (size_t i = 0; i < s->n; i++)
		if (!fn(arg, s->at[i]->key, s->at[i]->value))
			return false;
	return true;
}

static void
source_close(void *state)
{
	source_free(state);
	free(state);
}

const struct table_type table_texthash = {
	.name = "texthash",
	.open = texthash_open,
	.get = source_get,
	.close = source_close,
	.each = source_each,
};

/* One "key = value" of an inline table, with or without braces, as a line of
 * text. */
static bool
add_inline(struct buf *text, struct slice item)
{
	struct slice value = table_unbrace(item);
	struct slice key = { "", 0 };

	if (memchr(value.at, '=', value.len) == NULL)
		return false;
	(void)slice_next_part(&value, '=', &key); /* there is one */
	key = slice_trim(key);
	value = slice_trim(value);
	if (key.len == 0 || value.len == 0)
		return false;
	buf_add(text, key.at, key.len);
	buf_addc(text, ' ');
	buf_add(text, value.at, value.len);
	buf_addc(text, '\n');
	return true;
}

static void *
inline_open(const char *name, const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf messages = { 0 };
	struct slice rest = table_unbrace(slice_of(name));
	struct slice item;

	if (name[0] != '{' || rest.at == name) {
		*why = table_why("inline:%s: write inline:{key=value, ...}",
		    name);
		return NULL;
	}
	while (slice_next_item(&rest, &item))
		if (!add_inline(&text, item)) {
			*why = table_why("inline:%s: %.*s: write key=value, "
					 "or {key = text}",
			    name, (int)item.len, item.at);
			return NULL;
		}
	if (text.len == 0) {
		*why = table_why("inline:%s: the table is empty", name);
		return NULL;
	}

	struct source *s = xcalloc(1, sizeof(*s));
	if (source_parse(s, SOURCE_TABLE, "inline",
		(struct slice){ buf_str(&text), text.len }, &messages))
		return s;
	*why = table_why("inline:%s: %s", name, buf_str(&messages));
	source_close(s);
	return NULL;
}

const struct table_type table_inline = {
	.name = "inline",
	.open = inline_open,
	.get = source_get,
	.close = source_close,
	.each = source_each,
};

/* ---- static and fail ---- */

static void *
static_open(const char *name, const char **why)
{
	struct slice text = table_unbrace(slice_of(name));
	struct buf *b = xcalloc(1, sizeof(*b));

	(void)why; /* any text is right */
	buf_add(b, text.at, text.len);
	return b;
}

static enum found
static_get(void *state, const char *key, struct buf *out)
{
	const struct buf *b = state;

	(void)key;
	buf_add(out, buf_str(b), b->len);
	return FOUND_ONE;
}

static void
static_close(void *state)
{
	buf_free(state);
	free(state);
}

const struct table_type table_static = {
	.name = "static",
	.whole_keys = true,
	.open = static_open,
	.get = static_get,
	.close = static_close,
};

static enum found
fail_get(void *state, const char *key, struct buf *out)
{
	(void)state;
	(void)key;
	(void)out;
	return FOUND_FAILED;
}

const struct table_type table_fail = {
	.name = "fail",
	.whole_keys = true,
	.open = static_open,
	.get = fail_get,
	.close = static_close,
};
