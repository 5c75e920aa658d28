/*
 * arc_sign - one more ARC set for a message that goes on (RFC 8617 5.1).
 *
 * Nothing is judged here: what was found out about the message is given, with
 * what was found out about its chain.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arc.h"
#include "dkim_sign.h"

/* Appends the three fields, to be put on top of the message.  signer: its forms
 * are those of the message signature; f: the fields of the message, with hash
 * that of its body; header: where its ARC sets are; results: behind the name of
 * Authentication-Results; cv: what its chain was when it came; now: in
 * milliseconds since 1970.  False, with nothing appended and why, where it can
 * have no more. */
MUST_CHECK bool arc_sign(const struct dkim_signer *signer,
    struct dkim_fields *f, const uint8_t hash[DKIM_HASH], struct slice header,
    struct slice results, enum arc_status cv, int64_t now, struct buf *out,
    const char **why);
