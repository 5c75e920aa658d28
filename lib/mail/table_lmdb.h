/*
 * table_lmdb - lmdb:PATH, the file PATH.lmdb: how it is written.
 *
 * Readers and writers share no lock file.  A lock file would be memory that
 * every program that reads the table can write, and that root's next mtable
 * believes; and a program in its own root folder under its own uid could not
 * open one later.  Instead:
 *
 * - A writer replaces the whole content in one transaction, in place, so that a
 *   reader sees the old table or the new one, and needs no signal.
 * - LMDB never overwrites what the last two commits can see.  A reader copies
 *   the value and then looks whether there was a commit meanwhile: if so it
 *   asks again.  A wrong answer is therefore impossible; only a reader that is
 *   stopped within one look-up while three rebuilds go by could meet pages in
 *   use for something else.
 * - So that this takes time, a writer waits until LMDB_GRACE has passed since
 *   the last commit.
 * - Writers take turns by flock(2) on the file, waiting at most LMDB_WAIT.
 *
 * A first table is built beside its place and renamed.  A file that was moved
 * or removed under a running system is not seen before the next reload.
 *
 * The key LMDB_META, which no look-up can ask for, holds the version of this
 * format and the source's time and size.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/stat.h>

#include "source.h"

#define LMDB_SUFFIX ".lmdb"
#define LMDB_META   "\0posthouse"
#define LMDB_GRACE  300   /* ms */
#define LMDB_WAIT   10000 /* ms */

/* Makes PATH.lmdb hold exactly the entries.  source is the file that they came
 * from (its owner and mode are taken for a new file), or NULL.  False with why;
 * the old table is then as it was. */
MUST_CHECK bool lmdb_rebuild(const char *path, const struct source *entries,
    const struct stat *source, const char **why);

/* Takes one key out. */
MUST_CHECK enum found lmdb_delete(const char *path, const char *key,
    const char **why);

/* FOUND_ONE: PATH.lmdb was built from the source as it is now; FOUND_NONE: the
 * source is another one since. */
MUST_CHECK enum found lmdb_is_fresh(const char *path, const struct stat *source,
    const char **why);

/* The value of LMDB_META. */
void lmdb_put_meta(struct buf *out, const struct stat *source);
