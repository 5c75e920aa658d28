/*
 * seal_content - the content of a message, as another program hands it over: in
 * the packet, or as a file.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

/* Bytes read at a time, so that nobody waits long. */
#define SEAL_PIECE ((size_t)65536)

struct seal_content {
	struct buf text; /* where fd is -1 */
	int fd;
	uint64_t at, left; /* in the file, or the text */
};

/* Takes the descriptor, or keeps a copy of the bytes.  False where neither is
 * right: it is then empty. */
MUST_CHECK bool seal_content_open(struct seal_content *c, int fd, uint64_t at,
    uint64_t len, struct slice bytes);

/* The next piece replaces what is in out; nothing is the end.  False where the
 * file cannot be read. */
MUST_CHECK bool seal_content_read(struct seal_content *c, struct buf *out);

void seal_content_close(struct seal_content *c);
