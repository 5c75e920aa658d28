/*
 * Fuzz target: queue files.  The first byte says whether the input is a whole
 * file, or an envelope and the payloads of a journal's entries, for which right
 * checksums are made: nothing would come so far by chance.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spool.h"
#include "spool_format.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Two bytes: how long the next piece is. */
static struct slice
next_piece(const uint8_t **at, size_t *left)
{
	size_t len = 0;

	if (*left >= 2) {
		len = MIN((size_t)((*at)[0] << 8 | (*at)[1]), *left - 2);
		*at += 2;
		*left -= 2;
	}
	struct slice piece = { (const char *)*at, len };
	*at += len;
	*left -= len;
	return piece;
}

static void
put_file(struct buf *out, const uint8_t *at, size_t left)
{
	struct slice env = next_piece(&at, &left);
	struct wire w = wire_open(env.at, env.len);
	struct rec_env decoded;
	bool good = rec_get_env(&decoded, &w);
	struct spool_head head = { .data_at = SPOOL_HEAD_SIZE,
		.head_at = SPOOL_HEAD_SIZE,
		.env_at = SPOOL_HEAD_SIZE,
		.env_len = env.len,
		.env_crc = wire_crc(0, env.at, env.len),
		.journal_at = SPOOL_HEAD_SIZE + env.len,
		.n_rcpt = good ? decoded.n_rcpt : 0 };

	spool_put_head(buf_room(out, SPOOL_HEAD_SIZE), &head);
	buf_grown(out, SPOOL_HEAD_SIZE);
	buf_add(out, env.at, env.len);
	while (left > 0) {
		uint32_t type = *at % 6;

		at++;
		left--;
		struct slice payload = next_piece(&at, &left);
		struct spool_entry_head e = { .type = type,
			.len = (uint32_t)payload.len,
			.crc = wire_crc(0, payload.at, payload.len) };
		spool_put_entry_head(out, &e);
		buf_add(out, payload.at, payload.len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf file = { 0 };
	CLEAN_FD int fd = memfd_create("queue file", MFD_CLOEXEC);
	struct spool_message m;
	const char *why = NULL;

	if (n > 0 && bytes[0] % 2 == 0)
		put_file(&file, bytes + 1, n - 1);
	else if (n > 0)
		buf_add(&file, bytes + 1, n - 1);
	if (fd < 0 || write(fd, buf_str(&file), file.len) != (ssize_t)file.len)
		return 0;
	if (!spool_read(fd, &a, &m, true, &why))
		return why == NULL;

	/* Whatever was read is touched. */
	size_t total = strlen(m.env.sender);
	for (size_t i = 0; i < m.n_rcpts; i++)
		total += strlen(m.rcpts[i].env.address) +
		    strlen(m.rcpts[i].last.text) + strlen(m.rcpts[i].relay);
	return total == SIZE_MAX;
}
