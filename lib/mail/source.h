/*
 * source - the text from which a table is made: postmap(1)'s "key value", or
 * the "name: member, member" of aliases(5).
 *
 * A key is in lower case without its quotes, a value is the text as it stands,
 * lines joined.  Where a key stands twice the first counts, with a warning.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "map.h"
#include "str.h"

#define SOURCE_KEY_MAX 511 /* what LMDB can hold */

enum source_form {
	SOURCE_TABLE,
	SOURCE_ALIASES,
};

struct source_entry {
	const char *key, *value;
	size_t line;
};

struct source {
	struct arena arena; /* what the entries point to */
	struct map keys;    /* key to its struct source_entry */
	struct source_entry **at;
	size_t n, room;
};

/* Takes text apart; `file` is for messages.  False with a line in `messages`
 * for each that is malformed.  Warnings go there too and do no harm. */
MUST_CHECK bool source_parse(struct source *s, enum source_form form,
    const char *file, struct slice text, struct buf *messages);

/* The same for a file. */
MUST_CHECK bool source_read(struct source *s, enum source_form form,
    const char *path, struct buf *messages);

void source_free(struct source *s);
#define CLEAN_SOURCE CLEANUP(source_free)
