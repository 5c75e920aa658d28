/*
 * loop - waiting for descriptors, timers and signals, on libevent's core.
 *
 * One loop a process, made after the last fork.  Time is read once a round:
 * loop_now() is the monotonic clock, loop_wall() the wall clock, both in
 * milliseconds.  Watches and timers are embedded in their owners and all zero
 * is a valid idle one.  A handler may free its own owner after loop_unwatch()
 * and loop_cancel().
 *
 * What a watch wants may change many times in a round; the kernel is told once,
 * at its end.  loop_unwatch() tells it at once, so the descriptor may be closed
 * right after, also where another process shares it.
 *
 * Ends in log_fatal where the kernel refuses a descriptor or a loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <event2/event_struct.h>

#include "list.h"
#include "util.h"

enum loop_want {
	LOOP_NOTHING = 0,
	LOOP_READ = 1 << 0,
	LOOP_WRITE = 1 << 1,
};

struct loop_watch {
	struct event event;
	struct list changed; /* among those the kernel is to be told of */
	void (*ready)(struct loop_watch *w, int what); /* enum loop_want bits */
	int fd;
	int want;
	int armed; /* what the kernel knows of */
};

struct loop_timer {
	struct event event;
	void (*due)(struct loop_timer *t);
	int64_t at; /* monotonic; 0 while idle */
	bool made;
};

/* Also ignores SIGPIPE. */
void loop_start(void);
void loop_free(void);

int64_t loop_now(void);
int64_t loop_wall(void);

/* Calls ready while the descriptor can do what is wanted; changes an existing
 * watch of the same descriptor; LOOP_NOTHING pauses it. */
void loop_watch(struct loop_watch *w, int fd, int want,
    void (*ready)(struct loop_watch *w, int what));
void loop_want(struct loop_watch *w, int want);
void loop_unwatch(struct loop_watch *w);

/* Calls due once, `after` milliseconds from now, never earlier; setting again
 * replaces. */
void loop_timer(struct loop_timer *t, int64_t after,
    void (*due)(struct loop_timer *t));
void loop_cancel(struct loop_timer *t);

/* Calls got in the loop when the signal came; several may be one call. */
void loop_signal(int number, void (*got)(int number));

/* Calls fn at the end of each round, in the order they were added (the last
 * chance to flush what was collected in the round).  Adding one again does
 * nothing. */
void loop_each_round(void (*fn)(void));

/* Runs until loop_stop(). */
void loop_run(void);
void loop_stop(void);

/* One round, waiting at most `wait` milliseconds: for tests. */
void loop_once(int64_t wait);
