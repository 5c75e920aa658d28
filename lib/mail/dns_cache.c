/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns_cache.h"

#include <stdlib.h>
#include <string.h>

/* What an entry costs besides packet and key: the map's own and its copy of the
 * key, roughly. */
#define OVERHEAD (sizeof(struct dns_cached) + sizeof(struct map_entry) + 64)

static size_t
cost(const struct dns_cached *e)
{
	return OVERHEAD + e->len + 2 * strlen(e->key);
}

static void
drop(struct dns_cache *c, struct dns_cached *e)
{
	(void)map_drops(&c->entries, e->key);
	list_drop(&e->link);
	c->bytes -= cost(e);
	free(e);
}

const struct dns_cached *
dns_cache_get(struct dns_cache *c, const char *key, int64_t now)
{
	struct dns_cached *e = map_gets(&c->entries, key);

	if (e == NULL)
		return NULL;
	if (e->expires <= now) {
		drop(c, e);
		return NULL;
	}
	list_drop(&e->link);
	list_append(&c->by_use, &e->link);
	return e;
}

void
dns_cache_put(struct dns_cache *c, const char *key, const void *packet,
    size_t len, int64_t expires)
{
	struct dns_cached *old = map_gets(&c->entries, key);
	size_t key_size = strlen(key) + 1;
	struct dns_cached *e = xcalloc(1, sizeof(*e) + len + key_size);

	if (old != NULL)
		drop(c, old);
	memcpy(e->packet, packet, len);
	memcpy(e->packet + len, key, key_size);
	e->len = len;
	e->key = (const char *)e->packet + len;
	e->expires = expires;
	*map_puts(&c->entries, key) = e;
	list_append(&c->by_use, &e->link);
	c->bytes += cost(e);
	while (c->bytes > DNS_CACHE_MAX && c->by_use.next != &e->link)
		drop(c, container_of(c->by_use.next, struct dns_cached, link));
}

void
dns_cache_free(struct dns_cache *c)
{
	while (!list_empty(&c->by_use))
		drop(c, container_of(c->by_use.next, struct dns_cached, link));
	map_free(&c->entries);
	*c = (struct dns_cache){ 0 };
}
