/*
 * tlsrpt - who wants reports about TLS (RFC 8460 3): the record at
 * _smtp._tls.DOMAIN, and what a rua names.  Pure.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

struct buf;

#define TLSRPT_URIS ((size_t)5) /* of a domain that are heeded */

/* Others are passed over; of these there must be one alone. */
bool tlsrpt_is_ours(struct slice record);

/* Appends the URIs of the record's rua, parted by blanks, at most TLSRPT_URIS.
 * What is neither mailto: nor https: is left out. */
MUST_CHECK bool tlsrpt_parse(struct slice record, struct buf *uris,
    const char **why);

/* "mailto:ADDRESS" with its escapes taken back (RFC 6068), the address valid:
 * appends it.  False where the URI is another one. */
MUST_CHECK bool tlsrpt_mailto(struct slice uri, struct buf *address);
