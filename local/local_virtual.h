/*
 * local_virtual - mailboxes without an account: virtual(8) of Postfix.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dsn.h"

struct local_virtual {
	const char *path; /* ends in a slash for a Maildir */
	uint32_t uid, gid;
};

/* Opens the tables, before the rights are given up; why names the parameter. */
MUST_CHECK bool local_virtual_open(const char **why);

/* Where the mailbox is and whose; else false, with the recipient's fate. */
MUST_CHECK bool local_virtual_find(struct arena *a, const char *address,
    struct local_virtual *out, struct dsn *fate);

/* The checks alone: a path below base, and a number within bounds. */
const char *local_virtual_path(struct arena *a, const char *base,
    const char *value);
bool local_virtual_id(const char *text, int64_t min, uint32_t *out);
