/*
 * spf_macro - the macros of SPF records and explanations (RFC 7208 7).
 *
 *	macro-string     = *( macro-expand / macro-literal )
 *	macro-expand     = ( "%{" macro-letter transformers *delimiter "}" )
 *	                   / "%%" / "%_" / "%-"
 *	macro-literal    = %x21-24 / %x26-7E
 *	domain-spec      = macro-string domain-end
 *	domain-end       = ( "." toplabel [ "." ] ) / macro-expand
 *	explain-string   = *( macro-string / SP )
 *
 * Text is checked whole before any of it is expanded; expansion cannot fail and
 * is bounded, however many macros there are.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

enum spf_text {
	SPF_MACRO_STRING, /* the value of an unknown modifier */
	SPF_DOMAIN_SPEC,
	SPF_EXPLANATION, /* blanks and the letters c, r and t too */
};

/* What the letters stand for: value[letter - 'a'], NULL is "". */
struct spf_letters {
	const char *value[26];
};

/* An explanation is not made longer than this; of a domain only the last bytes
 * are kept, so many at least. */
#define SPF_EXPANSION_MAX ((size_t)1024)

MUST_CHECK bool spf_macro_valid(struct slice text, enum spf_text kind,
    const char **why);

/* True where %{letter} is in checked text, in either case. */
bool spf_macro_uses(struct slice text, char letter);

/* Appends the expansion of checked text. */
void spf_macro_expand(struct buf *out, struct slice text, enum spf_text kind,
    const struct spf_letters *letters);
