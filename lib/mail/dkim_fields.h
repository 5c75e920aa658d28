/*
 * dkim_fields - the fields of a header by their names, and the hash that a
 * signature covers (RFC 6376 3.7, 5.4.2).
 *
 * All zero is empty.  The text is borrowed; what a hash costs depends on the
 * length of the header and of h, never on their product.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim.h"
#include "header.h"
#include "map.h"

struct dkim_field;

struct dkim_fields {
	struct dkim_field *at; /* in the order of the header */
	size_t n, room;
	struct map names; /* lower case, to struct dkim_name */
	uint32_t round;   /* of hashes */
	struct buf text;  /* what is hashed */
};

/* Fields of a header behind those that are there already. */
void dkim_fields_add(struct dkim_fields *f, struct slice header);

/* The i-th; the first of a name, or false; how many of it there are. */
struct header_field dkim_fields_get(const struct dkim_fields *f, size_t i);
MUST_CHECK bool dkim_fields_find(const struct dkim_fields *f, const char *name,
    struct header_field *out);
size_t dkim_fields_count(const struct dkim_fields *f, const char *name);

/* The hash over the fields that h names, from the last one of a name upwards,
 * and over the signature's own without b_raw, which is a part of it, and
 * without its line end. */
void dkim_fields_hash(struct dkim_fields *f, enum dkim_canon canon,
    struct slice h, struct slice own, struct slice b_raw,
    uint8_t digest[DKIM_HASH]);

/* Bytes that it holds. */
size_t dkim_fields_weight(const struct dkim_fields *f);

void dkim_fields_free(struct dkim_fields *f);
