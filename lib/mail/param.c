/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "map.h"
#include "param_rows.h"

struct params params;

static struct arena strings;     /* what params points to */
static struct map per_transport; /* name to its number, in the arena */

const char *
param_conf_dir(const char *option)
{
	const char *dir = option != NULL ? option : getenv("POSTHOUSE_CONF");

	return dir != NULL && dir[0] != '\0' ? dir : PH_CONF_DIR;
}

static void
store(const struct param_row *row, const char *value, int64_t number)
{
	void *field = (char *)&params + row->offset;

	switch (row->kind) {
	case PARAM_KIND_INT:
	case PARAM_KIND_TIME:
	case PARAM_KIND_SIZE:
		*(int64_t *)field = number;
		break;
	case PARAM_KIND_BOOL:
		*(bool *)field = number != 0;
		break;
	case PARAM_KIND_ENUM:
	case PARAM_KIND_WORDS:
	case PARAM_KIND_LIST:
	case PARAM_KIND_TABLES:
	case PARAM_KIND_NAMES:
	case PARAM_KIND_NETS:
	case PARAM_KIND_PEERS:
	case PARAM_KIND_RESTRICT:
	case PARAM_KIND_PATH:
	case PARAM_KIND_STR:
	case PARAM_KIND_RAW:
		*(const char **)field = arena_strdup(&strings, value);
		break;
	case PARAM_KINDS:
		break;
	}
}

/* Fills the row's field from what is in force.  All that is set was found
 * right before; what can be wrong is a default that the system gives. */
static bool
fill(struct param_view *v, const struct param_row *row, struct buf *errors)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf why = { 0 };
	int64_t number = 0;

	if (!param_view_value(v, row, &value))
		buf_adds(&why, buf_str(&v->trouble));
	else if (param_check(row, buf_str(&value), &number, &why)) {
		store(row, buf_str(&value), number);
		return true;
	}
	buf_addf(errors, "main.conf: %s: %s: set it\n", row->name,
	    buf_str(&why));
	return false;
}

/* Remembers a TRANSPORT_suffix setting. */
static void
fill_transport(struct param_view *v, const struct setting *s)
{
	const struct param_row *row = param_find_transport(s->name);
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf why = { 0 };
	int64_t *number = arena_new(&strings, sizeof(*number));

	if (param_find(s->name) == NULL && row != NULL &&
	    param_view_expand(v, s->value, &value) &&
	    param_check(row, buf_str(&value), number, &why))
		*map_puts(&per_transport, s->name) = number;
}

static bool
fill_all(struct param_view *v, struct buf *errors)
{
	bool ok = true;

	PARAM_EACH(row)
		ok &= fill(v, row, errors);
	for (size_t i = 0; i < v->main.n; i++)
		fill_transport(v, &v->main.at[i]);
	for (size_t i = 0; i < v->own.n; i++)
		if (str_eq(v->own.at[i].section, v->section))
			fill_transport(v, &v->own.at[i]);
	return ok;
}

bool
param_load(const char *conf_dir, const char *service, struct buf *errors)
{
	struct arena scratch = { 0 };
	struct param_view v = { 0 };

	arena_free(&strings);
	map_free(&per_transport);
	params = (struct params){ 0 };

	bool ok = param_view_open(&v, &scratch, conf_dir, service, errors) &&
	    fill_all(&v, errors);
	param_view_close(&v);
	arena_free(&scratch);
	return ok;
}

int64_t
param_for_transport(const char *transport, const char *suffix)
{
	CLEAN_BUF struct buf name = { 0 };
	const struct param_row *row = param_find_suffix(suffix);

	buf_addf(&name, "%s_%s", transport, suffix);
	const int64_t *set = map_gets(&per_transport, buf_str(&name));
	if (set != NULL)
		return *set;

	const struct param_row *own = param_find(buf_str(&name));
	if (own != NULL)
		row = own;
	assert(row != NULL);
	const void *field = (const char *)&params + row->offset;
	return *(const int64_t *)field;
}

bool
param_has_word(const char *list, const char *word)
{
	struct slice rest = slice_of(list);
	struct slice item;

	while (slice_next_item(&rest, &item))
		if (slice_eq_nocase(item, word))
			return true;
	return false;
}
