/*
 * spool_format - the bytes of a queue file's head and of a journal entry's, for
 * the spool modules alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "spool.h"

/* The head as it lies on disk. */
void spool_put_head(char out[SPOOL_HEAD_SIZE], const struct spool_head *h);

/* Magic, version, checksum, and that the parts lie one behind the other within
 * a file of this size. */
MUST_CHECK bool spool_get_head(const char in[SPOOL_HEAD_SIZE], uint64_t size,
    struct spool_head *out, const char **why);

/* What stands in front of an entry's payload. */
struct spool_entry_head {
	uint32_t type; /* enum spool_entry */
	uint32_t len;  /* of the payload */
	uint32_t crc;  /* of the payload */
};

void spool_put_entry_head(struct buf *out, const struct spool_entry_head *e);
MUST_CHECK bool spool_get_entry_head(const char in[SPOOL_ENTRY_HEAD],
    struct spool_entry_head *out);

/* Heeds an entry whose checksum is good; false where it cannot be meant. */
MUST_CHECK bool spool_apply(struct arena *a, struct spool_message *m,
    uint32_t type, const struct buf *payload);
