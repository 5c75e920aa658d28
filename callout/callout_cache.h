/*
 * callout_cache - answers about recipients, kept in LMDB across restarts.
 *
 * Opened before the rights are given up; afterwards nothing is opened.  The
 * programs of two generations share the file with LMDB's own lock, which they
 * both had opened: each sees what the other has committed, and one that is
 * killed in the middle leaves the last commit.  What is put is committed at the
 * end of the round, with one flush.
 *
 * It is a cache: one that cannot be read is begun anew, and where that fails
 * too nothing is kept, and questions are asked again.  At most
 * address_verify_cache_limit entries; the oldest go first.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "callout_entry.h"

/* The folder's owner opens the file, which so is its own: root opens nothing
 * that another user may have put there.  False where there will be none; why is
 * static. */
bool callout_cache_open(const char *path, const char **why);
void callout_cache_close(void);

/* FOUND_ONE: *out, with strings in room.  An entry that is over is none. */
enum found callout_cache_get(const char *key, int64_t now, struct buf *room,
    struct callout_entry *out);

/* Kept when callout_cache_commit() has said true; what cannot be kept is
 * forgotten. */
void callout_cache_put(const char *key, const struct callout_entry *e);
bool callout_cache_commit(const char **why);

/* Entries. */
size_t callout_cache_count(void);
