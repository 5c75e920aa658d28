/*
 * canonical - addresses in the form that others are to see: canonical(5) and
 * masquerading.
 *
 * canonical_maps and its like give a user another address; masquerade_domains
 * leave host names away.  Each says by classes where it holds.  What only other
 * hosts are to see is in smtp_generic_maps.  Uses route.h: route_open() first,
 * and both before the rights are given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "header.h"

enum canonical_class {
	CANONICAL_ENVELOPE_SENDER,
	CANONICAL_ENVELOPE_RCPT,
	CANONICAL_HEADER_SENDER,
	CANONICAL_HEADER_RCPT,
};

/* why is the name of a parameter and what is wrong with it. */
MUST_CHECK bool canonical_open(const char **why);
void canonical_close(void);

/* An address in internal form, complete and not null.  FOUND_ONE: it becomes
 * *out.  FOUND_FAILED: a table could not say, or says what is no address. */
enum found canonical_address(struct arena *a, enum canonical_class class,
    const char *address, const char **out);

/* Appends the value of a field with addresses (rewrite_is_address_field()),
 * and leaves all else in it as it is; FOUND_NONE: nothing was appended, for
 * nothing changes. */
enum found canonical_field(struct buf *out, const struct header_field *f,
    struct slice value);

/* ---- generic(5): what other hosts alone are to see ---- */

/* smtp_generic_maps: each address is looked up once. */
MUST_CHECK bool canonical_open_generic(const char **why);
bool canonical_has_generic(void);

/* As canonical_address() and canonical_field(). */
enum found canonical_generic(struct arena *a, const char *address,
    const char **out);
enum found canonical_generic_field(struct buf *out,
    const struct header_field *f);
