/*
 * qmgr_take - messages come in: from cleanup, and from the disk at the start.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "qmgr.h"

/* cleanup has committed a message. */
bool take_new(struct chan *c, const void *body, size_t len, int fd);

/* Takes one file up, unless it is known.  fd is taken over, or -1. */
void take_file(const char *id, enum spool_dir dir, int fd);
