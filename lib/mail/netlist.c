/*
 * Lists of networks such as mynetworks.
 *
 * Entries are asked in order and the first that fits decides; one with ! says
 * no.  A /file stands for the entries that it holds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>

#include "cidr.h"
#include "listfile.h"
#include "table.h"
#include "table_type.h"

struct entry {
	bool negated;
	struct cidr net;
	struct table *table; /* instead of a network */
};

struct netlist {
	struct entry *at;
	size_t n;
};

/* Letters and a colon.  An address such as fade::1 was recognised before. */
static bool
is_table(struct slice item)
{
	size_t n = 0;

	while (n < item.len && char_is_alpha(item.at[n]))
		n++;
	return n > 0 && n < item.len && item.at[n] == ':';
}

static bool
add(void *arg, struct slice item, bool negated, const char **why)
{
	struct netlist *list = arg;
	CLEAN_BUF struct buf text = { 0 };
	struct entry e = { .negated = negated };

	buf_add(&text, item.at, item.len);
	if (!cidr_parse(item, &e.net, why)) {
		if (!is_table(item)) {
			*why = table_why("%s: %s", buf_str(&text), *why);
			return false;
		}
		e.table = table_open_here(buf_str(&text), why);
		if (e.table == NULL)
			return false;
	}
	list->at = xrealloc(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n++] = e;
	return true;
}

struct netlist *
netlist_open(const char *list, const char **why)
{
	struct netlist *n = xcalloc(1, sizeof(*n));

	if (!listfile_each(slice_of(list), add, n, why))
		netlist_close(&n);
	return n;
}

void
netlist_close(struct netlist **n)
{
	struct netlist *old = *n;

	*n = NULL;
	if (old == NULL)
		return;
	for (size_t i = 0; i < old->n; i++)
		table_close(&old->at[i].table);
	free(old->at);
	free(old);
}

enum found
netlist_has(struct netlist *n, const char *addr)
{
	struct cidr a;

	if (!cidr_parse_addr(slice_of(addr), &a))
		return FOUND_NONE;
	for (size_t i = 0; i < n->n; i++) {
		const struct entry *e = &n->at[i];
		CLEAN_BUF struct buf value = { 0 };
		enum found found = FOUND_NONE;

		if (e->table != NULL)
			found = table_get(e->table, addr, &value);
		else if (cidr_has(&e->net, &a))
			found = FOUND_ONE;
		if (found == FOUND_FAILED)
			return FOUND_FAILED;
		if (found == FOUND_ONE)
			return e->negated ? FOUND_NONE : FOUND_ONE;
	}
	return FOUND_NONE;
}
