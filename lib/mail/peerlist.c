/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "peerlist.h"

#include <stdlib.h>

#include "buf.h"
#include "cidr.h"
#include "listfile.h"
#include "table.h"

/* Tables are asked for the name and for the address. */
struct entry {
	bool negated;
	struct netlist *net; /* or: */
	struct namelist *name;
};

struct peerlist {
	struct entry *at;
	size_t n;
};

static bool
add(void *arg, struct slice item, bool negated, const char **why)
{
	struct peerlist *list = arg;
	CLEAN_BUF struct buf text = { 0 };
	struct entry e = { .negated = negated };
	struct cidr net;

	buf_add(&text, item.at, item.len);
	if (cidr_parse(item, &net, why))
		e.net = netlist_open(buf_str(&text), why);
	else
		e.name = namelist_open(buf_str(&text), why);
	if (e.net == NULL && e.name == NULL)
		return false;
	list->at = xrealloc(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n++] = e;
	return true;
}

struct peerlist *
peerlist_open(const char *list, const char **why)
{
	struct peerlist *p = xcalloc(1, sizeof(*p));

	if (!listfile_each(slice_of(list), add, p, why))
		peerlist_close(&p);
	return p;
}

void
peerlist_close(struct peerlist **pp)
{
	struct peerlist *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		netlist_close(&p->at[i].net);
		namelist_close(&p->at[i].name);
	}
	free(p->at);
	free(p);
}

static enum found
fits(const struct entry *e, const char *name, const char *addr, bool parents)
{
	enum found found;

	if (e->net != NULL)
		return netlist_has(e->net, addr);
	found = namelist_has(e->name, name, parents);
	return found == FOUND_NONE ? namelist_has(e->name, addr, false) : found;
}

enum found
peerlist_has(const struct peerlist *p, const char *name, const char *addr,
    bool parents)
{
	for (size_t i = 0; i < p->n; i++) {
		enum found found = fits(&p->at[i], name, addr, parents);

		if (found == FOUND_FAILED)
			return found;
		if (found == FOUND_ONE)
			return p->at[i].negated ? FOUND_NONE : FOUND_ONE;
	}
	return FOUND_NONE;
}
