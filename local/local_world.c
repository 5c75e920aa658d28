/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_world.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "addr.h"
#include "local_place.h"
#include "log.h"
#include "param.h"
#include "rewrite.h"
#include "route.h"
#include "str.h"
#include "table.h"

/* An alias table, and whose rights its commands have: its owner's, or those of
 * default_privs where that is root. */
struct alias_map {
	struct table *table;
	const char *rights;
};

static struct alias_map *maps;
static size_t n_maps;

/* The file of "TYPE:NAME", as it is written or as it was built. */
static const char *
owner_of(const char *spec)
{
	static const char *const ends[] = { ".lmdb", "" };
	const char *path = strchr(spec, ':');

	for (size_t i = 0; path != NULL && i < ARRAY_LEN(ends); i++) {
		CLEAN_BUF struct buf name = { 0 };
		struct stat st;

		buf_addf(&name, "%s%s", path + 1, ends[i]);
		if (stat(buf_str(&name), &st) < 0 || st.st_uid == 0)
			continue;
		const struct passwd *pw = getpwuid(st.st_uid);
		return pw != NULL ? xstrdup(pw->pw_name) : "";
	}
	return params.default_privs;
}

bool
local_world_open(const char **why)
{
	struct slice rest = slice_of(params.alias_maps);
	struct slice item;

	if (!route_open(why) || !local_place_open(why))
		return false;
	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf spec = { 0 };

		buf_add(&spec, item.at, item.len);
		struct table *table = table_open(buf_str(&spec), why);
		if (table == NULL)
			return false;
		maps = xrealloc(maps, n_maps + 1, sizeof(*maps));
		maps[n_maps++] = (struct alias_map){ table,
			owner_of(buf_str(&spec)) };
	}
	return true;
}

static enum found
find_alias(struct arena *a, const char *name, const char **value,
    const char **rights)
{
	for (size_t i = 0; i < n_maps; i++) {
		CLEAN_BUF struct buf out = { 0 };
		enum found found = table_get(maps[i].table, name, &out);

		if (found == FOUND_NONE)
			continue;
		*value = arena_strdup(a, buf_str(&out));
		*rights = maps[i].rights;
		return found;
	}
	return FOUND_NONE;
}

static const char *
complete(struct arena *a, struct addr addr)
{
	struct addr whole = rewrite_complete(a, addr);

	return addr_internal(a, &whole);
}

/* A virtual alias that cannot be looked up now leaves the address: its own
 * delivery meets the same table, and waits. */
static size_t
find_addresses(struct arena *a, const char *item, const char *const **out)
{
	struct addr_list list = addr_parse_list(a, slice_of(item));
	const char **found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list.n; i++) {
		const char *address = complete(a, list.at[i]);
		struct rewrite_members members = { 0 };
		const char *why;

		if (rewrite_virtual(a, address, &members, &why) != FOUND_ONE) {
			members.at = arena_new(a, sizeof(address));
			members.at[0] = address;
			members.n = 1;
		}
		const char **more = arena_new(a,
		    (n + members.n) * sizeof(address));
		if (n > 0)
			memcpy(more, found, n * sizeof(address));
		memcpy(more + n, members.at, members.n * sizeof(address));
		found = more;
		n += members.n;
	}
	*out = found;
	return n;
}

/* True for the transport that local_transport names. */
static bool
is_local_transport(const char *transport)
{
	struct slice rest = slice_of(params.local_transport);
	struct slice name;

	return slice_next_part(&rest, ':', &name) && slice_eq(name, transport);
}

/* By the route and not by the domain alone, because transport_maps may send one
 * user's mail elsewhere. */
static enum found
find_local_name(struct arena *a, const char *address, const char **name)
{
	struct route route;
	struct dsn why;
	enum found found = route_resolve(a, "", address, &route, &why);

	if (found != FOUND_ONE)
		return found;
	*name = addr_split(a, address).local;
	return route.class == ROUTE_LOCAL && is_local_transport(route.transport)
	    ? FOUND_ONE
	    : FOUND_NONE;
}

static enum found
find_elsewhere(struct arena *a, enum rcpt_kind kind, const char *user,
    const char *address)
{
	struct route route = { .transport = "local" };
	enum found found = route_mailbox(a,
	    kind == RCPT_NOBODY ? ROUTE_BOX_NOBODY : ROUTE_BOX_USER, user,
	    address, &route);

	if (found == FOUND_ONE && str_eq(route.transport, "local"))
		return FOUND_NONE;
	return found;
}

const struct expand_world local_world = {
	.alias = find_alias,
	.addresses = find_addresses,
	.local_name = find_local_name,
	.elsewhere = find_elsewhere,
};
