/*
 * dmarc_from - the domains in whose name a message speaks: those of its From
 * field (RFC 7489 6.6.1).
 *
 * A message ought to have one From field with one address.  Several addresses
 * are judged by all of their domains; a message without a From field, with two
 * of them, or with one that cannot be read is malformed (RFC 5322 3.6), and
 * what a reader would be shown of it is anybody's guess.  An address without a
 * domain, or with an address literal, is passed over: nobody can have a policy
 * for it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

/* More domains than this are no mail of people. */
#define DMARC_FROM_MAX 5

struct dmarc_from {
	const char *domains[DMARC_FROM_MAX]; /* domain_ascii(), different */
	size_t n;                            /* 0: there is no policy */
};

/* From the fields of a header, folded as they came.  False with the reason in
 * *why where it is malformed. */
MUST_CHECK bool dmarc_from_read(struct arena *a, struct slice header,
    struct dmarc_from *out, const char **why);

/* The same of a field's value. */
MUST_CHECK bool dmarc_from_value(struct arena *a, struct slice value,
    struct dmarc_from *out, const char **why);

/* The domain of the first author, in that form, however the rest of the value
 * is written; NULL where he has none. */
const char *dmarc_from_first(struct arena *a, struct slice value);
