/*
 * qmgr - what the parts of the queue manager share.
 *
 * A message is known to the scheduler as a struct sched_msg as long as it
 * is in the queue.  While something happens to it, it is loaded: a struct
 * mail holds what its file says, and `loaded` points to it.  The file's
 * journal and what is in memory differ at most by `journal`, the entries
 * not yet written.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "loop.h"
#include "qmgr_sched.h"
#include "spool.h"

/* So many messages stay loaded; others are read again when their turn comes. */
#define LOADED_MAX 8192

/* Bits of sched_msg.owner. */
enum owner_bit {
	OWNER_CUR = 1 << 0,       /* the file lies in cur/, else in new/ */
	OWNER_HOLD = 1 << 1,      /* ... in hold/ */
	OWNER_WISH_HOLD = 1 << 2, /* as soon as nothing is in flight */
	OWNER_WISH_DELETE = 1 << 3,
	OWNER_WISH_BOUNCE = 1 << 4,
	OWNER_WISH_WARN = 1 << 5, /* bounce was not there for the delay */
};

/* Where a queued recipient of a loaded message stands; the scheduler has the
 * counts of the same. */
enum place_mark {
	PLACE_OVER,
	PLACE_READY,
	PLACE_BUSY,
	PLACE_ANSWERED, /* deferred, by a job that is not over yet */
	PLACE_WAITING,
};

struct place {
	struct sched_part *part;
	const char *address; /* as routed, for the agent */
	struct dest *dest;   /* while parts are being sorted out */
	uint32_t job;
	enum place_mark mark;
	bool expired; /* its failure counts as such in the books */
	bool backup;  /* we stand in for its domain's own hosts */
};

struct mail {
	struct list link; /* among the loaded */
	struct sched_msg *msg;
	struct arena arena;
	struct spool_message m;
	struct place *places; /* one a recipient */
	size_t places_room;
	struct buf journal; /* entries to be written */
	int fd;             /* for reading and writing, or -1 */
	int read_fd;        /* for agents, or -1 */
	uint32_t jobs;      /* under way */
	uint32_t failed;    /* recipients whose sender is to be told */
	uint32_t notice;    /* number of the notice under way, or 0 */
	int64_t loaded;     /* when, wall clock */
	uint32_t first;     /* no recipient before it is ready */
	bool suspended;     /* was said so */
	bool waiting;       /* a mark may be PLACE_WAITING */
};

/* Every recipient's way through this process. */
struct books {
	uint64_t accepted, found; /* fresh ones; those of earlier times */
	uint64_t expanded_in;     /* members of aliases */
	uint64_t sent, bounced, expired, deleted, expanded;
};

struct qmgr {
	struct sched *sched;
	int dir; /* the queue folder */
	struct loop_timer timer;
	struct list loaded;
	size_t n_loaded;
	struct books books;
	uint64_t held; /* messages */
	bool at_work;  /* the queue is ours */
	bool draining;
	bool stuck; /* a journal could not be written; said */
};

extern struct qmgr qmgr;

/* Looks for events at the next occasion. */
void qmgr_soon(void);
