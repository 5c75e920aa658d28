/*
 * dkim_key - public keys as the DNS publishes them (RFC 6376 3.6.1, RFC 8463),
 * and what they say of a signature.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_signature.h"

/* RFC 8301 3.2; and what no honest domain needs, for its cost is ours. */
#define DKIM_BITS_MIN 1024
#define DKIM_BITS_MAX 4096

struct dkim_key {
	EVP_PKEY *pkey;
	bool ed25519;
	bool testing; /* t=y: the domain tries DKIM out */
	bool strict;  /* t=s: i must be of d itself */
};

/* Reads a key record: DKIM_PASS, or what a signature becomes by it, with why.
 * dkim_key_free() after a pass. */
MUST_CHECK enum dkim_result dkim_key_parse(struct slice record,
    struct dkim_key *out, const char **why);
void dkim_key_free(struct dkim_key *k);

/* Is `signature` that of the SHA-256 `digest` by this key? */
MUST_CHECK bool dkim_key_verify(const struct dkim_key *k,
    struct slice signature, const uint8_t digest[DKIM_HASH]);

/* Appends the record that publishes a private or public key. */
MUST_CHECK bool dkim_key_record(struct buf *out, EVP_PKEY *pkey);
