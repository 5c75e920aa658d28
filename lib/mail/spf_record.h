/*
 * spf_record - an SPF record as its terms (RFC 7208 4.6.1, 5, 6, 12).
 *
 *	record    = "v=spf1" terms *SP
 *	terms     = *( 1*SP ( directive / modifier ) )
 *	directive = [ "+" / "-" / "?" / "~" ] mechanism
 *	modifier  = redirect / explanation / unknown-modifier
 *
 * The grammar is the RFC's and nothing beside it: one error anywhere makes the
 * whole record an error (RFC 7208 4.6), before any of it is evaluated.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

enum spf_result {
	SPF_NONE, /* no record, or nothing to look one up for */
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR, /* don't know: the DNS failed */
	SPF_PERMERROR, /* the domain's records are wrong */
};

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_result result; /* what its qualifier says of a match */
	struct slice text;      /* as written */
	struct slice domain;    /* a checked domain-spec, or empty */
	uint8_t net[16];        /* ip4, ip6 */
	unsigned int bits4, bits6;
};

/* Slices lie in the text that was parsed, terms in the arena. */
struct spf_record {
	const struct spf_term *terms;
	size_t n;
	struct slice redirect; /* domain-specs, or empty */
	struct slice explanation;
};

/* True for the text of a record that is meant as one (RFC 7208 4.5). */
bool spf_record_is(struct slice text);

/* Reads one; `why` names what is wrong, in the arena. */
MUST_CHECK bool spf_record_parse(struct arena *a, struct slice text,
    struct spf_record *out, const char **why);

/* "pass", "softfail" ... */
const char *spf_result_name(enum spf_result result);
