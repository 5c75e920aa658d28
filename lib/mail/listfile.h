/*
 * listfile - the items of a list such as mydestination or mynetworks, "!" and
 * "/file" understood.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

/* One item, without its !; false ends the walk, with why. */
typedef bool listfile_fn(void *arg, struct slice item, bool negated,
    const char **why);

/* Gives the items in order; those of a file in its place, which may name
 * further files.  A ! in front of a file holds for all that is in it.  False
 * with why. */
MUST_CHECK bool listfile_each(struct slice list, listfile_fn *fn, void *arg,
    const char **why);
