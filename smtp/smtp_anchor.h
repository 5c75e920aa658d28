/*
 * smtp_anchor - who alone is trusted to vouch for the hosts of a next hop, in
 * the place of the CAs that everybody trusts: certificates and public keys in
 * files (smtp_tls_trust_anchor_file, and tafile= in smtp_tls_policy_maps).
 *
 * An anchor may be any certificate above the host's own, and its own time does
 * not count; whether the host sends it or not.  Files are read at the start,
 * since none can be opened later; a list of them is parted by commas or blanks.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "arena.h"

/* Before the rights are given up, behind smtp_policy_open().  What cannot be
 * read is told in the log. */
void smtp_anchor_open(void);

/* True where every file of the list was read; else false with why. */
MUST_CHECK bool smtp_anchor_has(struct arena *a, const char *list,
    const char **why);

/* The connection trusts those of the list alone, which has one at least; false
 * with no memory. */
MUST_CHECK bool smtp_anchor_use(SSL *ssl, const char *list);
