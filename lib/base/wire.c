/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "wire.h"

#include <inttypes.h>
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "buf.h"

#define SHOW_MAX ((size_t)200) /* bytes of a string in a dump */

struct wire
wire_open(const void *bytes, size_t len)
{
	return (struct wire){ .at = bytes, .left = len };
}

/* The next n bytes, or NULL after which nothing more comes. */
static const uint8_t *
take(struct wire *w, size_t n)
{
	if (w->bad || w->left < n) {
		w->bad = true;
		return NULL;
	}

	const uint8_t *at = w->at;
	w->at += n;
	w->left -= n;
	return at;
}

static uint64_t
get_number(struct wire *w, size_t bytes)
{
	const uint8_t *at = take(w, bytes);
	uint64_t v = 0;

	for (size_t i = 0; at != NULL && i < bytes; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t
wire_get_u8(struct wire *w)
{
	return (uint8_t)get_number(w, 1);
}

uint16_t
wire_get_u16(struct wire *w)
{
	return (uint16_t)get_number(w, 2);
}

uint32_t
wire_get_u32(struct wire *w)
{
	return (uint32_t)get_number(w, 4);
}

uint64_t
wire_get_u64(struct wire *w)
{
	return get_number(w, 8);
}

int64_t
wire_get_time(struct wire *w)
{
	return (int64_t)get_number(w, 8);
}

struct slice
wire_get_blob(struct wire *w)
{
	size_t n = wire_get_u32(w);
	const uint8_t *at = take(w, n);

	if (at == NULL)
		return SLICE("");
	return (struct slice){ (const char *)at, n };
}

const char *
wire_get_str(struct wire *w)
{
	struct slice s = wire_get_blob(w);

	if (s.len > 0 && memchr(s.at, '\0', s.len) == s.at + s.len - 1)
		return s.at;
	w->bad = true;
	return "";
}

bool
wire_done(const struct wire *w)
{
	return !w->bad && w->left == 0;
}

bool
wire_more(const struct wire *w)
{
	return !w->bad && w->left > 0;
}

static void
put_number(struct buf *out, uint64_t v, size_t bytes)
{
	uint8_t at[sizeof(v)];

	for (size_t i = bytes; i > 0; i--, v >>= 8)
		at[i - 1] = (uint8_t)v;
	buf_add(out, at, bytes);
}

void
wire_put_u8(struct buf *out, uint8_t v)
{
	put_number(out, v, 1);
}

void
wire_put_u16(struct buf *out, uint16_t v)
{
	put_number(out, v, 2);
}

void
wire_put_u32(struct buf *out, uint32_t v)
{
	put_number(out, v, 4);
}

void
wire_put_u64(struct buf *out, uint64_t v)
{
	put_number(out, v, 8);
}

void
wire_put_time(struct buf *out, int64_t v)
{
	put_number(out, (uint64_t)v, 8);
}

void
wire_put_blob(struct buf *out, struct slice v)
{
	wire_put_u32(out, (uint32_t)v.len);
	buf_add(out, v.at, v.len);
}

void
wire_put_str(struct buf *out, const char *v)
{
	if (v == NULL)
		v = "";
	wire_put_blob(out, (struct slice){ v, strlen(v) + 1 });
}

void
wire_show_u64(struct buf *out, const char *name, uint64_t v)
{
	buf_addf(out, " %s=%" PRIu64, name, v);
}

void
wire_show_u8(struct buf *out, const char *name, uint8_t v)
{
	wire_show_u64(out, name, v);
}

void
wire_show_u16(struct buf *out, const char *name, uint16_t v)
{
	wire_show_u64(out, name, v);
}

void
wire_show_u32(struct buf *out, const char *name, uint32_t v)
{
	wire_show_u64(out, name, v);
}

void
wire_show_time(struct buf *out, const char *name, int64_t v)
{
	buf_addf(out, " %s=%" PRId64, name, v);
}

void
wire_show_str(struct buf *out, const char *name, const char *v)
{
	buf_addf(out, " %s=\"", name);
	str_printable(out, v, strlen(v), SHOW_MAX);
	buf_addc(out, '"');
}

void
wire_show_blob(struct buf *out, const char *name, struct slice v)
{
	buf_addf(out, " %s=[%zu bytes]", name, v.len);
}

uint32_t
wire_crc_plain(uint32_t crc, const void *bytes, size_t len)
{
	/* The remainders of half a byte, for the reversed polynomial. */
	static const uint32_t half[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};
	const uint8_t *at = bytes;

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ half[crc & 15];
		crc = crc >> 4 ^ half[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc_by_instruction(uint32_t start, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t crc = (uint32_t)~start;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		crc = _mm_crc32_u64(crc, word);
	}
	for (; len > 0; at++, len--)
		crc = _mm_crc32_u8((uint32_t)crc, *at);
	return ~(uint32_t)crc;
}
#endif

uint32_t
wire_crc(uint32_t crc, const void *bytes, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc_by_instruction(crc, bytes, len);
#endif
	return wire_crc_plain(crc, bytes, len);
}
