/*
 * table_rules - tables that are lists of patterns: cidr, regexp, pcre.
 *
 *	[!]PATTERN result
 *	if [!]PATTERN
 *	endif
 *
 * The first pattern that fits gives the result.  What a pattern is, is the
 * engine's.  A rules file is read whole when it is opened; a change needs a
 * reload.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "table_type.h"

#define RULES_GROUPS  32                /* $0 to $31 */
#define RULES_KEY_MAX ((size_t)1 << 16) /* longer keys are not asked for */

struct captures {
	size_t n;
	struct slice at[RULES_GROUPS];
};

struct rules_engine {
	const char *name;
	bool groups; /* results have $1; else they are as they stand */

	/* Takes the pattern off the cursor; NULL with why.  *groups gets the
	 * largest number that a result may name. */
	void *(*compile)(struct slice *rest, size_t *groups, const char **why);
	enum found (
	    *match)(const void *pattern, const char *key, struct captures *c);
	void (*free)(void *pattern);
};

void *rules_open(const struct rules_engine *engine, const char *path,
    const char **why);

/* The same from text; `file` is for messages. */
void *rules_parse(const struct rules_engine *engine, const char *file,
    struct slice text, const char **why);

enum found rules_get(void *state, const char *key, struct buf *out);
void rules_close(void *state);
