/*
 * addr - mail addresses: RFC 5321 paths, RFC 5322 address lists.
 *
 * The internal form of an address is local@domain with the local part
 * unquoted and the domain in lower case; "" is the null sender.  A domain may
 * be an address literal "[1.2.3.4]", "[IPv6:...]".
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "str.h"

/* Longer is refused.  RFC 5321 4.5.3.1.1 has 64 for a local part, but asks
 * not to insist on it, and senders that carry a recipient's address in theirs
 * do not keep to it. */
#define ADDR_LOCAL_MAX  255
#define ADDR_DOMAIN_MAX 255
#define ADDR_MAX        (ADDR_LOCAL_MAX + 1 + ADDR_DOMAIN_MAX)

struct addr {
	const char *local;  /* unquoted; in the arena */
	const char *domain; /* lower case; "" where there is none */
};

/* An address of its unquoted parts, checked: lengths, printable ASCII, a
 * valid domain or none, no empty local part with a domain, no @ in a local
 * part without one (its internal form would be another address). */
MUST_CHECK bool addr_make(struct arena *a, struct slice local,
    struct slice domain, struct addr *out, const char **why);

/* A path of MAIL FROM or RCPT TO at the cursor, "<...>" with a source route
 * skipped (RFC 5321 appendix C); the cursor stands behind it after, and does
 * not move on failure.  "<>" is the null address, a mere <postmaster> has
 * domain "".  Without `strict` what Postfix allows passes too: blanks before
 * the path, no angle brackets (the path ends at a blank then), dots at odd
 * places of the local part, and one dot behind the domain. */
MUST_CHECK bool addr_parse_path(struct arena *a, const char **at, bool strict,
    struct addr *out, const char **why);

/* An internal address "local@domain" apart again (the last @ counts).
 * Nothing is checked. */
struct addr addr_split(struct arena *a, const char *internal);

/* local@domain; "local" where the domain is "", "" for the null address. */
const char *addr_internal(struct arena *a, const struct addr *addr);

/* As SMTP and headers write it: the local part quoted where it must be, no
 * angle brackets.  A control character, which no parser here lets in, becomes
 * '?'. */
void addr_put(struct buf *out, const struct addr *addr);
void addr_put_internal(struct buf *out, const char *internal);

/* The addresses of a header field's value (To, Cc, Bcc, From), which may be
 * folded: comments, groups, routes and display names are passed over; a
 * broken part is skipped to the next comma and counted in `bad`.  A comment
 * or a quoted string without an end takes the rest.  begins[i] and ends[i]
 * say where the text of at[i] stands in the value, for completing it there. */
struct addr_list {
	struct addr *at;
	size_t *begins, *ends;
	size_t n;
	size_t bad;
};
struct addr_list addr_parse_list(struct arena *a, struct slice value);

/* user+ext split at the first of the recipient_delimiter characters; ext ""
 * where there is none.  No split for mailer-daemon, postmaster,
 * double-bounce, an empty user, nor at a hyphen for owner-list and
 * list-request. */
void addr_split_extension(struct arena *a, const char *local,
    const char *delimiters, const char **user, const char **ext);

/* True where a program behind us might read a route into the local part: it
 * has an @, % or !. */
bool addr_has_route(const char *local);

/* Letters, digits, hyphens, underscores, dots in the right places (RFC 1123),
 * not only digits and dots; or an address literal. */
bool addr_domain_valid(struct slice domain);

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
bool addr_literal_valid(struct slice literal);
