/*
 * cleanup_commit - many messages, one flush of the disk.
 *
 * Messages whose files lie complete in new/ gather here.  At the end of a round
 * of the loop, unless the disk is still busy with the ones before, one helper
 * thread makes all that have gathered durable; more gather meanwhile.  The
 * thread knows descriptors and nothing else.
 *
 * A sync that fails loses all messages of its batch: which of them the disk has
 * is not known, and the kernel reports an error only once.
 *
 * Ends in log_fatal where the thread cannot be started.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "cleanup_mail.h"

/* `done` is called in the loop for each message, which is its own again; error
 * is 0 or an errno.  The thread starts with the first message, after the rights
 * were given up. */
void cleanup_commit_open(int queue_fd,
    void (*done)(struct cleanup_mail *m, int error));

void cleanup_commit_add(struct cleanup_mail *m);

/* Messages that wait, those under way included. */
size_t cleanup_commit_waiting(void);
