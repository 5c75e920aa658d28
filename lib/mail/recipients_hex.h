/*
 * recipients_hex - hexadecimal digits, in lower case.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

void hex_put(struct buf *out, const uint8_t *bytes, size_t n);

/* Exactly n bytes; upper case counts too. */
MUST_CHECK bool hex_get(struct slice text, uint8_t *bytes, size_t n);
