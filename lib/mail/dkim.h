/*
 * dkim - what DKIM and ARC are made of: tag lists, and the canonical form of
 * header fields and of a body (RFC 6376 3.2, 3.4).
 *
 *	struct dkim_body b;
 *
 *	dkim_body_start(&b, DKIM_RELAXED);
 *	dkim_body_feed(&b, bytes, n);              cut anywhere
 *	dkim_body_end(&b);                         b.hash, b.len
 *	dkim_body_free(&b);
 *
 * All of it is pure, keeps no more than a few hundred bytes of a body, and
 * takes text from anybody.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"
#include "str.h"

#define DKIM_HASH     32 /* bytes of a SHA-256 */
#define DKIM_TAGS_MAX 40
#define DKIM_CUTS_MAX 24

/* ---- tag lists ---- */

/* The slices point into the list. */
struct dkim_tag {
	struct slice name;
	struct slice value; /* without white space at its ends */
	struct slice raw;   /* all between "=" and ";" */
};

struct dkim_tags {
	struct dkim_tag at[DKIM_TAGS_MAX];
	size_t n;
};

/* False with why where it is none, or a name stands in it twice. */
MUST_CHECK bool dkim_tags_parse(struct slice text, struct dkim_tags *out,
    const char **why);

/* The tag of that name, or NULL. */
const struct dkim_tag *dkim_tag(const struct dkim_tags *tags, const char *name);

/* Appends the value without white space. */
void dkim_squeeze(struct buf *out, struct slice value);

/* The next of a list of words parted by colons, without white space at its
 * ends; false at the end. */
bool dkim_next_word(struct slice *rest, struct slice *word);

/* Appends what base64 text means; white space may stand anywhere in it.  False
 * where it is none. */
MUST_CHECK bool dkim_base64_get(struct buf *out, struct slice text);
void dkim_base64_put(struct buf *out, const void *bytes, size_t n);

/* ---- canonical forms ---- */

enum dkim_canon {
	DKIM_SIMPLE,
	DKIM_RELAXED,
};

const char *dkim_canon_name(enum dkim_canon canon);

/* Appends a header field, which is given with its line end (or without its last
 * one: then it is without afterwards). */
void dkim_canon_field(struct buf *out, enum dkim_canon canon,
    struct slice field);

/* The hash of the first bytes of the canonical body (the tag l). */
struct dkim_cut {
	uint64_t at;
	uint8_t hash[DKIM_HASH];
	bool reached; /* the body has so many */
};

struct dkim_body {
	enum dkim_canon canon;
	EVP_MD_CTX *md;
	uint64_t len;            /* canonical bytes hashed */
	uint8_t hash[DKIM_HASH]; /* of all, after the end */
	struct dkim_cut cuts[DKIM_CUTS_MAX];
	size_t n_cuts;
	uint64_t ends; /* line ends that may be the last of the body */
	bool blank;    /* white space that may be the last of its line */
	bool cr;       /* the last byte was CR */
	bool any;      /* something was put out */
	char out[512]; /* canonical, and not yet hashed */
	size_t n_out;
};

void dkim_body_start(struct dkim_body *b, enum dkim_canon canon);

/* Before the first byte: wants the hash of the first `at` bytes too; gives its
 * number in cuts.  False where there are too many. */
MUST_CHECK bool dkim_body_cut(struct dkim_body *b, uint64_t at, size_t *number);

void dkim_body_feed(struct dkim_body *b, const void *bytes, size_t n);
void dkim_body_end(struct dkim_body *b);
void dkim_body_free(struct dkim_body *b);

/* Before the rights are given up: OpenSSL looks for its parts once.  Ends in
 * log_fatal where that fails. */
void dkim_start(void);

/* SHA-256, looked up once. */
const EVP_MD *dkim_sha256(void);
