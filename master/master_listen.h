/*
 * From an item of `listen` to the addresses that are bound.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/socket.h>

#include "param.h"

struct listen_addr {
	struct sockaddr_storage sa;
	socklen_t len;
	char text[80]; /* "inet:127.0.0.1:25", "inet:[::1]:25" */
	bool may_miss; /* this host may have no such protocol */
};

struct listen_addrs {
	struct listen_addr *at;
	size_t n;
};

/* Adds the addresses of an inet: item.  Without an address of its own they come
 * from inet_interfaces ("all", "loopback-only", names and addresses), as far as
 * inet_protocols ("all", "ipv4", "ipv6") allows.  False with why; one that is
 * there already is not added again. */
MUST_CHECK bool listen_expand(const struct listen_item *item,
    const char *interfaces, const char *protocols, struct listen_addrs *out,
    const char **why);

void listen_addrs_free(struct listen_addrs *a);
