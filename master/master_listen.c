/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

/* What the words of inet_interfaces stand for. */
static const struct word {
	const char *word;
	const char *v4, *v6;
} words[] = {
	{ "all", "0.0.0.0", "::" },
	{ "loopback-only", "127.0.0.1", "::1" },
};

struct expansion {
	struct listen_addrs *out;
	const char *protocols;
	uint16_t port;
	bool may_miss;
};

static bool
has_protocol(const char *protocols, int family)
{
	return param_has_word(protocols, "all") ||
	    param_has_word(protocols, family == AF_INET ? "ipv4" : "ipv6");
}

static void
name_address(struct listen_addr *a)
{
	char host[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in6 *in6 = (const void *)&a->sa;
	const struct sockaddr_in *in = (const void *)&a->sa;
	bool v6 = a->sa.ss_family == AF_INET6;

	/* Cannot fail: family and room are right. */
	(void)inet_ntop(a->sa.ss_family,
	    v6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr,
	    host, sizeof(host));
	(void)snprintf(a->text, sizeof(a->text),
	    v6 ? "inet:[%s]:%u" : "inet:%s:%u", host,
	    ntohs(v6 ? in6->sin6_port : in->sin_port));
}

static void
add(const struct expansion *e, const struct addrinfo *from)
{
	struct listen_addr a = { .may_miss = e->may_miss };

	if (!has_protocol(e->protocols, from->ai_family))
		return;
	memcpy(&a.sa, from->ai_addr, from->ai_addrlen);
	a.len = from->ai_addrlen;
	if (from->ai_family == AF_INET6)
		((struct sockaddr_in6 *)&a.sa)->sin6_port = htons(e->port);
	else
		((struct sockaddr_in *)&a.sa)->sin_port = htons(e->port);
	name_address(&a);
	for (size_t i = 0; i < e->out->n; i++)
		if (str_eq(e->out->at[i].text, a.text))
			return;
	e->out->at = xrealloc(e->out->at, e->out->n + 1, sizeof(*e->out->at));
	e->out->at[e->out->n++] = a;
}

/* A name or an address, [v6] too; names are looked up where that is asked for
 * in inet_interfaces. */
static bool
add_host(const struct expansion *e, const char *host, int flags,
    const char **why)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags,
	};
	struct addrinfo *found;
	char bare[256] = "";
	size_t len = strlen(host);

	if (len > 2 && host[0] == '[' && host[len - 1] == ']' &&
	    len < sizeof(bare)) {
		memcpy(bare, host + 1, len - 2);
		host = bare;
	}

	int error = getaddrinfo(host, NULL, &hints, &found);
	if (error != 0) {
		*why = gai_strerror(error);
		return false;
	}
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
		if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
			add(e, at);
	freeaddrinfo(found);
	return true;
}

/* One item of inet_interfaces. */
static bool
add_interface(const struct expansion *e, const char *item, const char **why)
{
	struct expansion loose = *e;

	loose.may_miss = param_has_word(e->protocols, "all");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq_nocase(item, words[i].word))
			return add_host(&loose, words[i].v4, AI_NUMERICHOST,
				   why) &&
			    add_host(&loose, words[i].v6, AI_NUMERICHOST, why);
	return add_host(e, item, 0, why);
}

bool
listen_expand(const struct listen_item *item, const char *interfaces,
    const char *protocols, struct listen_addrs *out, const char **why)
{
	struct expansion e = {
		.out = out,
		.protocols = protocols,
		.port = item->port,
	};
	struct slice rest = slice_of(interfaces);
	struct slice one;
	char text[256];

	if (item->addr[0] != '\0') {
		e.protocols = "all"; /* it was named */
		return add_host(&e, item->addr, AI_NUMERICHOST, why);
	}
	while (slice_next_item(&rest, &one)) {
		if (one.len >= sizeof(text)) {
			*why = "too long";
			return false;
		}
		memcpy(text, one.at, one.len);
		text[one.len] = '\0';
		if (!add_interface(&e, text, why))
			return false;
	}
	if (out->n == 0) {
		*why = "inet_interfaces and inet_protocols leave no address";
		return false;
	}
	return true;
}

void
listen_addrs_free(struct listen_addrs *a)
{
	free(a->at);
	*a = (struct listen_addrs){ 0 };
}
