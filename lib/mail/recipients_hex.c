/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "recipients_hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void
hex_put(struct buf *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, digits[bytes[i] >> 4]);
		buf_addc(out, digits[bytes[i] & 15]);
	}
}

/* The value of a digit, or 16. */
static unsigned int
value_of(char c)
{
	const char *at = memchr(digits, char_lower(c), 16);

	return at != NULL ? (unsigned int)(at - digits) : 16;
}

bool
hex_get(struct slice text, uint8_t *bytes, size_t n)
{
	if (text.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned int high = value_of(text.at[2 * i]);
		unsigned int low = value_of(text.at[2 * i + 1]);

		if (high > 15 || low > 15)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
