/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "domains.h"

#include <string.h>

#include "listfile.h"
#include "table_type.h"

struct walk {
	domains_fn *fn;
	domains_fn *closed;
	void *arg;
};

static bool
is_domain(const char *name)
{
	return name[0] != '.' && strchr(name, '.') != NULL &&
	    strpbrk(name, "@:/[]*") == NULL && !str_ends(name, ".localhost") &&
	    !str_starts(name, "localhost.");
}

static bool
on_key(void *arg, const char *key, const char *value)
{
	const struct walk *w = arg;
	CLEAN_STR char *name = xstrdup(key);

	(void)value;
	str_lower(name);
	if (is_domain(name))
		w->fn(w->arg, name);
	return true;
}

static bool
walk_table(struct walk *w, const char *spec, const char **why)
{
	struct table *t = table_open_here(spec, why);

	if (t == NULL)
		return false;
	bool listed = table_type_of(t)->each != NULL &&
	    table_each(t, on_key, w);
	if (!listed && w->closed != NULL)
		w->closed(w->arg, spec);
	table_close(&t);
	return true;
}

static bool
on_item(void *arg, struct slice item, bool negated, const char **why)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_add(&text, item.at, item.len);
	if (negated)
		return true;
	if (memchr(item.at, ':', item.len) != NULL && item.at[0] != '[')
		return walk_table(arg, buf_str(&text), why);
	return on_key(arg, buf_str(&text), "");
}

bool
domains_each(const char *list, domains_fn *fn, domains_fn *closed, void *arg,
    const char **why)
{
	struct walk w = { fn, closed, arg };

	return listfile_each(slice_of(list), on_item, &w, why);
}
