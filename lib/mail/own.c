/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "own.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "map.h"
#include "param.h"
#include "str.h"

static struct map addresses; /* keys are the bytes of the address, 4 or 16 */
static struct buf fault;

static void
add(const struct sockaddr *sa)
{
	const struct sockaddr_in *four = (const void *)sa;
	const struct sockaddr_in6 *six = (const void *)sa;

	if (sa->sa_family == AF_INET)
		*map_put(&addresses, &four->sin_addr, 4) = &addresses;
	else if (sa->sa_family == AF_INET6)
		*map_put(&addresses, &six->sin6_addr, 16) = &addresses;
}

static bool
add_interfaces(bool loopback_only)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL &&
		    (!loopback_only || (i->ifa_flags & IFF_LOOPBACK) != 0))
			add(i->ifa_addr);
	freeifaddrs(all);
	return true;
}

/* A name stands for all addresses that it has. */
static bool
add_name(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all;

	if (getaddrinfo(name, NULL, &hints, &all) != 0)
		return false;
	for (struct addrinfo *i = all; i != NULL; i = i->ai_next)
		add(i->ai_addr);
	freeaddrinfo(all);
	return true;
}

static bool
add_item(struct slice item)
{
	CLEAN_BUF struct buf name = { 0 };

	if (slice_eq(item, "all"))
		return add_interfaces(false);
	if (slice_eq(item, "loopback-only"))
		return add_interfaces(true);
	if (item.len > 2 && item.at[0] == '[' && item.at[item.len - 1] == ']')
		item = (struct slice){ item.at + 1, item.len - 2 };
	buf_add(&name, item.at, item.len);
	return add_name(buf_str(&name));
}

static bool
add_list(const char *parameter, const char *list)
{
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item)) {
		if (add_item(item))
			continue;
		buf_reset(&fault);
		buf_addf(&fault, "%s: %.*s: no such address", parameter,
		    (int)item.len, item.at);
		return false;
	}
	return true;
}

bool
own_open(const char **why)
{
	own_close();
	if (add_list("inet_interfaces", params.inet_interfaces) &&
	    add_list("proxy_interfaces", params.proxy_interfaces))
		return true;
	*why = buf_str(&fault);
	return false;
}

void
own_close(void)
{
	map_free(&addresses);
}

bool
own_has(const char *address)
{
	unsigned char bits[16];

	if (inet_pton(AF_INET, address, bits) == 1)
		return map_get(&addresses, bits, 4) != NULL;
	if (inet_pton(AF_INET6, address, bits) == 1)
		return map_get(&addresses, bits, 16) != NULL;
	return false;
}
