/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tls_sni.h"

#include "param.h"
#include "str.h"
#include "table_type.h"

bool
tls_sni_open(struct tables *ts, const char **why)
{
	if (!tables_open(ts, params.tls_server_sni_maps, why))
		return false;
	for (size_t i = 0; i < ts->n; i++) {
		if (table_type_of(ts->at[i])->each != NULL)
			continue;
		*why = table_why("%s: such a table cannot be listed",
		    table_spec(ts->at[i]));
		tables_free(ts);
		return false;
	}
	return true;
}

/* Paths parted by blanks, however they were parted. */
static void
put_files(struct buf *out, const char *value)
{
	struct slice rest = slice_of(value), item;
	bool first = true;

	for (; slice_next_item(&rest, &item); first = false)
		buf_addf(out, "%s%.*s", first ? "" : " ", (int)item.len,
		    item.at);
}

struct walk {
	tls_sni_fn *fn;
	void *arg;
};

static bool
on_entry(void *arg, const char *key, const char *value)
{
	CLEAN_BUF struct buf files = { 0 };
	const struct walk *w = arg;

	put_files(&files, value);
	w->fn(w->arg, key, buf_str(&files));
	return true;
}

bool
tls_sni_each(const struct tables *ts, tls_sni_fn *fn, void *arg,
    const char **why)
{
	struct walk w = { fn, arg };

	for (size_t i = 0; i < ts->n; i++)
		if (!table_each(ts->at[i], on_entry, &w)) {
			*why = table_why("%s: it cannot be read",
			    table_spec(ts->at[i]));
			return false;
		}
	return true;
}

enum found
tls_sni_find(const struct tables *ts, const char *name, struct buf *out)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found found = tables_get_domain(ts, name, false, &value);

	if (found == FOUND_ONE)
		put_files(out, buf_str(&value));
	return found;
}
