/*
 * srs - the sender rewriting scheme, as libsrs2 and postsrsd write it.
 *
 *	SRS0=HHHH=TT=example.org=user@srs_domain         we are the first
 *	SRS1=HHHH=relay.example==HHHH=TT=...@srs_domain  it did before us
 *
 * HHHH is the beginning of an HMAC-SHA1 in base64 over what is behind it, in
 * lower case; it is compared without regard to case, for hosts between may
 * change that.  TT are the days since 1970, modulo 1024, in base32.  The mark
 * behind SRS0 and SRS1 may be = + or -, and is = where we write it.
 *
 * An SRS1 address carries an SRS0 of the first forwarder, to which the way back
 * leads straight: however long the chain is, the address grows no further.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

#define SRS_SECRETS_MAX 64

/* A longer path is not to be relied on (RFC 5321 4.5.3.1.3). */
#define SRS_ADDRESS_MAX ((size_t)254)

struct srs_secrets {
	const char *at[SRS_SECRETS_MAX]; /* the first signs, all verify */
	size_t n;
};

struct srs {
	const char *domain;
	struct srs_secrets secrets; /* one at least */
	int64_t max_age;            /* days */
};

enum srs_verdict {
	SRS_NONE, /* no such address */
	SRS_GOOD,
	SRS_MALFORMED,
	SRS_FORGED,  /* none of our secrets made its hash */
	SRS_EXPIRED, /* older than max_age */
};

/* A file of secrets: one a line, the newest first; empty lines and those that
 * begin with # are passed over.  False with why. */
MUST_CHECK bool srs_secrets_parse(struct arena *a, struct slice text,
    struct srs_secrets *out, const char **why);

/* The address under which a message of this sender (internal form, not null) is
 * forwarded.  False: there is none, for it would be too long, or the sender has
 * no domain name.  `wall` is the time in milliseconds. */
MUST_CHECK bool srs_forward(struct arena *a, const struct srs *s, int64_t wall,
    const char *sender, const char **out);

/* True where the local part says that it is of this scheme. */
bool srs_is(const char *address);

/* Whom an address of the scheme (whatever its domain) stands for; *out only
 * where the verdict is SRS_GOOD. */
enum srs_verdict srs_back(struct arena *a, const struct srs *s, int64_t wall,
    const char *address, const char **out);
