/*
 * qmgr_job - what an agent has in hand.
 *
 * A job is some recipients of one message with one sender, for one destination.
 * It is open from the scheduler's SCHED_START to the agent's last word, or its
 * end.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "qmgr.h"

struct agent {
	struct list link;
	struct chan *chan;
	struct transport *transport;
	uint32_t jobs;
	uint32_t most;
};

struct job {
	struct mail *mail;
	struct sched_part *part;
	struct dest *dest;
	struct agent *agent; /* NULL: our own */
	uint32_t number;
	uint32_t from, to; /* its recipients are among those in between */
	uint32_t left;     /* recipients without an answer */
	uint32_t deferred; /* with that answer */
	bool called_off;   /* the agent was told not to try */
	bool backup;       /* we stand in for a domain of it */
	struct sched_result result;
	struct buf members; /* of an alias whose last part is to come */
	uint32_t members_of;
};

/* For the recipients of a SCHED_START event; nobody is in it yet. */
struct job *job_open(const struct sched_event *e);

/* Every recipient has its answer: the scheduler learns it.  The mail may be
 * gone after. */
void job_end(struct job *job);

/* The job that this agent has under that number, or NULL. */
struct job *job_of(const struct chan *c, uint32_t number);

/* The open job after the one with this number (0: the first), or NULL. */
struct job *job_next(uint32_t number);
uint32_t job_count(void);

/* True while the recipient is in the job and has no answer. */
bool job_has(const struct job *job, uint32_t index);

/* What becomes of a recipient; of all without an answer, which is logged. */
void job_answer(struct job *job, uint32_t index, const struct dsn *dsn,
    const char *relay);
void job_answer_rest(struct job *job, const struct dsn *dsn);

/* Its recipients were not tried, and it ends: they keep their turn. */
void job_give_back(struct job *job);

/* The answer of the transports error, retry and discard, and the job's end. */
void job_answer_self(struct job *job);
