/*
 * cidr - network addresses and networks.
 *
 * An IPv4 address that comes as IPv6 (::ffff:192.0.2.1) is the IPv4 address.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

struct cidr {
	int family;        /* AF_INET or AF_INET6 */
	unsigned int bits; /* of the network; all of them for an address */
	unsigned char addr[16];
};

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]". */
MUST_CHECK bool cidr_parse_addr(struct slice text, struct cidr *out);

/* An address, or a network: ADDR/BITS, [ADDR]/BITS, [ADDR/BITS].  Bits of the
 * address behind the network must be 0. */
MUST_CHECK bool cidr_parse(struct slice text, struct cidr *out,
    const char **why);

/* Whether the address is in the network. */
bool cidr_has(const struct cidr *net, const struct cidr *addr);
