/*
 * qmgr_handover - one queue, one queue manager; and a reload, where the old one
 * still has messages in hand while the new one works.
 *
 * The old one tells the ids that it keeps (ctl_busy, as many as it takes; an
 * empty list ends them), and holds the lock until it is gone (ctl_free).  With
 * neither its word nor the lock nothing is begun; where the lock cannot be had
 * in half a minute it ends in log_fatal.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* Opens and locks the queue, before the rights are given up.  Ends in log_fatal
 * where it cannot be opened. */
void handover_open(void);

/* The queue is ours, or the predecessor tells what is not; calls begin once. */
void handover_start(void (*begin)(void));

/* The old one's control messages. */
bool handover_control(struct chan *c, uint32_t type, const void *body,
    size_t len, int fd);

/* True for a message that the predecessor has in hand. */
bool handover_is_busy(const char *id);

/* We are the old one: tells the ids in hand, and later one more that is left to
 * the successor untouched. */
void handover_tell(void);
void handover_leave(const char *id);
