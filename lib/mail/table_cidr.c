/*
 * cidr:FILE - networks to results (cidr_table(5)).
 *
 * A key that is no address fits no pattern, not even one with !.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>

#include "cidr.h"
#include "table_rules.h"

static void *
compile(struct slice *rest, size_t *groups, const char **why)
{
	struct cidr *net = xcalloc(1, sizeof(*net));
	size_t n = 0;

	*groups = 0;
	while (n < rest->len && !char_is_space(rest->at[n]))
		n++;
	if (!cidr_parse((struct slice){ rest->at, n }, net, why)) {
		free(net);
		return NULL;
	}
	*rest = (struct slice){ rest->at + n, rest->len - n };
	return net;
}

static enum found
match(const void *pattern, const char *key, struct captures *c)
{
	struct cidr addr;

	(void)c;
	if (!cidr_parse_addr(slice_of(key), &addr))
		return FOUND_NONE;
	return cidr_has(pattern, &addr) ? FOUND_ONE : FOUND_NONE;
}

static const struct rules_engine engine = {
	.name = "cidr",
	.compile = compile,
	.match = match,
	.free = free,
};

static void *
cidr_open(const char *name, const char **why)
{
	return rules_open(&engine, name, why);
}

static enum found
cidr_get(void *state, const char *key, struct buf *out)
{
	struct cidr addr;

	if (!cidr_parse_addr(slice_of(key), &addr))
		return FOUND_NONE;
	return rules_get(state, key, out);
}

const struct table_type table_cidr = {
	.name = "cidr",
	.whole_keys = true,
	.open = cidr_open,
	.get = cidr_get,
	.close = rules_close,
};
