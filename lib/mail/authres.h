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
