/*
 * posthouse_dkim - a key of dkim_signing_table, and what the DNS says of it,
 * asked where nobody keeps old answers: at each name server of the zone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"

/* As dkim_file_key() of a file; its text is the caller's to free. */
MUST_CHECK EVP_PKEY *dkim_key_of_file(const char *path, struct buf *text,
    bool *waits, const char **why);

/* Appends the name of a key's record; a domain may be ".domain". */
void dkim_put_name(struct buf *out, const char *selector, const char *domain);

enum dkim_published {
	KEY_PUBLISHED,
	KEY_ABSENT,  /* a server has no such record */
	KEY_DIFFERS, /* a server has another key */
	KEY_UNKNOWN, /* a server did not answer, or none could be found */
};

/* Whether all servers that answer for `name` have the key of `record`; appends
 * a line for each of them.  dns_start() before it; what has not been answered
 * at `end` on the monotonic clock is not known. */
enum dkim_published dkim_published(const char *name, const char *record,
    int64_t end, struct buf *told);
