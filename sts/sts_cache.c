/*
 * Two tables: `policies`, domain to entry, and `ages`, the time at which an
 * entry was fetched and its domain to nothing, by which the oldest are found.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_cache.h"

#include "store.h"

/* Of address space; most policies have few patterns. */
#define MAP_SIZE ((size_t)128 << 20)

#define AGE_HEAD 8 /* bytes of the time in a key of ages */

enum {
	POLICIES,
	AGES,
};

static struct store *store;

bool
sts_cache_open(const char *path, const char **why)
{
	static const char *const tables[] = { "policies", "ages" };

	store = store_open(path, tables, ARRAY_LEN(tables), MAP_SIZE, why);
	return store != NULL;
}

void
sts_cache_close(void)
{
	store_close(&store);
}

static struct slice
slice_of_buf(const struct buf *b)
{
	return (struct slice){ buf_str(b), b->len };
}

enum found
sts_cache_get(const char *domain, struct buf *room, struct sts_entry *out)
{
	enum found found = store_get(store, POLICIES, slice_of(domain), room);

	if (found == FOUND_ONE && !sts_entry_parse(room->text, room->len, out))
		return FOUND_NONE;
	return found;
}

enum found
sts_cache_next(const char *after, struct buf *domain, struct buf *room,
    struct sts_entry *out)
{
	CLEAN_BUF struct buf from = { 0 };

	buf_addf(&from, "%s!", after); /* in front of every longer name */
	enum found found = store_next(store, POLICIES,
	    after[0] != '\0' ? slice_of_buf(&from) : SLICE(""), domain, room);
	if (found == FOUND_ONE && !sts_entry_parse(room->text, room->len, out))
		*out = (struct sts_entry){ .id = "", .policy = { .mx = "" } };
	return found;
}

static void
put_age_key(struct buf *out, int64_t when, const char *domain)
{
	wire_put_u64(out, when > 0 ? (uint64_t)when : 0);
	buf_adds(out, domain);
}

static void
drop_age(const char *domain)
{
	CLEAN_BUF struct buf age = { 0 };
	CLEAN_BUF struct buf room = { 0 };
	struct sts_entry old;

	if (sts_cache_get(domain, &room, &old) != FOUND_ONE)
		return;
	put_age_key(&age, old.fetched, domain);
	store_drop(store, AGES, slice_of_buf(&age));
}

/* The domain of the oldest lies behind the time in the key of its age. */
static bool
drop_oldest(void)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	if (store_next(store, AGES, SLICE(""), &key, &value) != FOUND_ONE)
		return false;
	if (key.len > AGE_HEAD)
		store_drop(store, POLICIES,
		    (struct slice){ key.text + AGE_HEAD, key.len - AGE_HEAD });
	store_drop(store, AGES, slice_of_buf(&key));
	return true;
}

void
sts_cache_put(const char *domain, const struct sts_entry *e)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf age = { 0 };

	sts_entry_put(&value, e);
	put_age_key(&age, e->fetched, domain);
	drop_age(domain);
	store_put(store, POLICIES, slice_of(domain), slice_of_buf(&value));
	store_put(store, AGES, slice_of_buf(&age), SLICE(""));
	for (size_t n = sts_cache_count(); n > CACHE_MAX; n--)
		if (!drop_oldest())
			break;
}

void
sts_cache_drop(const char *domain)
{
	drop_age(domain);
	store_drop(store, POLICIES, slice_of(domain));
}

bool
sts_cache_commit(const char **why)
{
	return store_commit(store, why);
}

size_t
sts_cache_count(void)
{
	return store_count(store, POLICIES);
}
