/*
 * local_known - what lookup has just said of users.
 *
 * Much mail for a user comes at once, and the second message needs no other
 * answer than the first.  An answer is kept for KNOWN_TIME at most; that there
 * is no such user is never kept.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#define KNOWN_TIME ((int64_t)1000) /* milliseconds */

/* What lookup said of that user, until the end of the round; or NULL. */
const char *known_user(const char *name);

void known_user_is(const char *name, const char *value);
