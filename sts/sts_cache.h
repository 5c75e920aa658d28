/*
 * sts_cache - policies across restarts: a policy binds for its max_age, however
 * often we are started meanwhile.
 *
 * At most CACHE_MAX entries; those that were fetched first go first.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "sts_entry.h"

#define CACHE_MAX ((size_t)50000)

/* Before the rights are given up.  False where nothing will be kept; why is
 * static. */
bool sts_cache_open(const char *path, const char **why);
void sts_cache_close(void);

/* FOUND_ONE: *out, with strings in room. */
enum found sts_cache_get(const char *domain, struct buf *room,
    struct sts_entry *out);

/* The first domain whose name is behind `after`. */
enum found sts_cache_next(const char *after, struct buf *domain,
    struct buf *room, struct sts_entry *out);

void sts_cache_put(const char *domain, const struct sts_entry *e);
void sts_cache_drop(const char *domain);

/* What was put is kept when this has said true. */
bool sts_cache_commit(const char **why);

size_t sts_cache_count(void);
