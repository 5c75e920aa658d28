/*
 * rewrite - addresses completed, virtual aliases expanded.
 *
 * Uses the tables of route.h: route_open() first.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "arena.h"
#include "header.h"
#include "map.h"
#include "str.h"

/* append_at_myorigin and append_dot_mydomain; the null address stays. */
struct addr rewrite_complete(struct arena *a, struct addr addr);

/* True for the fields that hold addresses of people: From, To, Resent-Cc ... */
bool rewrite_is_address_field(const struct header_field *f);

/* Appends the value of such a field with its addresses completed, and leaves
 * all else as it is: comments, folding, what is broken. */
void rewrite_field_value(struct buf *out, struct slice value);

/* True where the recipient comes for the first time; case is ignored.  A
 * zeroed map is empty; map_free() it. */
bool rewrite_is_new(struct map *seen, const char *address);

/* What virtual aliases make of a recipient (internal form), each member
 * expanded again until none has an alias.  An address that is among its own
 * members stays one.  FOUND_NONE: it has no alias, and out holds it alone.
 * FOUND_FAILED: a table could not say, a limit was passed, or a value is no
 * list of addresses; why says which, for the log. */
struct rewrite_members {
	const char **at;
	size_t n;
};
enum found rewrite_virtual(struct arena *a, const char *address,
    struct rewrite_members *out, const char **why);
