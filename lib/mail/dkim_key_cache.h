/*
 * dkim_key_cache - the public keys that were seen last, by the text of their
 * records.
 *
 * To read an RSA key costs OpenSSL several times what a signature by it does,
 * and most mail comes from few domains.  Whether a record is still the DNS's is
 * not asked here: another text is another key.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_key.h"

/* Records, and bytes of one; a longer one is not kept. */
#define DKIM_CACHE_KEYS  256
#define DKIM_CACHE_BYTES ((size_t)2048)

/* Gives what was kept of this record; the caller frees it as his own. */
MUST_CHECK bool dkim_cache_get(struct slice record, struct dkim_key *out);

/* Keeps the key of a record that is not kept yet; the longest unused one goes
 * where there are too many. */
void dkim_cache_put(struct slice record, const struct dkim_key *k);
