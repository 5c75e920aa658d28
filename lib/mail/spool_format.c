/*
 * The head is 192 bytes: magic, version, the fields listed below, zeros, and
 * the checksum of all that in the last four.  An entry of the journal begins
 * with 16 bytes: type, length and checksum of the payload, and the checksum of
 * these three, so that a damaged length is not taken for a torn end.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spool_format.h"

#include <string.h>

#include "wire.h"

#define CRC_AT (SPOOL_HEAD_SIZE - 4)

/* Not text, and changed by whatever changes line ends or strips bit 8. */
static const char magic[8] = { (char)0x89, 'P', 'H', 'Q', '\r', '\n', 0x1a,
	'\n' };

#define HEAD_FIELDS(FIELD)     \
	FIELD(u32, flags)      \
	FIELD(time, arrived)   \
	FIELD(u64, data_at)    \
	FIELD(u64, data_len)   \
	FIELD(u64, head_at)    \
	FIELD(u64, head_len)   \
	FIELD(u64, env_at)     \
	FIELD(u64, env_len)    \
	FIELD(u64, journal_at) \
	FIELD(u32, data_crc)   \
	FIELD(u32, head_crc)   \
	FIELD(u32, env_crc)    \
	FIELD(u64, max_line)   \
	FIELD(u64, n_rcpt)

void
spool_put_head(char out[SPOOL_HEAD_SIZE], const struct spool_head *h)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_add(&b, magic, sizeof(magic));
	wire_put_u32(&b, SPOOL_VERSION);
#define PUT(type, name) wire_put_##type(&b, h->name);
	HEAD_FIELDS(PUT)
#undef PUT
	while (b.len < CRC_AT)
		buf_addc(&b, '\0');
	wire_put_u32(&b, wire_crc(0, buf_str(&b), b.len));
	memcpy(out, buf_str(&b), SPOOL_HEAD_SIZE);
}

/* True where `len` bytes from `at` on end at `end`. */
static bool
spans(uint64_t at, uint64_t len, uint64_t end)
{
	return at <= end && end - at == len;
}

static bool
parts_fit(const struct spool_head *h, uint64_t size)
{
	return h->data_at == SPOOL_HEAD_SIZE &&
	    spans(h->data_at, h->data_len, h->head_at) &&
	    spans(h->head_at, h->head_len, h->env_at) &&
	    spans(h->env_at, h->env_len, h->journal_at) &&
	    h->journal_at <= size && size <= INT64_MAX &&
	    h->env_len <= SPOOL_ENV_MAX;
}

/* The checksum comes after magic and version: a file of a later version may
 * have it elsewhere, and should be called what it is. */
static const char *
read_head(const char *in, uint64_t size, struct spool_head *h)
{
	struct wire w = wire_open(in + sizeof(magic),
	    SPOOL_HEAD_SIZE - sizeof(magic));
	struct wire crc = wire_open(in + CRC_AT, 4);

	if (memcmp(in, magic, sizeof(magic)) != 0)
		return "not a whole queue file: it has no head";
	if (wire_get_u32(&w) != SPOOL_VERSION)
		return "a version of queue file that is not known here";
	if (wire_get_u32(&crc) != wire_crc(0, in, CRC_AT))
		return "the head is damaged";

#define GET(type, name) h->name = wire_get_##type(&w);
	HEAD_FIELDS(GET)
#undef GET
	if (!parts_fit(h, size))
		return "the parts do not fit the file";
	return NULL;
}

bool
spool_get_head(const char in[SPOOL_HEAD_SIZE], uint64_t size,
    struct spool_head *out, const char **why)
{
	struct spool_head h = { 0 };
	const char *wrong = read_head(in, size, &h);

	if (wrong != NULL) {
		*why = wrong;
		return false;
	}
	*out = h;
	return true;
}

void
spool_put_entry_head(struct buf *out, const struct spool_entry_head *e)
{
	size_t start = out->len;

	wire_put_u32(out, e->type);
	wire_put_u32(out, e->len);
	wire_put_u32(out, e->crc);
	wire_put_u32(out, wire_crc(0, buf_str(out) + start, 12));
}

bool
spool_get_entry_head(const char in[SPOOL_ENTRY_HEAD],
    struct spool_entry_head *out)
{
	struct wire w = wire_open(in, SPOOL_ENTRY_HEAD);

	out->type = wire_get_u32(&w);
	out->len = wire_get_u32(&w);
	out->crc = wire_get_u32(&w);
	return wire_get_u32(&w) == wire_crc(0, in, 12) &&
	    out->len <= SPOOL_ENTRY_MAX;
}
