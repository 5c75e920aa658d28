/*
 * deliver_worker - the children of deliver.
 *
 * A child becomes one user, for good, and does what it is given with that
 * user's rights.  One that has written a mailbox stays for a moment: where
 * much mail comes for a user, the next message is spared the fork and the
 * change of ids.  It never serves another user, nor runs a command, and it
 * does not outlive WORKER_LIFE, so what passwd(5) says of the user is never
 * older than that.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"
#include "str.h"

#define WORKERS_MAX 64

struct worker;

/* Called once for what was given, with the answer's packet; an empty one says
 * that the child died. */
typedef void worker_fn(void *owner, struct slice answer);

/* Called when a child has ended: there is room for another. */
void worker_on_room(void (*room)(void));

/* Gives the request (a msg_deliver, as text too) and the message's descriptor,
 * which the caller keeps, to a child.  NULL: none can be had; errno is EAGAIN
 * where there will be room later. */
struct worker *worker_give(const struct msg_deliver *m,
    const struct buf *request, int mail, worker_fn *over, void *owner);

/* All that are not gone yet. */
size_t worker_count(void);

/* It takes too long. */
void worker_kill(const struct worker *w);
