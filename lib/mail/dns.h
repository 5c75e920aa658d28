/*
 * dns - questions to the resolver, without blocking, with a small cache.
 *
 * c-ares carries the packets; names and answers are checked here and the cache
 * keeps what TTLs allow (also negative answers, RFC 2308).  dns_start() before
 * the rights are given up: it reads resolv.conf unless dns_servers is set, and
 * ends in log_fatal where it cannot.  Nothing is sent before the first
 * question, which needs the loop.
 *
 * "localhost" and names below it are answered here (RFC 6761), and so is
 * ".onion" (RFC 7686); a name that cannot exist is DNS_NXDOMAIN without asking.
 * A byte that no host's name has may be asked for as \DDD (RFC 1035 5.1).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "loop.h"
#include "str.h"

enum dns_status {
	DNS_OK,
	DNS_NODATA, /* the name exists, this type does not */
	DNS_NXDOMAIN,
	DNS_FAILED, /* SERVFAIL, timeout, malformed: don't know */
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52,
};

struct dns_record {
	uint16_t preference; /* MX */
	const char
	    *name; /* MX, NS, PTR: lower case, no dot at the end; "" for the
				root */
	const char *address; /* A, AAAA: as inet_ntop(3) writes it */
	struct slice data;   /* TXT (strings joined), TLSA (rdata) */
};

/* An answer lives until the callback returns. */
struct dns_answer {
	enum dns_status status;
	bool authentic; /* proved by DNSSEC: the AD bit of a trusted resolver */
	uint32_t ttl;
	const struct dns_record *records;
	size_t n;
	const char *name;   /* where the chain of CNAMEs ended; or NULL */
	const char *text;   /* for the log: "Host not found" ... */
	bool resolver_down; /* no name server answered at all */
};

struct dns_query; /* pending */

typedef void dns_fn(void *owner, const struct dns_answer *answer);

void dns_start(void);
void dns_stop(void);

/* Asks; the callback may come before this returns (from the cache; then NULL is
 * returned).  A query that is dropped never calls back; one that called back is
 * gone, so the callback forgets it before all else. */
struct dns_query *dns_ask(const char *name, enum dns_type type, dns_fn *fn,
    void *owner);
void dns_drop(struct dns_query **q);

/* DNSSEC can be relied on: every name server is in dns_trusted_servers. */
bool dns_is_trusted(void);

/* "4.3.2.1.in-addr.arpa" of a numeric address; false where it is none. */
MUST_CHECK bool dns_reverse_name(const char *address, char name[80]);
