/*
 * qmgr_provider - the hosts that destinations share.  Inner part of qmgr_sched,
 * but for what its owner is told below.
 *
 * A provider is a set of hosts (addresses and ports), as an agent found them
 * for a destination, and the destinations that have just these.  It is down
 * when none of its hosts could be reached: then they all are, whether they
 * tried or not, and one of them in turn tries for all.  When that one gets an
 * answer they all come up, with slow start over all.  Besides, its destinations
 * together have no more deliveries at a time than it may have.
 *
 * A destination whose hosts are not known has no provider, and looks after
 * itself.  Which hosts it has is learned at its first delivery, and again at
 * each probe, so that it follows its MX records.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr_sched.h"

#define PROVIDER_HOSTS_MAX 64

struct provider_host {
	const char *address; /* as inet_ntop(3) writes it */
	uint16_t port;
};

struct provider {
	struct transport *transport;
	struct list dests;      /* that share it; the next prober leads */
	struct list crowd;      /* of these: with mail, and without room */
	struct list loose;      /* among those whose crowd is to be looked at */
	struct heap_node timer; /* while it is down: the next probe */
	int64_t down;           /* since when; 0: it is up */
	int64_t interval;       /* of the probes */
	uint32_t n_dests, n_hosts;
	uint32_t busy; /* jobs of all */
	uint32_t window;
	uint32_t fails; /* in a row, of all */
	bool proven;    /* a success since it came up */
	struct provider_host hosts[];
};

/* ---- for the owner ---- */

/* An agent has found these hosts for a job to d.  False: that job is not to go
 * on, as they are known to be down, or have no room: the owner gives its
 * recipients back with sched_back(), and ends it with an empty sched_done(). */
MUST_CHECK bool provider_learn(struct sched *s, struct dest *d,
    const struct provider_host *hosts, size_t n);

/* The addresses of hosts that are down, and for whose destinations we are
 * backup or relay: as wire strings, each once, so many at most.  s->watch_news
 * is set whenever that has changed; the caller unsets it. */
void provider_watch(const struct sched *s, struct buf *out, size_t most);

/* One of those talks to us: what it serves is tried now.  The number of
 * providers. */
uint32_t provider_wake(struct sched *s, const char *address);

/* It is down, and one of its hosts has this address. */
bool provider_awaits(const struct dest *d, const char *address);

/* ---- for the scheduler ---- */

/* A destination got an answer, or goes down after a failure. */
void provider_good(struct sched *s, struct dest *d);
void provider_bad(struct sched *s, struct dest *d);

/* A job of it failed; true where that brings d down because the others on its
 * hosts have failed too. */
MUST_CHECK bool provider_failed(struct dest *d);

bool provider_is_down(const struct dest *d);

/* No further job of it may begin. */
bool provider_is_full(const struct dest *d);

/* A job of d begins (1), or is over (-1). */
void provider_busy(struct sched *s, struct dest *d, int change);

/* A destination of it has left the turns. */
void provider_loosen(struct sched *s, struct dest *d);

/* Those that waited for room get their turns. */
void provider_admit(struct sched *s);

/* Its timer is due. */
void provider_due(struct sched *s, struct provider *p);

/* The destination has no provider any more. */
void provider_leave(struct sched *s, struct dest *d);
