/*
 * tls_chain - key and certificates as they lie in PEM files, and what is
 * wrong with them.
 *
 * A chain may have several leaves, of different kinds of keys; each leaf
 * has its private key, and the certificates that stand behind it up to the
 * next leaf. All zero is an empty chain.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/x509.h>

#include "tls.h"

#define TLS_LEAVES 4

struct tls_leaf {
	X509 *cert;
	STACK_OF(X509) * more; /* up to the root, which may be missing */
	EVP_PKEY *key;
	uint8_t name[TLS_DIGEST]; /* of the key */
};

struct tls_chain {
	struct tls_leaf leaves[TLS_LEAVES];
	size_t n;
};

/* What is wrong with a chain that could still be used. */
enum tls_fault {
	TLS_EXPIRED = 1 << 0,
	TLS_NOT_YET = 1 << 1,
	TLS_OTHER_NAME = 1 << 2, /* not for the host of this name */
	TLS_BROKEN_CHAIN = 1 << 3,
};

/* Reads the text of all files of a chain, one behind the other, and sees
 * that it is whole: every key has its certificate, and every leaf its key.
 * False with why. */
MUST_CHECK bool tls_chain_read(struct tls_chain *out, const struct buf *text,
    const char **why);
void tls_chain_free(struct tls_chain *c);

/* enum tls_fault bits; host "" has no name; now in milliseconds of the wall
 * clock. */
uint32_t tls_chain_faults(const struct tls_chain *c, const char *host,
    int64_t now);

/* What is said of the gravest of them. */
const char *tls_fault_text(uint32_t faults);

/* Whole days until the first certificate ends; negative when it has. */
int64_t tls_chain_days(const struct tls_chain *c, int64_t now);

/* The same in words: "in 20 days", "in 1 day", "in less than a day". */
void tls_chain_put_days(struct buf *out, int64_t days);
