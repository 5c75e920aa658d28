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
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dsn.h"
#include "map.h"
#include "qmgr_state.h"

#define SCHED_NEVER INT64_MAX

struct sched_config { /* milliseconds */
	int64_t min_backoff, max_backoff;
	int64_t lifetime, bounce_lifetime; /* of a null sender's message */
	int64_t backup_lifetime;           /* of one to those we stand in for */
	int64_t delay_warning;             /* 0: never */
	int64_t probe_time, probe_max;
};

enum sched_kind {
	SCHED_LOAD,    /* msg: read the file, set loaded, mend the parts */
	SCHED_START,   /* part: n recipients are busy now, for an agent */
	SCHED_EXPIRE,  /* msg: its time is over, and none of it is busy */
	SCHED_WARN,    /* msg: the sender is to be told of the delay */
	SCHED_WAKE,    /* msg: the owner's alarm */
	SCHED_STATE,   /* dest: `state` is new */
	SCHED_DRAINED, /* dest: what waited while it was down is gone */
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
	bool hosts; /* the agent is to say which hosts it finds */
};

/* A job's recipients by what becomes of them.  Zeros all: nobody tried. */
struct sched_result {
	uint32_t over; /* sent, bounced, expanded: they leave */
	uint32_t again[FAULT_LOCAL + 1]; /* deferred, by enum fault */
	const char *reason; /* of a failure of destination or resolver */
	bool together;      /* the agent does several of them at once, as one */
};

struct sched {
	struct sched_config config;
	int64_t now;
	struct sched_msg **slots;
	size_t room, n_msgs;
	struct map dests;       /* "transport:nexthop" */
	struct map providers;   /* transport and addresses */
	struct list transports; /* the first is next */
	struct list news, waits, idle, flushes;
	struct list loose; /* providers whose crowd is to be looked at */
	struct heap msg_clock, dest_clock, provider_clock;
	int64_t stood;       /* how long expiry has stood still */
	int64_t frozen;      /* the resolver is down since; 0: it is not */
	int64_t resolver_at; /* its next probe */
	int64_t resolver_interval;
	struct dest *prober; /* sees whether it is back */
	bool resolver_news;
	bool watch_news; /* see provider_watch() */
	uint64_t random;
};

struct sched *sched_create(const struct sched_config *config, uint64_t seed);
void sched_destroy(struct sched **s);

/* The time for what follows; going back is ignored. */
void sched_time(struct sched *s, int64_t now);

/* ---- transports and destinations ---- */

/* Found by name or made, with these limits. */
struct transport *sched_find_transport(struct sched *s, const char *name);
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

/* True where its next hop is the domain, "[example.org]:25" for one, or, with
 * `below`, one below that. */
bool sched_goes_to(const struct dest *d, const char *domain, bool below);

/* Try it now: flush, or a connection from that host. */
void sched_wake(struct sched *s, struct dest *d);

/* The same, and its mail that waits for clocks of its own is ready too (ETRN).
 * The rest of the queue costs nothing. */
void sched_flush_dest(struct sched *s, struct dest *d);

/* ---- messages ---- */

/* A message without recipients as yet; age: milliseconds since its arrival. */
struct sched_msg *sched_add(struct sched *s, const char *id, int64_t age,
    uint16_t flags);
struct sched_msg *sched_find(const struct sched *s, const char *id);

/* All its recipients are in domains that we stand in for, or not all: it lives
 * as long as that says.  May be said again; also after SCHED_EXPIRE. */
void sched_backup(struct sched *s, struct sched_msg *m, bool backup);

/* After a restart: for how long its time stood still; attempts made so far, and
 * the time until its own clock is due. */
void sched_stood(struct sched *s, struct sched_msg *m, int64_t stood);
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

/* When a destination that is down is probed, from now. */
int64_t sched_next_probe(const struct sched *s, const struct dest *d);

/* Milliseconds until it expires, if nothing stands still. */
int64_t sched_left(const struct sched *s, const struct sched_msg *m);

/* Any order, all of them: NULL begins and ends. */
struct sched_msg *sched_each(const struct sched *s, const struct sched_msg *m);

/* ---- events ---- */

bool sched_next(struct sched *s, struct sched_event *e);
int64_t sched_when(const struct sched *s);
