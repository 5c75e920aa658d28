/*
 * arena - memory for what lives as long as a message, a transaction, a session
 * or a request.
 *
 * All bits zero is an empty arena.  What it gives is zeroed and cannot be freed
 * by itself; arena_free() takes everything back at once.  A pointer into an
 * arena may be stored only in an object of the same or a shorter life.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* bytes given out, for limits */
};

#define CLEAN_ARENA CLEANUP(arena_free)

/* Aligned for any type. */
MUST_CHECK void *arena_new(struct arena *a, size_t n);

MUST_CHECK char *arena_strdup(struct arena *a, const char *s);

/* n bytes and a NUL behind them. */
MUST_CHECK char *arena_memdup(struct arena *a, const void *bytes, size_t n);

MUST_CHECK char *arena_printf(struct arena *a, const char *fmt, ...)
    PRINTFLIKE(2, 3);

/* Forgets all, keeping one block for the next round. */
void arena_reset(struct arena *a);

/* Gives all memory back. */
void arena_free(struct arena *a);
