/*
 * store - what a program remembers across restarts: tables in one LMDB file of
 * its own.
 *
 * Opened before the rights are given up; afterwards nothing is opened.  The
 * programs of two generations share the file with LMDB's own lock, which they
 * both had opened: each sees what the other has committed, and one that is
 * killed in the middle leaves the last commit.  What is put is seen at once
 * here, and committed by store_commit(), with one flush.
 *
 * A file that cannot be read is begun anew.  NULL is a store that keeps
 * nothing.  A table is named by its number among those that were given; keys
 * are of 1 to STORE_KEY_MAX bytes, in the order of their bytes.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

#define STORE_KEY_MAX    ((size_t)511) /* LMDB's */
#define STORE_TABLES_MAX 4

struct buf;
struct store;

/* The file PATH.lmdb with these tables, of at most `map` bytes.  The folder's
 * owner opens it, which so is its own: root opens nothing that another user may
 * have put there.  NULL with why (static) where there will be none. */
struct store *store_open(const char *path, const char *const *tables, size_t n,
    size_t map, const char **why);
void store_close(struct store **s);

/* FOUND_ONE: *value is a copy. */
enum found store_get(struct store *s, size_t table, struct slice key,
    struct buf *value);

/* The first entry whose key is not below `from`. */
enum found store_next(struct store *s, size_t table, struct slice from,
    struct buf *key, struct buf *value);

/* Errors are told by store_commit(). */
void store_put(struct store *s, size_t table, struct slice key,
    struct slice value);
void store_drop(struct store *s, size_t table, struct slice key);

/* False: nothing of what was put and dropped since the last commit is kept. */
bool store_commit(struct store *s, const char **why);

size_t store_count(struct store *s, size_t table);
