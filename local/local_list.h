/*
 * local_list - what stands on the right-hand side of an alias, in a .forward
 * file, and in an :include: list: aliases(5).
 *
 *	struct slice rest = slice_of(text);
 *	struct local_item item;
 *	while (local_list_next(&rest, &arena, &item))
 *		...
 *
 * Items are parted by commas and line ends; a line that begins with # is a
 * comment.  An item in double quotes, with \" and \\ inside, may hold commas
 * and blanks.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

enum local_item_kind {
	LOCAL_ADDRESS, /* as written, quotes and all */
	LOCAL_MAILBOX, /* \user: text is the user */
	LOCAL_COMMAND, /* |command: text is the command line */
	LOCAL_FILE,    /* /path */
	LOCAL_INCLUDE, /* :include:/path: text is the path */
};

struct local_item {
	enum local_item_kind kind;
	const char *text; /* in the arena */
};

/* The next item, which is taken off `rest`; false at the end. */
bool local_list_next(struct slice *rest, struct arena *a,
    struct local_item *item);
