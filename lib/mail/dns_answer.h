/*
 * dns_answer - what a name server said, read strictly.
 *
 * A pure parser of DNS messages (RFC 1035 4): nothing is believed that was not
 * asked for, every length is checked, and a message with anything malformed in
 * its question, answer or authority sections says nothing at all.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dns.h"

#define DNS_CHAIN_MAX 8   /* CNAMEs followed */
#define DNS_NAME_MAX  256 /* a name as text, with its NUL */

struct dns_reply {
	struct dns_answer answer; /* everything in the arena */
	const char *target;       /* where the chain of CNAMEs ended */
	bool unfinished; /* it ended outside of what the server told: ask for
			    the target */
};

/* The answer to (name, type) in a packet.  False where it is not one, with the
 * reason in *why; *out is untouched then.  A server's refusal (SERVFAIL and the
 * like) is a well-formed DNS_FAILED. */
MUST_CHECK bool dns_parse(struct arena *a, const void *packet, size_t len,
    const char *name, enum dns_type type, struct dns_reply *out,
    const char **why);

/* True for a name that a host may have: labels of letters,
 * digits, hyphens and underscores, 1 to 63 each, 253 in all. */
bool dns_name_valid(const char *name);

/* The same with any bytes in the labels: all others are written as \DDD. */
bool dns_name_askable(const char *name);

/* The byte that a \DDD at the cursor stands for, with the cursor behind it; -1
 * where there is none. */
int dns_name_escape(const char **at);
