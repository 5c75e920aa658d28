/*
 * domain_ascii - domain names in the one form in which they can be compared.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

/* A domain in lower case and A-labels (RFC 5890), without the dot at its end;
 * NULL where it is none. */
const char *domain_ascii(struct arena *a, struct slice domain);
