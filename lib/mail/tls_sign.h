/*
 * tls_sign - private keys that are not here.
 *
 * A handshake needs one signature by the private key.  The key object made here
 * holds the public part alone; its method asks the program keys to sign, and
 * waits: a signature takes less than a millisecond, and a program that does not
 * answer in time fails the handshake.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "tls_chain.h"

enum tls_sign_kind {
	SIGN_ECDSA = 1, /* input: a digest of 32, 48 or 64 bytes */
	SIGN_RSA_PKCS1, /* input: DigestInfo (RFC 8017 9.2) */
	SIGN_RSA_PSS,   /* input: the encoded message (RFC 8017 9.1) */
};

/* Gives the signature, or false. */
typedef bool tls_sign_fn(const uint8_t name[TLS_DIGEST],
    enum tls_sign_kind kind, struct slice input, struct buf *signature);

/* Who is asked; at first the program keys, by this process's channel to it. */
void tls_sign_by(tls_sign_fn *ask);

/* The certificate's key, without its private part; NULL where the kind of key
 * is not known. */
MUST_CHECK EVP_PKEY *tls_sign_key(X509 *cert);

/* A chain as keys tells of it (msg.def: cert), with such keys.  False with
 * nothing taken. */
MUST_CHECK bool tls_sign_chain(struct tls_chain *out, struct slice leaves);

/* For the rules of a program that has a channel to keys: an answer that
 * came too late. */
bool tls_sign_late(struct chan *c, const void *body, size_t len, int fd);
