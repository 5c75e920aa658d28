/*
 * local_world - the tables of local: aliases, and what an address means here.
 *
 * Opened before the rights are given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "local_expand.h"

/* False with why, naming the parameter. */
MUST_CHECK bool local_world_open(const char **why);

extern const struct expand_world local_world;
