/*
 * smtp_hosts - which hosts to try for a next hop, and in which order.  Pure: no
 * DNS, no sockets, no clock.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"

#define SMTP_PORT 25

/* A next hop, taken apart:
 *
 *	example.org  example.org:2525     the MX hosts of a domain
 *	[mx.example.org]  [mx]:587        this host
 *	[192.0.2.1]  [2001:db8::1]  [IPv6:2001:db8::1]:25   this address
 */
struct smtp_target {
	const char *host; /* name or address */
	uint16_t port;
	bool mx;      /* its MX records count */
	bool literal; /* host is an address */
};

MUST_CHECK bool smtp_target_parse(struct arena *a, const char *nexthop,
    struct smtp_target *out, const char **why);

struct smtp_host {
	const char *name;
	const char *address; /* as inet_ntop(3) writes it */
	uint16_t port;
	uint16_t preference;   /* of its MX record */
	const char *canonical; /* where its chain of CNAMEs ends; or NULL */
	bool secure;           /* DNSSEC proves its address */
	bool mx_secure; /* and that it is the next hop's; or it was named */
	bool ipv6;
	bool self;   /* it is ourselves */
	bool failed; /* not long ago it could not be reached */
	bool best;   /* none is preferred to it; by smtp_hosts_order() */
};

struct smtp_hosts {
	struct smtp_host *at;
	size_t n, room;
	size_t dropped; /* behind the n: ourselves, and who is not better */
};

/* Adds one; the strings are borrowed. */
void smtp_hosts_add(struct smtp_hosts *h, struct arena *a,
    const struct smtp_host *host);

/* Leaves ourselves and all that are not better than we are (RFC 5321 5.1) out
 * of the n: true where that left nothing although something was there.  They
 * stay behind the others, by preference, for who wants to show them; nothing
 * may be added after. */
bool smtp_hosts_drop_self(struct smtp_hosts *h);

/* Our own best place among those that were left out, or NULL. */
const struct smtp_host *smtp_hosts_self(const struct smtp_hosts *h);

/* The family that leads among equals. */
enum smtp_family {
	SMTP_FAMILY_ANY,
	SMTP_FAMILY_IPV4,
	SMTP_FAMILY_IPV6,
};

/* Orders by preference; among equals shuffled if wished, and then the families
 * take turns, so that a family that does not work costs one try.  Those that
 * failed not long ago come last. */
void smtp_hosts_order(struct smtp_hosts *h, enum smtp_family family,
    bool shuffle, uint32_t (*random)(uint32_t below));
