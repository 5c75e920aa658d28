/*
 * local_vars - $name in forward_path and luser_relay, for one recipient.
 *
 * $name, ${name}, ${name?text if it is not empty}, ${name:text if it is}.  This
 * is no language: what a name stands for is put in as it is and not looked at
 * again.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"

struct local_var {
	const char *name;
	const char *value;
};

/* What a stranger says as part of a path: it names no folder. */
const char *local_vars_safe(struct arena *a, const char *text);

/* False where a name is unknown or a brace is missing; out is then
 * untouched. */
MUST_CHECK bool local_vars_expand(struct buf *out, const char *text,
    const struct local_var *vars, size_t n);
