/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_hosts.h"

#include <arpa/inet.h>
#include <string.h>

#include "num.h"
#include "str.h"

/* ---- next hops ---- */

/* Names of ports that are written in place of numbers. */
static const struct {
	const char *name;
	uint16_t port;
} ports[] = {
	{ "smtp", SMTP_PORT },
	{ "submission", 587 },
	{ "submissions", 465 },
	{ "smtps", 465 },
	{ "lmtp", 24 },
};

static bool
parse_port(struct slice text, uint16_t *port)
{
	int64_t number;

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (slice_eq_nocase(text, ports[i].name)) {
			*port = ports[i].port;
			return true;
		}
	if (!num_parse_len(text.at, text.len, 1, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool
is_address(const char *text)
{
	uint8_t at[16];

	return inet_pton(AF_INET, text, at) == 1 ||
	    inet_pton(AF_INET6, text, at) == 1;
}

/* The part between brackets, or in front of a colon, and what follows it. */
static bool
split(struct slice nexthop, struct slice *host, struct slice *rest)
{
	bool bracket = nexthop.len > 0 && nexthop.at[0] == '[';
	const char *end = nexthop.len == 0
	    ? NULL
	    : memchr(nexthop.at, bracket ? ']' : ':', nexthop.len);
	size_t start = bracket;
	size_t len = end != NULL ? (size_t)(end - nexthop.at) : nexthop.len;

	if (bracket && end == NULL)
		return false;
	*host = (struct slice){ nexthop.at + start, len - start };
	len += bracket;
	*rest = (struct slice){ nexthop.at + len, nexthop.len - len };
	return host->len > 0;
}

bool
smtp_target_parse(struct arena *a, const char *nexthop, struct smtp_target *out,
    const char **why)
{
	struct smtp_target t = { .port = SMTP_PORT, .mx = nexthop[0] != '[' };
	struct slice host, rest;

	if (!split(slice_of(nexthop), &host, &rest)) {
		*why = "the next hop has no host";
		return false;
	}
	if (rest.len > 0 &&
	    (rest.at[0] != ':' ||
		!parse_port((struct slice){ rest.at + 1, rest.len - 1 },
		    &t.port))) {
		*why = "the next hop has a malformed port";
		return false;
	}
	char *name = arena_memdup(a, host.at, host.len);
	if (!t.mx && str_starts_nocase(name, "IPv6:"))
		name += 5;
	str_lower(name);
	t.literal = !t.mx && is_address(name);
	t.host = name;
	*out = t;
	return true;
}

/* ---- lists ---- */

void
smtp_hosts_add(struct smtp_hosts *h, struct arena *a,
    const struct smtp_host *host)
{
	if (h->n == h->room) {
		size_t room = h->room == 0 ? 8 : 2 * h->room;
		struct smtp_host *more = arena_new(a, room * sizeof(*more));

		if (h->n > 0)
			memcpy(more, h->at, h->n * sizeof(*more));
		h->at = more;
		h->room = room;
	}
	h->at[h->n++] = *host;
}

static void
swap(struct smtp_host *a, struct smtp_host *b)
{
	struct smtp_host c = *a;

	*a = *b;
	*b = c;
}

static uint32_t
preference(const struct smtp_host *h)
{
	return h->preference;
}

/* By insertion: stable, and the lists are short. */
static void
sort_by(struct smtp_host *at, size_t n,
    uint32_t (*key)(const struct smtp_host *))
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && key(&at[k]) < key(&at[k - 1]); k--)
			swap(&at[k], &at[k - 1]);
}

bool
smtp_hosts_drop_self(struct smtp_hosts *h)
{
	uint32_t ours = UINT32_MAX;
	size_t all = h->n;

	for (size_t i = 0; i < all; i++)
		if (h->at[i].self)
			ours = MIN(ours, (uint32_t)h->at[i].preference);
	if (ours == UINT32_MAX)
		return false;
	sort_by(h->at, all, preference);
	while (h->n > 0 && h->at[h->n - 1].preference >= ours)
		h->n--;
	h->dropped = all - h->n;
	return h->n == 0;
}

const struct smtp_host *
smtp_hosts_self(const struct smtp_hosts *h)
{
	for (size_t i = h->n; i < h->n + h->dropped; i++)
		if (h->at[i].self)
			return &h->at[i];
	return NULL;
}

/* ---- order ---- */

static void
shuffle_all(struct smtp_hosts *h, uint32_t (*random)(uint32_t below))
{
	for (size_t i = h->n; i > 1; i--)
		swap(&h->at[i - 1], &h->at[random((uint32_t)i)]);
}

static uint32_t
rank(const struct smtp_host *h)
{
	return (uint32_t)h->failed << 16 | h->preference;
}

/* Brings the next host of the wished family to the front of at..end, keeping
 * the order of the others. */
static void
pull(struct smtp_host *at, const struct smtp_host *end, bool ipv6)
{
	for (struct smtp_host *p = at; p < end; p++) {
		if (p->ipv6 != ipv6)
			continue;
		for (; p > at; p--)
			swap(p, p - 1);
		return;
	}
}

static void
take_turns(struct smtp_host *at, size_t n, enum smtp_family family)
{
	bool ipv6 = family == SMTP_FAMILY_ANY ? at->ipv6
					      : family == SMTP_FAMILY_IPV6;

	for (size_t i = 0; i < n; i++, ipv6 = !ipv6)
		pull(at + i, at + n, ipv6);
}

static void
mark_best(struct smtp_hosts *h)
{
	uint16_t best = UINT16_MAX;

	for (size_t i = 0; i < h->n; i++)
		best = MIN(best, h->at[i].preference);
	for (size_t i = 0; i < h->n; i++)
		h->at[i].best = h->at[i].preference == best;
}

void
smtp_hosts_order(struct smtp_hosts *h, enum smtp_family family, bool shuffle,
    uint32_t (*random)(uint32_t below))
{
	mark_best(h);
	if (shuffle)
		shuffle_all(h, random);
	sort_by(h->at, h->n, rank);
	for (size_t i = 0, n; i < h->n; i += n) {
		for (n = 1;
		     i + n < h->n && rank(&h->at[i + n]) == rank(&h->at[i]);)
			n++;
		take_turns(h->at + i, n, family);
	}
}
