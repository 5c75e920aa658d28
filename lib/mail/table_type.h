/*
 * table_type - what a type of table must be able to do; for lib/mail/table*.c
 * and the commands that build tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"
#include "table.h"

/* False stops the walk. */
typedef bool table_each_fn(void *arg, const char *key, const char *value);

struct table_type {
	const char *name;
	bool whole_keys; /* table_whole_keys() */
	bool remote;     /* table_is_remote(): no functions */

	/* The table's state, from what stands behind "TYPE:"; NULL with why. */
	void *(*open)(const char *name, const char **why);
	enum found (*get)(void *state, const char *key, struct buf *out);
	void (*close)(void *state);

	/* All keys and values, where that is possible: false on failure. */
	bool (*each)(void *state, table_each_fn *fn, void *arg);
};

extern const struct table_type table_cidr;
extern const struct table_type table_fail;
extern const struct table_type table_inline;
extern const struct table_type table_lmdb;
extern const struct table_type table_pcre;
extern const struct table_type table_regexp;
extern const struct table_type table_static;
extern const struct table_type table_texthash;

const struct table_type *table_type_of(const struct table *t);

/* table_open() for who cannot ask the lookup program. */
MUST_CHECK struct table *table_open_here(const char *spec, const char **why);

/* Walks through a table whose type has `each`. */
MUST_CHECK bool table_each(struct table *t, table_each_fn *fn, void *arg);

/* The text of a failure, valid until the next call; a line end at its end is
 * dropped. */
const char *table_why(const char *fmt, ...) PRINTFLIKE(1, 2);

/* "{ text }" without braces and blanks; other text as it is. */
struct slice table_unbrace(struct slice s);
