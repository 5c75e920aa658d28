/*
 * qmgr_sched - who is tried next, and when.
 *
 * A message has parts: its recipients that go to one destination (transport,
 * next hop).  Of a part's recipients some are ready (they wait for a turn),
 * some are busy (an agent has them), some wait for the message's own clock.
 * Only counts are kept here; which recipient is which, its owner knows.
 *
 * A message deferred for its own sake is tried again by its own clock.  One
 * whose destination could not be reached makes no attempts of its own: it stays
 * ready, the destination is down, and one prober tries that.  So every
 * recipient has a next event: a turn, an agent's answer, a clock, a probe, the
 * resolver's return, or a person's release.
 *
 * Nothing here does I/O.  The time is set once a round by sched_time(), in
 * milliseconds of a clock that never jumps; what the wall clock says comes in
 * as an age.  The owner asks sched_next() for events and sleeps until
 * sched_when() where there is none.
 *
 *	sched_time(s, loop_now());
 *	while (sched_next(s, &e))
 *		act(&e);
 *	loop_timer(&timer, sched_when(s) - loop_now(), again);
 *
 * Broken rules of its own are assertions; memory that runs out ends the
 * process.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dsn.h"
#include "list.h"
#include "map.h"
#include "qmgr_heap.h"
#include "queueid.h"

#define SCHED_NEVER INT64_MAX

struct sched_config { /* milliseconds */
	int64_t min_backoff, max_backoff;
	int64_t lifetime, bounce_lifetime; /* of a null sender's message */
	int64_t delay_warning;             /* 0: never */
	int64_t probe_time, probe_max;
};

