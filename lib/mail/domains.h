/*
 * domains - the domain names in a list such as relay_domains, for who must look
 * at each of them.
 *
 * Exceptions, patterns, literals, names without a dot and localhost are passed
 * over.  Opens the files and tables that the list names: before the rights are
 * given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Calls fn for each, in lower case, and closed (may be NULL) for each table
 * whose keys cannot be listed.  False with why where the list is broken. */
typedef void domains_fn(void *arg, const char *name);
MUST_CHECK bool domains_each(const char *list, domains_fn *fn,
    domains_fn *closed, void *arg, const char **why);
