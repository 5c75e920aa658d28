/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "num.h"

#define ADDR_TEXT_MAX 64

static const unsigned char mapped[12] = {
	[10] = 0xff,
	[11] = 0xff,
};

static struct slice
without_brackets(struct slice s)
{
	if (s.len >= 2 && s.at[0] == '[' && s.at[s.len - 1] == ']')
		return (struct slice){ s.at + 1, s.len - 2 };
	return s;
}

bool
cidr_parse_addr(struct slice text, struct cidr *out)
{
	char copy[ADDR_TEXT_MAX];
	struct cidr c = { 0 };

	text = without_brackets(text);
	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';

	if (strlen(copy) == text.len && inet_pton(AF_INET, copy, c.addr) == 1)
		c.family = AF_INET;
	else if (strlen(copy) == text.len &&
	    inet_pton(AF_INET6, copy, c.addr) == 1)
		c.family = AF_INET6;
	else
		return false;
	if (c.family == AF_INET6 &&
	    memcmp(c.addr, mapped, sizeof(mapped)) == 0) {
		memmove(c.addr, c.addr + sizeof(mapped), 4);
		memset(c.addr + 4, 0, sizeof(c.addr) - 4);
		c.family = AF_INET;
	}
	c.bits = c.family == AF_INET ? 32 : 128;
	*out = c;
	return true;
}

/* Whether the first n bits are the same. */
static bool
same_bits(const unsigned char *a, const unsigned char *b, unsigned int n)
{
	unsigned int rest = n % 8;
	unsigned int mask = 0xffU << (8 - rest) & 0xffU;

	if (memcmp(a, b, n / 8) != 0)
		return false;
	return rest == 0 || ((a[n / 8] ^ b[n / 8]) & mask) == 0;
}

static bool
has_bits_behind(const struct cidr *c)
{
	static const unsigned char none[16];
	struct cidr host = *c;

	for (unsigned int i = 0; i < c->bits / 8; i++)
		host.addr[i] = 0;
	if (c->bits % 8 != 0)
		host.addr[c->bits / 8] &= (unsigned char)(0xffU >> c->bits % 8);
	return memcmp(host.addr, none, sizeof(none)) != 0;
}

bool
cidr_parse(struct slice text, struct cidr *out, const char **why)
{
	struct slice rest = without_brackets(text);
	struct slice addr = rest;
	struct cidr c;
	int64_t bits;

	bool network = memchr(rest.at, '/', rest.len) != NULL;
	(void)slice_next_part(&rest, '/', &addr); /* "" fails below */
	if (!cidr_parse_addr(addr, &c)) {
		*why = "not an address or network: write 192.0.2.0/24 or "
		       "[2001:db8::]/32";
		return false;
	}
	if (network) {
		if (!num_parse_len(rest.at, rest.len, 0, c.bits, &bits)) {
			*why = "what follows / is not a number of bits that "
			       "the address has";
			return false;
		}
		c.bits = (unsigned int)bits;
	}
	if (has_bits_behind(&c)) {
		*why = "the address has bits behind those of the network: "
		       "set them to 0, or lengthen the network";
		return false;
	}
	*out = c;
	return true;
}

bool
cidr_has(const struct cidr *net, const struct cidr *addr)
{
	return net->family == addr->family &&
	    same_bits(net->addr, addr->addr, net->bits);
}
