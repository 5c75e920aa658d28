/*
 * authres - Authentication-Results header fields (RFC 8601).
 *
 *	authres-header = "Authentication-Results:" [CFWS] authserv-id
 *	                 [ CFWS version ] ( no-result / 1*resinfo ) [CFWS] CRLF
 *	authserv-id    = value (RFC 2045: token / quoted-string)
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "str.h"

/* Appends the authserv-id of a field's value, which may be folded, commented
 * and quoted.  False where none can be read. */
MUST_CHECK bool authres_id(struct slice value, struct buf *out);

/* True where the field speaks for this id, or may be read as if it did: it is
 * not well-formed. */
bool authres_claims(struct slice value, const char *id);

/* Appends "; method=result ptype.property=value", the value only where it is a
 * word that needs no quotes. */
void authres_put(struct buf *out, const char *method, const char *result,
    const char *property, const char *value);

/* True for a word of RFC 2045 5.1, which stands without quotes. */
bool authres_is_token(struct slice text);

/* Appends " property=value", and " reason=\"...\"", quoted where they must
 * be. */
void authres_property(struct buf *out, const char *property,
    struct slice value);
void authres_reason(struct buf *out, const char *why);

/* One result of a field, or something that is said of it. */
struct authres_word {
	const char *name;  /* "dmarc", "header.from", "reason": lower case */
	const char *value; /* without quotes */
	bool method;       /* a result begins with it */
};

/* Walks over the results of a field's value. */
struct authres_reader {
	struct slice rest;
	bool fresh; /* a result begins here */
};

/* Passes over what stands in front of the results: the authserv-id, and the
 * instance of an ARC field (with one more call).  False where nothing
 * follows. */
MUST_CHECK bool authres_enter(struct authres_reader *r);

/* The next word; comments, and what is none, are passed over.  False at the
 * end, and where the field is broken off. */
MUST_CHECK bool authres_next(struct authres_reader *r, struct arena *a,
    struct authres_word *out);
