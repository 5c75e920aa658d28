/*
 * local_user - what lookup says of a user, and which part of an address names
 * him.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "util.h"

/* What lookup knows of a user. */
struct local_user {
	const char *name;
	const char *home;
	const char *shell;
	int64_t uid;
	bool root;
};

/* "name:uid:gid:home:shell:gecos"; false where it is not that. */
MUST_CHECK bool local_user_parse(struct arena *a, const char *value,
    struct local_user *out);

/* user and extension of a local part as recipient_delimiter says, in lower
 * case; owner-x and x-request stay whole (owner_request_special).  Whether the
 * whole local part is a user is not known here. */
void local_split(struct arena *a, const char *local, const char **user,
    const char **ext);
