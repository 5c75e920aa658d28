/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_virtual.h"

#include "num.h"
#include "param.h"
#include "str.h"
#include "table.h"

#define ID_MAX ((int64_t)UINT32_MAX - 1) /* the highest is "no change" */

static struct tables mailboxes, uids, gids;

bool
local_virtual_open(const char **why)
{
	return tables_open(&mailboxes, params.virtual_mailbox_maps, why) &&
	    tables_open(&uids, params.virtual_uid_maps, why) &&
	    tables_open(&gids, params.virtual_gid_maps, why);
}

/* A table may have put a part of the address into its value: no component may
 * lead out of the folder. */
const char *
local_virtual_path(struct arena *a, const char *base, const char *value)
{
	struct slice rest = slice_of(value);
	struct slice part;

	if (base[0] != '/' || value[0] == '\0')
		return NULL;
	while (slice_next_part(&rest, '/', &part))
		if (slice_eq(part, ".."))
			return NULL;
	return arena_printf(a, "%s%s%s", base,
	    str_ends(base, "/") || value[0] == '/' ? "" : "/", value);
}

bool
local_virtual_id(const char *text, int64_t min, uint32_t *out)
{
	int64_t n;

	if (!num_parse(text, min, ID_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
give_fate(struct dsn *fate, enum outcome outcome, const char *status,
    const char *text)
{
	*fate = dsn_of(outcome, FAULT_MESSAGE, status, text);
	return false;
}

static bool
find_id(struct arena *a, const struct tables *maps, const char *name,
    const char *address, int64_t min, uint32_t *out, struct dsn *fate)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found found = tables_get_address(maps, address, false, &value,
	    NULL);

	if (found == FOUND_FAILED)
		return give_fate(fate, OUTCOME_DEFER, "4.3.0",
		    arena_printf(a, "%s cannot be looked up", name));
	if (found == FOUND_NONE)
		return give_fate(fate, OUTCOME_DEFER, "4.3.5",
		    arena_printf(a, "%s has no entry for %s", name, address));
	if (!local_virtual_id(buf_str(&value), min, out))
		return give_fate(fate, OUTCOME_DEFER, "4.3.5",
		    arena_printf(a, "%s: no such number is allowed: %s", name,
			buf_str(&value)));
	return true;
}

bool
local_virtual_find(struct arena *a, const char *address,
    struct local_virtual *out, struct dsn *fate)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found found = tables_get_address(&mailboxes, address, false,
	    &value, NULL);

	if (found == FOUND_FAILED)
		return give_fate(fate, OUTCOME_DEFER, "4.3.0",
		    "virtual_mailbox_maps cannot be looked up");
	if (found == FOUND_NONE)
		return give_fate(fate, OUTCOME_BOUNCE, "5.1.1",
		    arena_printf(a, "unknown user: \"%s\"", address));
	out->path = local_virtual_path(a, params.virtual_mailbox_base,
	    buf_str(&value));
	if (out->path == NULL)
		return give_fate(fate, OUTCOME_DEFER, "4.3.5",
		    arena_printf(a,
			"virtual_mailbox_maps: no path below "
			"virtual_mailbox_base: %s",
			buf_str(&value)));
	return find_id(a, &uids, "virtual_uid_maps", address,
		   params.virtual_minimum_uid, &out->uid, fate) &&
	    find_id(a, &gids, "virtual_gid_maps", address, 1, &out->gid, fate);
}
