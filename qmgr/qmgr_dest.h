/*
 * qmgr_dest - destinations: up, down, probed, draining.  Inner part of
 * qmgr_sched.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr_sched.h"

enum dest_event {
	DEST_GOOD,     /* somebody there talked to us */
	DEST_BAD,      /* nobody did */
	DEST_RESOLVER, /* the DNS could not say where it is */
	DEST_DUE,      /* its timer */
	DEST_WAKE,     /* somebody says it may be up */
	DEST_EVENTS,
};

void dest_event(struct sched *s, struct dest *d, enum dest_event event);

/* A job ended with a failure while others may do well. */
void dest_failed(struct sched *s, struct dest *d);

/* A part's counts changed: its place in the heaps and among those that wait,
 * and the destination's place in the turns. */
void dest_sort(struct sched *s, struct sched_part *p);

/* The part that has waited longest becomes ready; one less to be flushed. */
void dest_flush_one(struct sched *s, struct dest *d);

/* The destination's place in the turns. */
void dest_consider(struct sched *s, struct dest *d);

/* Nobody of it will be tried soon. */
bool dest_asleep(const struct dest *d);

/* Its timer is due. */
void dest_due(struct sched *s, struct dest *d);

/* The resolver is to be tried; frees what was idle long enough. */
void dest_probe_resolver(struct sched *s);
void dest_sweep(struct sched *s);

/* A job is over in which so many messages left the queue's part for it. */
void dest_drained(struct sched *s, struct dest *d, uint32_t n);

/* Down, or up again, as others with the same hosts are. */
void dest_park(struct sched *s, struct dest *d, const char *reason);
void dest_raise(struct sched *s, struct dest *d);

/* What is said of its last failure. */
void dest_keep_reason(struct dest *d, const char *reason);

void dest_free(struct sched *s, struct dest *d);

/* The time until the next probe of what is down since then, and had that
 * interval (0: none yet). */
int64_t sched_probe_interval(const struct sched *s, bool patient, int64_t down,
    int64_t interval);

/* `base` with a tenth more or less, so that probes do not fall together. */
int64_t sched_jitter(struct sched *s, int64_t base);

/* How long the message may stay. */
int64_t sched_lifetime(const struct sched *s, const struct sched_msg *m);

/* The clock of expiry, which stands still while the resolver is down. */
int64_t sched_age_clock(const struct sched *s);

/* Sets the message's place on the clock. */
void sched_rekey(struct sched *s, struct sched_msg *m);

/* Its own clock stops where no part waits for it any more. */
void sched_unclock(struct sched *s, struct sched_msg *m);

/* The message at the top of the clock is due: true with an event for the
 * owner. */
bool sched_msg_due(struct sched *s, struct sched_msg *m, struct sched_event *e);
