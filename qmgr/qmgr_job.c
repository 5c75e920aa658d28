/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_job.h"

#include <stdlib.h>

#include "log.h"
#include "qmgr_fate.h"
#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "qmgr_slots.h"
#include "str.h"

static struct slots jobs;
static uint32_t n_open;

struct job *
job_open(const struct sched_event *e)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->mail = e->msg->loaded;
	job->part = e->part;
	job->dest = e->dest;
	job->number = slots_put(&jobs, job);
	n_open++;
	job->mail->jobs++;
	return job;
}

void
job_end(struct job *job)
{
	struct mail *mail = job->mail;

	slots_drop(&jobs, job->number);
	n_open--;
	if (job->agent != NULL)
		job->agent->jobs--;
	mail->jobs--;
	for (uint32_t i = job->from; i < job->to && job->deferred > 0; i++) {
		struct place *p = &mail->places[i];

		if (p->mark != PLACE_ANSWERED || p->job != job->number)
			continue;
		p->mark = PLACE_WAITING;
		mail->waiting = true;
		job->deferred--;
	}
	sched_done(qmgr.sched, job->part, &job->result);
	buf_free(&job->members);
	free(job);
	fate_progress(mail);
	qmgr_soon();
}

void
job_answer(struct job *job, uint32_t index, const struct dsn *dsn,
    const char *relay)
{
	job->left--;
	fate_of_rcpt(job->mail, index, dsn, relay, &job->result);
	job->deferred += job->mail->places[index].mark == PLACE_ANSWERED;
}

bool
job_has(const struct job *job, uint32_t index)
{
	const struct place *p = &job->mail->places[index];

	return index < job->mail->m.n_rcpts && p->mark == PLACE_BUSY &&
	    p->job == job->number;
}

/* All that have no answer yet get this one, which is logged here. */
void
job_answer_rest(struct job *job, const struct dsn *dsn)
{
	for (uint32_t i = job->from; i < job->to && job->left > 0; i++) {
		if (!job_has(job, i))
			continue;
		job_answer(job, i, dsn, "none");
		mail_log_rcpt(job->mail, i);
	}
}

void
job_give_back(struct job *job)
{
	struct mail *mail = job->mail;

	for (uint32_t i = job->from; i < job->to; i++)
		if (job_has(job, i))
			parts_ready(mail, i);
	sched_back(qmgr.sched, job->part, job->left);
	job->left = 0;
	job_end(job);
}

/* The job that this agent has under that number. */
struct job *
job_of(const struct chan *c, uint32_t number)
{
	struct job *job = slots_get(&jobs, number);

	return job != NULL && job->agent == c->owner ? job : NULL;
}

struct job *
job_next(uint32_t number)
{
	while (++number <= jobs.n) {
		struct job *job = slots_get(&jobs, number);

		if (job != NULL)
			return job;
	}
	return NULL;
}

uint32_t
job_count(void)
{
	return n_open;
}

/* ---- our own transports ---- */

void
job_answer_self(struct job *job)
{
	const char *text = job->dest->nexthop;
	const char *transport = job->dest->transport->name;
	struct dsn dsn = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_MESSAGE,
		.status = "4.0.0",
	};

	if (str_eq(transport, "error")) {
		dsn.outcome = OUTCOME_BOUNCE;
		dsn.status[0] = '5';
	} else if (str_eq(transport, "discard")) {
		dsn.outcome = OUTCOME_SENT;
		dsn.status[0] = '2';
	}
	(void)dsn_split(text, dsn.status, &text);
	dsn.text = text[0] != '\0' ? text : transport;
	job_answer_rest(job, &dsn);
	job_end(job);
}
