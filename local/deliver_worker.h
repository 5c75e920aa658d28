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
 * A mailbox has one child at a time: what comes for it meanwhile waits, and is
 * then given together, so that it shares the flushes of the disk.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "msg.h"
#include "str.h"

#define WORKERS_MAX 64

struct worker;

/* What a child is to do; embedded in its owner, who keeps what it points to
 * until it is over. */
struct errand {
	const struct msg_deliver *m;
	const struct buf *request; /* the same, as it came */
	int *file; /* of the message; closed when a child has it */
	void (*over)(struct errand *e, struct slice answer);
	struct worker *worker;
	struct list link;
};

/* What over() may be told instead of an answer's packet: the child has died,
 * and what it has done is not known; or no child has had it. */
#define ERRAND_IN_DOUBT  ((struct slice){ "", 0 })
#define ERRAND_NOT_BEGUN ((struct slice){ NULL, 0 })

/* Called when a child has ended: there is room for another. */
void worker_on_room(void (*room)(void));

/* Gives it to a child; over() is called later, once.  False: none can be had;
 * errno is EAGAIN where there will be room later. */
MUST_CHECK bool worker_give(struct errand *e);

/* All that are not gone yet. */
size_t worker_count(void);

/* It takes too long. */
void worker_kill(const struct worker *w);
