/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_memory.h"

#include <netinet/in.h>
#include <stdio.h>

#include "map.h"

/* Beyond that all is forgotten, which only costs time. */
#define ENTRIES_MAX 10000

#define KEY_MAX (INET6_ADDRSTRLEN + sizeof(":65535"))

static struct map failed; /* key to the time when it is forgotten */

static void
make_key(char key[KEY_MAX], const char *address, uint16_t port)
{
	(void)snprintf(key, KEY_MAX, "%s:%u", address, port);
}

void
smtp_memory_failed(const char *address, uint16_t port, int64_t now)
{
	char key[KEY_MAX];

	if (failed.len >= ENTRIES_MAX)
		map_free(&failed);
	make_key(key, address, port);
	*map_puts(&failed, key) = (void *)(intptr_t)(now + SMTP_MEMORY_TIME);
}

void
smtp_memory_reached(const char *address, uint16_t port)
{
	char key[KEY_MAX];

	if (failed.len == 0)
		return;
	make_key(key, address, port);
	(void)map_drops(&failed, key);
}

/* When it is forgotten, 0: there is nothing to forget. */
static int64_t
until(const char *address, uint16_t port)
{
	char key[KEY_MAX];

	if (failed.len == 0)
		return 0;
	make_key(key, address, port);
	const void *at = map_gets(&failed, key);
	return (intptr_t)at;
}

bool
smtp_memory_has(const char *address, uint16_t port, int64_t now)
{
	return until(address, port) > now;
}

bool
smtp_memory_is_fresh(const char *address, uint16_t port, int64_t now)
{
	return until(address, port) >
	    now + SMTP_MEMORY_TIME - SMTP_MEMORY_FRESH;
}
