/*
 * srs_file - the file of the secrets of SRS.
 *
 * Above each secret stands the day on which it was made, as a comment; so it is
 * known how long the older ones are needed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Puts a new secret in front, and leaves those away that only addresses need
 * which are older than max_age days.  Makes the file, root's and 0600, where
 * there is none.  False with errno. */
MUST_CHECK bool srs_file_rotate(const char *path, int64_t max_age,
    int64_t wall);