struct sched_limits {
	uint32_t first;       /* concurrency of a destination to begin with */
	uint32_t concurrency; /* and at most; 0: no limit */
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

struct dest {
	struct transport *transport;
	struct heap small, big; /* ready parts, oldest first; big ones need more
				   than one job */
	struct list turn;       /* in one of transport's lists, or in idle */
	struct list *in;        /* which one */
	struct list news;       /* its state is to be told */
	struct list wait;       /* for the resolver */
	struct heap_node timer; /* next probe, or the end of a pause */
	enum dest_state state;
	uint32_t parts;
	uint32_t fresh; /* ready parts of messages never tried */
	uint32_t busy;  /* jobs */
	uint32_t window;
	uint32_t fails;   /* in a row */
	bool proven;      /* a success since it came up */
	bool patient;     /* we are backup or relay for it */
	bool big_turn;    /* small and big parts take turns */
	int64_t down;     /* since when; 0: it is up */
	int64_t outage;   /* how long it was down the last time */
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
};

struct sched_part {
	struct heap_node node; /* among the destination's ready ones */
	struct sched_msg *msg;
	struct sched_part *next; /* of the message */
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

enum sched_kind {
	SCHED_LOAD,  /* msg: read the file, set loaded, mend the parts */
	SCHED_START, /* part: n recipients are busy now; give them to an agent */
	SCHED_EXPIRE, /* msg: its time is over, and none of it is busy */
	SCHED_WARN,   /* msg: the sender is to be told of the delay */
	SCHED_WAKE,   /* msg: the owner's alarm */
	SCHED_STATE,  /* dest: `state` is new */
	SCHED_RESOLVER_DOWN,
	SCHED_RESOLVER_UP,
};

struct sched_event {
	enum sched_kind kind;
	struct sched_msg *msg;
	struct sched_part *part;
	struct dest *dest;
	uint32_t n;
	bool probe;
};

/* How a job ended: recipients by what becomes of them.  Zeros all: nobody
 * tried. */
struct sched_result {
	uint32_t over; /* sent, bounced, expanded: they leave */
	uint32_t again[FAULT_LOCAL + 1]; /* deferred, by enum fault */
	const char *reason; /* of a failure of destination or resolver */
};

struct sched {
	struct sched_config config;
	int64_t now;
	struct sched_msg **slots;
	size_t room, n_msgs;
	struct map dests;       /* "transport:nexthop" */
	struct list transports; /* the first is next */
	struct list news, waits, idle;
	struct heap msg_clock, dest_clock;
	int64_t stood;       /* how long expiry has stood still */
	int64_t frozen;      /* the resolver is down since; 0: it is not */
	int64_t resolver_at; /* its next probe */
	int64_t resolver_interval;
	struct dest *prober; /* sees whether it is back */
	bool resolver_news;
	uint64_t random;
};

struct sched *sched_create(const struct sched_config *config, uint64_t seed);
void sched_destroy(struct sched **s);

/* The time for what follows; going back is ignored. */
void sched_time(struct sched *s, int64_t now);

/* ---- transports and destinations ---- */

/* Found by name or made, with these limits. */
struct transport *sched_transport(struct sched *s, const char *name,
    const struct sched_limits *limits);

/* How many jobs its agents can have at once. */
void sched_room(struct sched *s, struct transport *t, uint32_t jobs);

/* Found by name or made, up.  It lives while a part needs it, and some minutes
 * more, so that what was learned about it is kept. */
struct dest *sched_dest(struct sched *s, struct transport *t,
    const char *nexthop);
struct dest *sched_find_dest(const struct sched *s, const char *transport,
    const char *nexthop);

/* Try it now: flush, ETRN, or a connection from that host. */
void sched_wake(struct sched *s, struct dest *d);

/* ---- messages ---- */

/* A message without recipients as yet; age: milliseconds since its arrival. */
struct sched_msg *sched_add(struct sched *s, const char *id, int64_t age,
    uint16_t flags);
struct sched_msg *sched_find(const struct sched *s, const char *id);

/* After a restart: attempts made so far, and the time until its own clock is
 * due. */
void sched_resume(struct sched *s, struct sched_msg *m, uint16_t attempts,
    int64_t retry);

/* n recipients more go there: ready, or with the message's clock. */
struct sched_part *sched_join(struct sched *s, struct sched_msg *m,
    struct dest *d, uint32_t n, bool waiting);

/* n that are not busy leave: ready ones first, or waiting ones first.  A part
 * with nobody left is freed. */
void sched_leave(struct sched *s, struct sched_part *p, uint32_t n,
    bool waiting);

/* n busy ones of a job that begins were not given to the agent. */
void sched_back(struct sched *s, struct sched_part *p, uint32_t n);

/* The busy ones of one job are back.  The part may be freed. */
void sched_done(struct sched *s, struct sched_part *p,
    const struct sched_result *r);

/* Could not be read now: its ready ones wait for a short time. */
void sched_postpone(struct sched *s, struct sched_msg *m);

/* Forgets the message; none of it may be busy. */
void sched_remove(struct sched *s, struct sched_msg *m);

void sched_hold(struct sched *s, struct sched_msg *m);
void sched_release(struct sched *s, struct sched_msg *m);

/* Try now, in front of others, whatever its clock and its destinations say. */
void sched_flush(struct sched *s, struct sched_msg *m);

/* The owner's own event: SCHED_WAKE in so many milliseconds. */
void sched_alarm(struct sched *s, struct sched_msg *m, int64_t after);

/* Recipients, and those of them that are busy. */
uint32_t sched_count(const struct sched_msg *m);
uint32_t sched_busy(const struct sched_msg *m);

/* True where nothing happens to the message before a clock, a probe or an agent
 * comes: its file can be closed. */
bool sched_settled(const struct sched_msg *m);

/* When its own clock is due, or its destination probed, from now; for lists. */
int64_t sched_retry(const struct sched *s, const struct sched_part *p);

/* Any order, all of them: NULL begins and ends. */
struct sched_msg *sched_each(const struct sched *s, const struct sched_msg *m);

/* ---- events ---- */

bool sched_next(struct sched *s, struct sched_event *e);
int64_t sched_when(const struct sched *s);
