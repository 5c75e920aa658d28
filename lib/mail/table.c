/*
 * Types by name, and lists of tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "table_type.h"

struct table {
	const struct table_type *type;
	char *spec;
	void *state;
};

/* Answered by the lookup program. */
static const struct table_type table_passwd = {
	.name = "passwd",
	.remote = true,
};

static const struct table_type *const types[] = {
	&table_cidr,
	&table_fail,
	&table_inline,
	&table_lmdb,
	&table_passwd,
	&table_pcre,
	&table_regexp,
	&table_static,
	&table_texthash,
};

static struct buf why_text;

const char *
table_why(const char *fmt, ...)
{
	CLEAN_BUF struct buf text = { 0 }; /* arguments may be the old text */
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	while (text.len > 0 && text.text[text.len - 1] == '\n')
		buf_cut(&text, text.len - 1);
	buf_reset(&why_text);
	buf_adds(&why_text, buf_str(&text));
	return buf_str(&why_text);
}

struct slice
table_unbrace(struct slice s)
{
	s = slice_trim(s);
	if (s.len >= 2 && s.at[0] == '{' && s.at[s.len - 1] == '}')
		return slice_trim((struct slice){ s.at + 1, s.len - 2 });
	return s;
}

static const struct table_type *
find_type(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(name, types[i]->name))
			return types[i];
	return NULL;
}

static const char *
unknown_type(const char *spec)
{
	CLEAN_BUF struct buf names = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		buf_addf(&names, "%s%s", i > 0 ? " " : "", types[i]->name);
	if (str_starts(spec, "hash:") || str_starts(spec, "btree:") ||
	    str_starts(spec, "cdb:") || str_starts(spec, "dbm:"))
		return table_why("%s: write lmdb%s, and build it with mtable",
		    spec, strchr(spec, ':'));
	return table_why("%s: the type is none of %s", spec, buf_str(&names));
}

struct table *
table_open(const char *spec, const char **why)
{
	struct slice name = slice_of(spec);
	struct slice type_name = { "", 0 };

	if (strchr(spec, ':') == NULL) {
		*why = table_why("%s: write TYPE:NAME", spec);
		return NULL;
	}
	(void)slice_next_part(&name, ':', &type_name); /* there is one */

	const struct table_type *type = find_type(type_name);
	if (type == NULL) {
		*why = unknown_type(spec);
		return NULL;
	}
	void *state = type->remote ? NULL : type->open(name.at, why);
	if (state == NULL && !type->remote)
		return NULL;

	struct table *t = xcalloc(1, sizeof(*t));
	*t = (struct table){
		.type = type,
		.spec = xstrdup(spec),
		.state = state,
	};
	return t;
}

struct table *
table_open_here(const char *spec, const char **why)
{
	struct table *t = table_open(spec, why);

	if (t != NULL && table_is_remote(t)) {
		*why = table_why("%s: this type cannot be asked here", spec);
		table_close(&t);
	}
	return t;
}

void
table_close(struct table **t)
{
	struct table *old = *t;

	*t = NULL;
	if (old == NULL)
		return;
	if (!old->type->remote)
		old->type->close(old->state);
	free(old->spec);
	free(old);
}

const char *
table_spec(const struct table *t)
{
	return t->spec;
}

const struct table_type *
table_type_of(const struct table *t)
{
	return t->type;
}

bool
table_is_remote(const struct table *t)
{
	return t->type->remote;
}

bool
table_whole_keys(const struct table *t)
{
	return t->type->whole_keys;
}

enum found
table_get(struct table *t, const char *key, struct buf *out)
{
	if (t->type->remote)
		return FOUND_FAILED;
	return t->type->get(t->state, key, out);
}

bool
table_each(struct table *t, table_each_fn *fn, void *arg)
{
	return t->type->each != NULL && t->type->each(t->state, fn, arg);
}

/* ---- lists ---- */

bool
tables_open(struct tables *ts, const char *list, const char **why)
{
	struct slice rest = slice_of(list);
	struct slice item;

	*ts = (struct tables){ 0 };
	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf spec = { 0 };
		buf_add(&spec, item.at, item.len);
		struct table *t = table_open(buf_str(&spec), why);
		if (t == NULL) {
			tables_free(ts);
			return false;
		}
		ts->at = xrealloc(ts->at, ts->n + 1, sizeof(struct table *));
		ts->at[ts->n++] = t;
	}
	return true;
}

void
tables_free(struct tables *ts)
{
	for (size_t i = 0; i < ts->n; i++)
		table_close(&ts->at[i]);
	free(ts->at);
	*ts = (struct tables){ 0 };
}

bool
tables_any_remote(const struct tables *ts)
{
	for (size_t i = 0; i < ts->n; i++)
		if (table_is_remote(ts->at[i]))
			return true;
	return false;
}

/* Asks the tables of one list that take such a key. */
static enum found
get_from(const struct tables *ts, const char *key, bool part, struct buf *out)
{
	for (size_t i = 0; i < ts->n; i++) {
		struct table *t = ts->at[i];
		if (table_is_remote(t) || (part && table_whole_keys(t)))
			continue;
		enum found found = table_get(t, key, out);
		if (found != FOUND_NONE)
			return found;
	}
	return FOUND_NONE;
}

enum found
tables_get_here(const struct tables *ts, const char *key, struct buf *out)
{
	return get_from(ts, key, false, out);
}

enum found
tables_get_part(const struct tables *ts, const char *key, struct buf *out)
{
	return get_from(ts, key, true, out);
}

enum found
tables_get(const struct tables *ts, const char *key, struct buf *out)
{
	enum found found = tables_get_here(ts, key, out);

	if (found == FOUND_NONE && tables_any_remote(ts))
		return FOUND_FAILED;
	return found;
}
