/*
 * qmgr_state - what the scheduler knows: transports, destinations,
 * messages, their parts.
 *
 * The scheduler alone changes these; others may look.  They are kept small:
 * a deferred message with one recipient is one sched_msg and one
 * sched_part, below
 * 256 bytes with its share of the rest.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "qmgr_heap.h"
#include "queueid.h"

struct sched_limits {
	uint32_t first;       /* concurrency of a destination to begin with */
	uint32_t concurrency; /* and at most; 0: no limit */
	uint32_t together;    /* at most, of what the agent does together */
	uint32_t shared;      /* of all that share their hosts; 0: no limit */
	uint32_t rcpts;       /* of one job; 0: no limit */
	int64_t delay;        /* between jobs of a destination; 0: none */
};

struct transport {
	struct list link; /* in the order of the turns */
	struct sched_limits limits;
	struct list fresh, old; /* destinations whose turn it may be: with mail
				   never tried, and with retries alone */
	bool old_turn;
	uint32_t room; /* jobs that the agents may have; 0: no agent */
	uint32_t busy;
	uint32_t alone; /* the owner's: for how long it has had no agent */
	bool hosts;     /* the agents can say which hosts they find */
	char name[];
};

enum dest_state {
	DEST_UP,
	DEST_DOWN,
	DEST_PROBING,  /* one job may go, or has gone, to see */
	DEST_DRAINING, /* was down; slow start */
	DEST_WAITS,    /* for the resolver */
	DEST_STATES,
};

enum dest_news {
	DEST_NEWS_STATE = 1 << 0,
	DEST_NEWS_DRAINED = 1 << 1,
};

struct provider;

struct dest {
	struct transport *transport;
	struct provider *provider; /* NULL: its hosts are not known */
	struct list peer;          /* among the provider's */
	struct heap small, big; /* ready parts, oldest first; big ones need more
				   than one job */
	struct list turn;       /* in one of transport's lists, in idle, or in
				   the provider's crowd */
	struct list *in;        /* which one */
	struct list news;       /* its state is to be told */
	struct list wait;       /* for the resolver */
	struct list later;      /* parts that wait for their own clocks */
	struct list flush;      /* among those whose `later` is made ready */
	struct heap_node timer; /* next probe, or the end of a pause */
	enum dest_state state;
	uint32_t parts;
	uint32_t n_later; /* parts in `later` */
	uint32_t flushes; /* of these, still to be made ready */
	uint32_t fresh;   /* ready parts of messages never tried */
	uint32_t busy;    /* jobs */
	uint32_t window;
	uint32_t fails;   /* in a row */
	bool proven;      /* a success since it came up */
	bool patient;     /* we are backup or relay for it */
	bool big_turn;    /* small and big parts take turns */
	bool asking;      /* for its hosts, the first time */
	bool together;    /* the agent does what it has for it together */
	uint8_t tells;    /* enum dest_news, for the owner */
	uint32_t drained; /* messages gone since it came up */
	int64_t up_at;    /* it came up then, and drains; 0: it does not */
	int64_t hosts_at; /* when they were asked for; 0: never */
	int64_t down;     /* since when; 0: it is up */
	int64_t outage;   /* how long it was down the last time */
	int64_t draining; /* how long it took to drain */
	int64_t interval; /* of the probes */
	int64_t pause;    /* no job before */
	int64_t idle;     /* since when nobody needs it */
	char *reason;     /* of the last failure, or NULL */
	char nexthop[];
};

enum sched_flag {
	SCHED_HELD = 1 << 0,
	SCHED_NULL_SENDER = 1 << 1,
	SCHED_WARNED = 1 << 2,
	SCHED_TIMED = 1 << 3,   /* `due` is set, for parts that wait */
	SCHED_ALARM = 1 << 4,   /* `due` is set, for the owner */
	SCHED_EXPIRED = 1 << 5, /* the owner was told */
	SCHED_BACKUP = 1 << 6,  /* all of it is for whom we stand in */
};

struct sched_part {
	struct heap_node node; /* among the destination's ready ones */
	struct sched_msg *msg;
	struct sched_part *next; /* of the message */
	struct list later;       /* in the destination's, unless held */
	struct dest *dest;
	uint32_t ready, busy, waiting; /* recipients */
	bool big;                      /* in the destination's heap `big` */
	bool fresh;                    /* counted in the destination's fresh */
};

struct sched_msg {
	struct heap_node node;  /* on the clock */
	struct sched_msg *next; /* in its slot */
	struct sched_part *parts;
	void *loaded;    /* the owner's; NULL: only the file knows more */
	int64_t arrived; /* now less its age: may be below 0 */
	int64_t expires; /* by the clock that stands still with the resolver */
	int64_t due;
	uint16_t flags;
	uint16_t attempts;
	uint8_t rounds; /* of its own clock */
	uint8_t faults; /* of our own in a row */
	uint8_t owner;  /* bits for the owner */
	struct queueid id;
};
