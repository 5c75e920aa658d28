/*
 * Lists of names such as mydestination.
 *
 * Entries are asked in order and the first that fits decides; one with ! says
 * no.  A /file stands for the entries that it holds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>

#include "listfile.h"
#include "table.h"
#include "table_type.h"

struct entry {
	bool negated;
	char *name;          /* in lower case */
	struct table *table; /* instead of a name */
};

struct namelist {
	struct entry *at;
	size_t n;
};

static bool
add(void *arg, struct slice item, bool negated, const char **why)
{
	struct namelist *list = arg;
	CLEAN_BUF struct buf text = { 0 };
	struct entry e = { .negated = negated };

	buf_add(&text, item.at, item.len);
	if (memchr(item.at, ':', item.len) != NULL && item.at[0] != '[') {
		e.table = table_open_here(buf_str(&text), why);
		if (e.table == NULL)
			return false;
	} else {
		e.name = buf_take(&text);
		str_lower(e.name);
	}
	list->at = xrealloc(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n++] = e;
	return true;
}

struct namelist *
namelist_open(const char *list, const char **why)
{
	struct namelist *n = xcalloc(1, sizeof(*n));

	if (!listfile_each(slice_of(list), add, n, why))
		namelist_close(&n);
	return n;
}

void
namelist_close(struct namelist **n)
{
	struct namelist *old = *n;

	*n = NULL;
	if (old == NULL)
		return;
	for (size_t i = 0; i < old->n; i++) {
		free(old->at[i].name);
		table_close(&old->at[i].table);
	}
	free(old->at);
	free(old);
}

static bool
name_fits(const char *entry, const char *name, bool parents)
{
	size_t n = strlen(name);
	size_t len = strlen(entry);

	if (str_eq_nocase(entry, name))
		return true;
	if (n <= len || !str_eq_nocase(name + n - len, entry))
		return false;
	return entry[0] == '.' || (parents && name[n - len - 1] == '.');
}

static enum found
table_has(struct table *t, const char *name, bool parents)
{
	struct tables one = { &t, 1 };
	CLEAN_BUF struct buf value = { 0 };

	return tables_get_domain(&one, name, parents, &value);
}

enum found
namelist_has(struct namelist *n, const char *name, bool parents)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct entry *e = &n->at[i];
		enum found found = FOUND_NONE;

		if (e->table != NULL)
			found = table_has(e->table, name, parents);
		else if (name_fits(e->name, name, parents))
			found = FOUND_ONE;
		if (found == FOUND_FAILED)
			return FOUND_FAILED;
		if (found == FOUND_ONE)
			return e->negated ? FOUND_NONE : FOUND_ONE;
	}
	return FOUND_NONE;
}
