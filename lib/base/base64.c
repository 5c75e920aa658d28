/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_put(struct buf *out, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (; n > 0; p += MIN(n, 3), n -= MIN(n, 3)) {
		uint32_t v = (uint32_t)p[0] << 16;

		if (n > 1)
			v |= (uint32_t)p[1] << 8;
		if (n > 2)
			v |= p[2];
		buf_addc(out, letters[v >> 18]);
		buf_addc(out, letters[v >> 12 & 63]);
		buf_addc(out, n > 1 ? letters[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? letters[v & 63] : '=');
	}
}

/* The value of a letter; 64 where it is none. */
static uint32_t
value_of(char c)
{
	const char *at = memchr(letters, c, sizeof(letters) - 1);

	return at != NULL ? (uint32_t)(at - letters) : 64;
}

/* One group of four; `n` octets come of it. */
static bool
get_group(struct buf *out, const char *at, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t bits = i <= n ? value_of(at[i]) : 0;

		if (bits > 63)
			return false;
		v = v << 6 | bits;
	}
	if ((v & ((uint32_t)0xffffff >> 8 * n)) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		buf_addc(out, (char)(v >> (16 - 8 * i) & 0xff));
	return true;
}

bool
base64_get(struct buf *out, struct slice text)
{
	size_t was = out->len;

	if (text.len % 4 != 0)
		return false;
	for (size_t at = 0; at < text.len; at += 4) {
		size_t n = 3;

		if (at + 4 == text.len && text.at[at + 3] == '=')
			n = text.at[at + 2] == '=' ? 1 : 2;
		if (!get_group(out, text.at + at, n)) {
			buf_cut(out, was);
			return false;
		}
	}
	return true;
}
