/*
 * wire - how values travel in packets and lie in files.
 *
 * Integers are big-endian, strings and blobs are counted (32 bits), a str ends
 * in a NUL that is counted and has none inside.  Errors of a reader stick:
 * after the first bad get every further one gives zero, "" or an empty blob,
 * and wire_done() says false; so a decoder is a straight line and is judged
 * once.  What a get gives points into the packet.
 *
 *	struct wire w = wire_open(packet, len);
 *	uint32_t n = wire_get_u32(&w);
 *	const char *sender = wire_get_str(&w);
 *	if (!wire_done(&w))
 *		refuse
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"
#include "util.h"

struct buf;

struct wire {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* The types that FIELD(type, name) of a .def list may have, as C types. */
typedef uint8_t wire_u8;
typedef uint16_t wire_u16;
typedef uint32_t wire_u32;
typedef uint64_t wire_u64;
typedef int64_t wire_time; /* milliseconds */
typedef const char *wire_str;
typedef struct slice wire_blob;

struct wire wire_open(const void *bytes, size_t len);

uint8_t wire_get_u8(struct wire *w);
uint16_t wire_get_u16(struct wire *w);
uint32_t wire_get_u32(struct wire *w);
uint64_t wire_get_u64(struct wire *w);
int64_t wire_get_time(struct wire *w);
const char *wire_get_str(struct wire *w);
struct slice wire_get_blob(struct wire *w);

/* True where every get was good and nothing is left over. */
MUST_CHECK bool wire_done(const struct wire *w);

/* True where every get was good so far and something is left. */
bool wire_more(const struct wire *w);

void wire_put_u8(struct buf *out, uint8_t v);
void wire_put_u16(struct buf *out, uint16_t v);
void wire_put_u32(struct buf *out, uint32_t v);
void wire_put_u64(struct buf *out, uint64_t v);
void wire_put_time(struct buf *out, int64_t v);
void wire_put_str(struct buf *out, const char *v); /* NULL is "" */
void wire_put_blob(struct buf *out, struct slice v);

/* For log_debug and tests: " name=value". */
void wire_show_u8(struct buf *out, const char *name, uint8_t v);
void wire_show_u16(struct buf *out, const char *name, uint16_t v);
void wire_show_u32(struct buf *out, const char *name, uint32_t v);
void wire_show_u64(struct buf *out, const char *name, uint64_t v);
void wire_show_time(struct buf *out, const char *name, int64_t v);
void wire_show_str(struct buf *out, const char *name, const char *v);
void wire_show_blob(struct buf *out, const char *name, struct slice v);

/* CRC-32C (Castagnoli) of what `crc` is the sum of (0: nothing) and these bytes
 * behind it; by the processor where it can, and by hand. */
uint32_t wire_crc(uint32_t crc, const void *bytes, size_t len);
uint32_t wire_crc_plain(uint32_t crc, const void *bytes, size_t len);
