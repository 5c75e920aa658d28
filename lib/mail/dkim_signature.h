/*
 * dkim_signature - what a DKIM-Signature field says (RFC 6376 3.5), or an
 * ARC-Message-Signature (RFC 8617 4.1.2), which has no v and i is a number.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dkim.h"

/* Names in h, at most. */
#define DKIM_NAMES_MAX 500

/* What came of a signature (RFC 8601 2.7.1). */
enum dkim_result {
	DKIM_NONE, /* not judged as yet */
	DKIM_PASS,
	DKIM_FAIL,
	DKIM_POLICY,  /* it may be right, but is too weak to count */
	DKIM_NEUTRAL, /* it is not well-formed */
	DKIM_TEMPERROR,
	DKIM_PERMERROR,
};

const char *dkim_result_name(enum dkim_result result);

enum dkim_algorithm {
	DKIM_UNKNOWN,
	DKIM_RSA_SHA256,
	DKIM_ED25519_SHA256,
	DKIM_RSA_SHA1, /* means nothing any more (RFC 8301 3.1) */
};

const char *dkim_algorithm_name(enum dkim_algorithm algorithm);

/* Strings and slices live as long as the field and the arena. */
struct dkim_signature {
	struct slice field; /* as given */
	struct slice b_raw; /* what is left out when it is hashed */
	enum dkim_algorithm algorithm;
	enum dkim_canon header, body;
	const char *domain;   /* d, in lower case */
	const char *selector; /* s, in lower case */
	const char *identity; /* i: of it, the domain in lower case */
	struct slice local;   /* and what stands in front of the @ */
	struct slice names;   /* h */
	struct slice b, bh;   /* decoded */
	bool has_length;
	uint64_t length;   /* l */
	int64_t signed_at; /* t, seconds; -1: not said */
	int64_t expires;   /* x */
};

/* A whole field.  False with why where it is none; what was read by then stays
 * in out, for the log: domain and selector are never NULL. */
MUST_CHECK bool dkim_signature_parse(struct arena *a, struct slice field,
    bool arc, struct dkim_signature *out, const char **why);

/* A name that the DNS could have, of letters, digits, hyphens and
 * underscores. */
bool dkim_domain_valid(struct slice name);

/* Such a name in lower case, where it is not ASCII in A-labels (RFC 8616 5);
 * NULL where it is none. */
const char *dkim_domain(struct arena *a, struct slice name);
