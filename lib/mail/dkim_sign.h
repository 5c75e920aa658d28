/*
 * dkim_sign - a DKIM-Signature field for a message of ours (RFC 6376 5, RFC
 * 8463).
 *
 * A field of each name in `names` is covered as often as it stands there, and
 * one of those in `oversigned` once more, so that nobody can add another one.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_fields.h"

struct dkim_signer {
	const char *start; /* of the field; NULL: "DKIM-Signature: v=1;" */
	const char *domain;
	const char *selector;
	EVP_PKEY *pkey; /* RSA or Ed25519, parsed once */
	enum dkim_canon header, body;
	const char *names;      /* a list as parameters have it */
	const char *oversigned; /* another one */
};

/* "relaxed/simple" and the like; false where it is none. */
MUST_CHECK bool dkim_canon_parse(const char *text, enum dkim_canon *header,
    enum dkim_canon *body);

/* Appends the field with its line end; hash is that of the body in its form,
 * now in milliseconds since 1970.  False where OpenSSL cannot sign. */
MUST_CHECK bool dkim_sign(const struct dkim_signer *s, struct dkim_fields *f,
    const uint8_t hash[DKIM_HASH], int64_t now, struct buf *out);

/* Appends the signature of a digest. */
MUST_CHECK bool dkim_sign_digest(EVP_PKEY *key, const uint8_t digest[DKIM_HASH],
    struct buf *out);

/* Appends a signature as the end of a field. */
void dkim_sign_put(struct buf *out, const struct buf *signature);

/* The private key of a PEM text, RSA of at least 1024 bits or Ed25519; NULL
 * with why. */
MUST_CHECK EVP_PKEY *dkim_sign_key(const struct buf *pem, const char **why);
