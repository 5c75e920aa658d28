/*
 * dane - which keys a host's owner has published in the DNS (RFC 6698, 7671,
 * 7672).
 *
 * Only what DNSSEC proves counts: the answers must be authentic, from a
 * resolver that is trusted (dns_trusted_servers).  A host whose address is not
 * proved has no TLSA records for us, and is not asked for any; one whose
 * records cannot be had now is not to be used now (RFC 7672 2.1).
 *
 * The records are looked for at the name where the host's chain of CNAMEs
 * ends, then at its own (RFC 7672 2.2.3); the name where they were is the one
 * that the host has to have, beside that of the next hop.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/types.h>

#include "arena.h"
#include "dns.h"

struct smtp_host;

/* RFC 7218. */
enum dane_usage {
	DANE_TA = 2,
	DANE_EE = 3,
};

struct dane_record {
	uint8_t usage, selector, matching;
	struct slice data;
};

enum dane_found {
	DANE_NONE,     /* no records, or none that DNSSEC proves */
	DANE_RECORDS,  /* at least one that we can use */
	DANE_UNUSABLE, /* there are some, and we can use none of them */
	DANE_FAILED,   /* don't know; see why */
};

struct dane {
	enum dane_found found;
	const char *base; /* the name where they lie, without _25._tcp */
	const struct dane_record *records; /* the usable ones */
	size_t n;
	const char *why;    /* of NONE and FAILED, for texts */
	bool resolver_down; /* of FAILED */
	uint32_t ttl;
};

/* One record's data.  MATCH_NO: well-formed and of no use to us (RFC 7672 3.1:
 * usages 0 and 1 too); MATCH_BAD: malformed. */
MUST_CHECK enum match dane_parse(struct slice rdata, struct dane_record *out);

/* Does the record name this certificate, or its key? */
bool dane_names(const struct dane_record *r, X509 *cert);

/* "3 1 1 0a1b..." */
void dane_put(struct buf *out, const struct dane_record *r);

typedef void dane_fn(void *owner);

/* A look-up under way; zero is one that was not started. */
struct dane_lookup {
	struct dane result;
	struct arena *arena;
	const char *name;  /* of the host */
	const char *other; /* where to look next, or NULL */
	uint16_t port;
	struct dns_query *query;
	dane_fn *done;
	void *owner;
};

/* Calls done when it is over, which may be before this returns; the result is
 * in the arena. */
void dane_start(struct dane_lookup *l, struct arena *a,
    const struct smtp_host *host, dane_fn *done, void *owner);

/* Never calls done any more. */
void dane_stop(struct dane_lookup *l);
