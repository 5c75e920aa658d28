/*
 * scram - the keys of SCRAM-SHA-256 (RFC 5802 3, RFC 7677).
 *
 * A server keeps a verifier, from which nobody can log in:
 *
 *	SCRAM-SHA-256$4096:c2FsdA==$<StoredKey>:<ServerKey>
 *
 * (RFC 5803 4; what stands behind $ and : is base64).  A client makes its keys
 * of the password, and of salt and count that the server tells it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

#define SCRAM_KEY      32 /* of SHA-256 */
#define SCRAM_SALT_MAX 64

/* What a verifier is made with, and what a client is ready to do: the most
 * takes a third of a second, and a hostile server can ask for it. */
#define SCRAM_SALT      16
#define SCRAM_COUNT     65536
#define SCRAM_COUNT_MIN 4096
#define SCRAM_COUNT_MAX 1000000

struct scram_verifier {
	uint8_t salt[SCRAM_SALT_MAX];
	size_t salt_len;
	uint32_t count;
	uint8_t stored[SCRAM_KEY];
	uint8_t server[SCRAM_KEY];
};

/* The keys of a password; takes count rounds, so it takes its time.  client is
 * only for the client; a server keeps out alone.  False where the library
 * fails. */
MUST_CHECK bool scram_keys(struct slice password, struct slice salt,
    uint32_t count, uint8_t client[SCRAM_KEY], struct scram_verifier *out);

/* A verifier as text, and back: false with why. */
void scram_put(struct buf *out, const struct scram_verifier *v);
MUST_CHECK bool scram_parse(const char *text, struct scram_verifier *out,
    const char **why);

/* HMAC-SHA-256.  False where the library fails. */
MUST_CHECK bool scram_hmac(const uint8_t key[SCRAM_KEY], struct slice text,
    uint8_t out[SCRAM_KEY]);

/* What proves the client: its key, masked with the signature of the dialogue
 * (the same step makes it and takes it apart). */
MUST_CHECK bool scram_mask(const uint8_t stored[SCRAM_KEY], struct slice text,
    const uint8_t in[SCRAM_KEY], uint8_t out[SCRAM_KEY]);

/* Whether this client key belongs to the stored one; takes the same time
 * whether or not. */
MUST_CHECK bool scram_is_key(const uint8_t client[SCRAM_KEY],
    const uint8_t stored[SCRAM_KEY]);
