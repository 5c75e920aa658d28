/*
 * addr - mail addresses: RFC 5321 paths, RFC 5322 address lists.
 *
 * The internal form of an address is local@domain with the local part unquoted
 * and the domain in lower case; "" is the null sender.  A domain may be an
 * address literal "[1.2.3.4]", "[IPv6:...]".
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "str.h"

#define ADDR_LOCAL_MAX  64 /* RFC 5321 4.5.3.1.1; longer is refused */
#define ADDR_DOMAIN_MAX 255
#define ADDR_MAX        (ADDR_LOCAL_MAX + 1 + ADDR_DOMAIN_MAX)

struct addr {
	const char *local;  /* unquoted; in the arena */
	const char *domain; /* lower case; "" where there is none */
};

/* A path of MAIL FROM or RCPT TO at the cursor, "<...>" with a source route
 * skipped (RFC 5321 appendix C); the cursor stands behind it after.  Without
 * `strict`, the angle brackets may be missing, as Postfix allows.  A mere
 * <postmaster> has domain "". */
MUST_CHECK bool addr_parse_path(struct arena *a, const char **at, bool strict,
    struct addr *out, const char **why);

/* An internal address "local@domain" apart again (the last @ counts). */
struct addr addr_split(struct arena *a, const char *internal);

/* local@domain; "local" where the domain is "", "" for the null address. */
const char *addr_internal(struct arena *a, const struct addr *addr);

/* As SMTP and headers write it: the local part quoted where it must be. */
void addr_put(struct buf *out, const struct addr *addr);
void addr_put_internal(struct buf *out, const char *internal);

/* The addresses of a header field's value (To, Cc, Bcc, From): comments, groups,
 * routes and display names are passed over; broken parts are skipped to the next
 * comma and counted in *bad. */
struct addr_list {
	struct addr *at;
	size_t n;
	size_t bad;
};
struct addr_list addr_parse_list(struct arena *a, struct slice value);

/* user+ext split by recipient_delimiter characters; ext "" where none, and no
 * split for mailer-daemon, postmaster, double-bounce, or an empty user. */
void addr_split_extension(struct arena *a, const char *local,
    const char *delimiters, const char **user, const char **ext);

/* Letters, digits, hyphens, dots in the right places (RFC 1123), or an address
 * literal. */
bool addr_domain_valid(struct slice domain);
bool addr_literal_valid(struct slice literal);
