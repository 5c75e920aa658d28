/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_files.h"

#include <string.h>

#include "dkim_sign.h"
#include "dkim_signature.h"
#include "param.h"
#include "table_type.h"

EVP_PKEY *
dkim_file_key(const struct buf *text, bool *waits, const char **why)
{
	*waits = str_starts(buf_str(text), DKIM_FILE_WAITS);
	return dkim_sign_key(text, why);
}

struct walk {
	dkim_files_fn *fn;
	void *arg;
	const char *why;
};

static void
full_path(struct buf *out, struct slice name)
{
	if (name.at[0] != '/')
		buf_addf(out, "%s/dkim/", params.config_directory);
	buf_add(out, name.at, name.len);
}

/* SELECTOR:FILE; false where it is none. */
static bool
walk_item(struct walk *w, const char *domain, struct slice item)
{
	CLEAN_BUF struct buf selector = { 0 }, path = { 0 };
	struct slice word;

	if (!slice_next_part(&item, ':', &word) || item.len == 0 ||
	    !dkim_domain_valid(word))
		return false;
	buf_add(&selector, word.at, word.len);
	full_path(&path, item);
	w->fn(w->arg, domain, buf_str(&selector), buf_str(&path));
	return true;
}

static bool
walk_entry(void *arg, const char *key, const char *value)
{
	struct walk *w = arg;
	struct slice rest = slice_of(value), item;
	bool ok = dkim_domain_valid(slice_of(key[0] == '.' ? key + 1 : key)) &&
	    value[0] != '\0';

	while (ok && slice_next_item(&rest, &item))
		ok = walk_item(w, key, item);
	if (!ok)
		w->why = table_why("%s: \"%s\" is not SELECTOR:FILE of a "
				   "domain",
		    key, value);
	return ok;
}

static bool
walk_table(struct walk *w, const char *spec)
{
	struct table *t = table_open(spec, &w->why);

	if (t == NULL)
		return false;
	const struct table_type *type = table_type_of(t);
	if (type->each == NULL)
		w->why = table_why("%s: a table of this type cannot be listed",
		    spec);
	else if (!table_each(t, walk_entry, w) && w->why == NULL)
		w->why = table_why("%s: it cannot be read", spec);
	table_close(&t);
	return w->why == NULL;
}

bool
dkim_files_each(dkim_files_fn *fn, void *arg, const char **why)
{
	struct slice rest = slice_of(params.dkim_signing_table), item;
	struct walk w = { fn, arg, NULL };

	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf spec = { 0 };

		buf_add(&spec, item.at, item.len);
		if (!walk_table(&w, buf_str(&spec))) {
			*why = w.why;
			return false;
		}
	}
	return true;
}
