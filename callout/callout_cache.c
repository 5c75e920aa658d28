/*
 * Two tables: `entries`, key to entry, and `ages`, the time of an entry and its
 * key to nothing, by which the oldest are found.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "callout_cache.h"

#include "param.h"
#include "store.h"

/* Of address space: an entry with its key is rarely above 300 bytes, and pages
 * are half empty at worst. */
#define MAP_PER_ENTRY ((size_t)1200)
#define MAP_LEAST     ((size_t)16 << 20)

#define AGE_HEAD 8 /* bytes of the time in a key of ages */

enum {
	ENTRIES,
	AGES,
};

static struct store *store;

bool
callout_cache_open(const char *path, const char **why)
{
	static const char *const tables[] = { "entries", "ages" };

	store = store_open(path, tables, ARRAY_LEN(tables),
	    MAP_LEAST +
		(size_t)params.address_verify_cache_limit * MAP_PER_ENTRY,
	    why);
	return store != NULL;
}

void
callout_cache_close(void)
{
	store_close(&store);
}

enum found
callout_cache_get(const char *key, int64_t now, struct buf *room,
    struct callout_entry *out)
{
	enum found found = store_get(store, ENTRIES, slice_of(key), room);

	if (found != FOUND_ONE)
		return found;
	return callout_entry_parse(room->text, room->len, out) &&
		callout_entry_age(out, now) != AGE_OVER
	    ? FOUND_ONE
	    : FOUND_NONE;
}

size_t
callout_cache_count(void)
{
	return store_count(store, ENTRIES);
}

static struct slice
slice_of_buf(const struct buf *b)
{
	return (struct slice){ buf_str(b), b->len };
}

static void
put_age_key(struct buf *out, int64_t when, const char *key)
{
	wire_put_u64(out, when > 0 ? (uint64_t)when : 0);
	buf_adds(out, key);
}

/* The age of an entry that is replaced. */
static void
drop_old_age(const char *key)
{
	CLEAN_BUF struct buf age = { 0 };
	CLEAN_BUF struct buf room = { 0 };
	struct callout_entry old;

	if (store_get(store, ENTRIES, slice_of(key), &room) != FOUND_ONE ||
	    !callout_entry_parse(room.text, room.len, &old))
		return;
	put_age_key(&age, old.when, key);
	store_drop(store, AGES, slice_of_buf(&age));
}

/* The oldest entry; its key lies behind the time in that of its age. */
static bool
drop_oldest(void)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	if (store_next(store, AGES, (struct slice){ 0 }, &key, &value) !=
	    FOUND_ONE)
		return false;
	if (key.len > AGE_HEAD)
		store_drop(store, ENTRIES,
		    (struct slice){ key.text + AGE_HEAD, key.len - AGE_HEAD });
	store_drop(store, AGES, slice_of_buf(&key));
	return true;
}

void
callout_cache_put(const char *key, const struct callout_entry *e)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf age = { 0 };
	size_t limit = (size_t)params.address_verify_cache_limit;

	callout_entry_put(&value, e);
	put_age_key(&age, e->when, key);
	drop_old_age(key);
	store_put(store, ENTRIES, slice_of(key), slice_of_buf(&value));
	store_put(store, AGES, slice_of_buf(&age), SLICE(""));
	for (size_t n = callout_cache_count(); n > limit; n--)
		if (!drop_oldest())
			break;
}

bool
callout_cache_commit(const char **why)
{
	return store_commit(store, why);
}
