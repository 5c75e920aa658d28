/*
 * map - from a byte string to a pointer.
 *
 *	struct map users = { 0 };
 *	*map_put(&users, "alice", 5) = alice;
 *	struct user *u = map_get(&users, "alice", 5);
 *
 * All bits zero is an empty map.  The hash is seeded once a process, because
 * keys are chosen by strangers.  The map copies its keys and never touches the
 * values.  Order of iteration is unspecified; while iterating nothing may be
 * added, and only the current entry may be dropped.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct map_entry;

struct map {
	struct map_entry **slots;
	size_t room; /* a power of two, or 0 */
	size_t len;  /* entries */
};

struct map_entry {
	struct map_entry *next;
	void *value;
	uint64_t hash;
	size_t len;
	char key[]; /* ends in a NUL that does not count */
};

/* The value, or NULL where there is no such key. */
void *map_get(const struct map *m, const void *key, size_t len);

/* The place of the key's value; a new key's value is NULL. */
MUST_CHECK void **map_put(struct map *m, const void *key, size_t len);

/* Takes the key out and gives its value, or NULL. */
void *map_drop(struct map *m, const void *key, size_t len);

/* The same with keys that are strings. */
void *map_gets(const struct map *m, const char *key);
MUST_CHECK void **map_puts(struct map *m, const char *key);
void *map_drops(struct map *m, const char *key);

/* The entry after e, or the first for NULL; NULL at the end. */
struct map_entry *map_next(const struct map *m, const struct map_entry *e);

#define MAP_EACH(m, e)                                                 \
	for (struct map_entry *e = map_next((m), NULL), *e##_n = NULL; \
	     e != NULL && ((e##_n = map_next((m), e)), true); e = e##_n)

/* Frees keys and table; the values are the caller's. */
void map_free(struct map *m);

/* The seeded hash, for tables of another shape. */
uint64_t map_hash(const void *key, size_t len);
