/*
 * logical - lines that go on: those of main.conf, of tables, of aliases.
 *
 * A logical line begins in the first column and goes on in the lines after it
 * that begin with white space.  Empty lines and lines whose first visible
 * character is # are passed over wherever they stand.  A line end may be CRLF.
 *
 *	struct logical l = { .rest = text };
 *	while (logical_next(&l))
 *		use(logical_text(&l), l.first);
 *	logical_free(&l);
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

struct logical {
	struct slice rest; /* what was not read yet */
	size_t number;     /* of the line that was read last */
	size_t first;      /* of the line where the logical one begins */
	bool indented;     /* it begins with white space: nothing goes on */
	struct buf text;
};

/* False at the end. */
bool logical_next(struct logical *l);

/* The line, without white space at its sides; valid until the next one. */
struct slice logical_text(const struct logical *l);

void logical_free(struct logical *l);
#define CLEAN_LOGICAL CLEANUP(logical_free)
