/*
 * make_cert - a key and a certificate signed by itself, so that TLS works from
 * the first minute.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Appends both in PEM: ECDSA on P-256, for these names (the first one is the
 * subject's; an empty one is passed over), good for ten years from now.  False
 * where the library cannot. */
MUST_CHECK bool make_cert(struct buf *pem, const char *host,
    const char *domain);
