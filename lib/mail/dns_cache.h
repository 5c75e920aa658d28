/*
 * dns_cache - answers of the resolver, kept as the packets they came in for as
 * long as their TTL allows.
 *
 * Bounded by bytes; what was not used for longest goes first.  All bits zero is
 * an empty cache.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "map.h"

#define DNS_CACHE_MAX ((size_t)8 << 20)

struct dns_cached {
	struct list link;
	int64_t expires; /* loop_now() when it is too old */
	const char *key; /* lies behind the packet */
	size_t len;
	uint8_t packet[];
};

struct dns_cache {
	struct map entries;
	struct list by_use; /* oldest first */
	size_t bytes;
};

/* The packet of a key that is not too old, or NULL; good until the next put. */
const struct dns_cached *dns_cache_get(struct dns_cache *c, const char *key,
    int64_t now);

/* Keeps a copy, in place of an older one. */
void dns_cache_put(struct dns_cache *c, const char *key, const void *packet,
    size_t len, int64_t expires);

void dns_cache_free(struct dns_cache *c);
