/*
 * base64 - octets as text (RFC 4648 4), in one piece.
 *
 * Reading is strict: whole groups, padded, no other character, and no bits
 * behind the last octet; so a value has one form and no other.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

/* Appends, without line ends. */
void base64_put(struct buf *out, const void *bytes, size_t n);

/* Appends the octets; false, with out as it was, where the text is not
 * base64. */
MUST_CHECK bool base64_get(struct buf *out, struct slice text);
