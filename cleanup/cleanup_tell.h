/*
 * cleanup_tell - committed messages are told to qmgr, with their descriptors.
 *
 * A qmgr finds by itself what lies in new/ when it starts.  A message that is
 * committed after that must be told to it, also when cleanup does not yet know
 * that there is a new one and speaks to the one that has just died.  So what
 * could not be told, and what was told to a qmgr within the last seconds before
 * its end, is told again to the next.  qmgr ignores what it knows.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "queueid.h"

/* The queue folder, borrowed. */
void cleanup_tell_open(int queue_fd);

/* A message that is safe, to the newest qmgr; takes the descriptor over. */
void cleanup_tell(const struct queueid *id, int fd);

/* A qmgr has come, or has gone. */
void cleanup_tell_begin(struct chan *qmgr);
void cleanup_tell_end(struct chan *qmgr);
