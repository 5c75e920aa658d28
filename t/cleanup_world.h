/*
 * For unit tests of cleanup: a queue folder, parameters, a loop.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "cleanup_mail.h"

#define WORLD_ID "1111112222BBC"

/* The parameters every test has; `more` comes behind them.  With options of
 * tmpfs(5) the queue is a file system of its own, where one may mount. */
void world_start(const char *more, const char *tmpfs);
bool world_mounted(void);
void world_stop(void);

/* The queue folder. */
int world_queue(void);

/* Files in a folder of the queue. */
int world_count(enum spool_dir dir);

/* The lines logged since the last call, in the buf of the world. */
const char *world_log(void);

/* A message of the queue as it will be read: headers, then content; the
 * envelope in m. */
void world_read(struct arena *a, enum spool_dir dir, const char *id,
    struct spool_message *m, struct buf *text);
