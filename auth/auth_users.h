/*
 * auth_users - the users of a password file, as it is now.
 *
 * What the file says takes force as a whole.  A line that cannot be read is
 * left out, with a warning, and so is a user's second one: one slip of the
 * pen locks one user out and not all.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "map.h"
#include "passfile.h"

struct auth_user {
	char *hash;
	bool has_verifier;
	struct scram_verifier verifier;
};

struct auth_users {
	struct map by_name;
	size_t verifiers; /* how many have one */
	char *pattern;    /* a hash that users have, or NULL: what a password of
			     nobody is checked with */
};

/* Replaces what is there by what the text says; path is for the log. */
void auth_users_read(struct auth_users *u, struct slice text, const char *path);
void auth_users_free(struct auth_users *u);

/* NULL where there is none. */
const struct auth_user *auth_users_find(const struct auth_users *u,
    const char *name);

/* The user's verifier, or one that nobody can use: of a salt that the name
 * always has, so that trying tells nothing.  False for that. */
void auth_users_secret(void);
bool auth_users_verifier(const struct auth_users *u, const char *name,
    struct scram_verifier *out);

/* A hash that no password has, and that takes as long to check as others. */
const char *auth_users_nobody(const struct auth_users *u);
