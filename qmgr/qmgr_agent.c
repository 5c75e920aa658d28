/*
 * Several processes may serve a transport; a job goes to the one that has the
 * least in hand.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_agent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "forward.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "qmgr_job.h"
#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "str.h"

/* Jobs that one process may have in hand. */
#define JOBS_SMTP  500
#define JOBS_LOCAL 100

/* Room in a packet for recipients, the rest of it left aside. */
#define RCPTS_ROOM (CHAN_PACKET_MAX - 16384)

/* A transport may be without an agent for so many calls of agent_warn(), while
 * it is started anew. */
#define ALONE_TICKS 3

static struct list agents;

/* ---- agents ---- */

static void
count_room(struct transport *t)
{
	uint32_t room = 0;

	LIST_EACH(struct agent, a, &agents, link)
		if (a->transport == t)
			room += a->most;
	sched_room(qmgr.sched, t, room);
	qmgr_soon();
}

void
agent_come(struct chan *c)
{
	struct agent *a = xcalloc(1, sizeof(*a));

	a->chan = c;
	a->transport = parts_transport(c->name);
	a->most = c->role == ROLE_SMTP ? JOBS_SMTP : JOBS_LOCAL;
	a->transport->hosts = c->role == ROLE_SMTP;
	c->owner = a;
	list_append(&agents, &a->link);
	count_room(a->transport);
}

static struct agent *
least_busy(const struct transport *t)
{
	struct agent *best = NULL;

	LIST_EACH(struct agent, a, &agents, link)
		if (a->transport == t && !a->chan->broken &&
		    (best == NULL || a->jobs < best->jobs))
			best = a;
	return best;
}

void
agent_gone(struct chan *c)
{
	struct agent *a = c->owner;
	struct transport *t = a->transport;
	static const struct dsn lost = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_LOCAL,
		.status = "4.3.0",
		.text = "delivery agent lost",
	};

	for (struct job *job = job_next(0), *after; job != NULL; job = after) {
		after = job_next(job->number);
		if (job->agent != a)
			continue;
		job_answer_rest(job, &lost);
		job_end(job);
	}
	list_drop(&a->link);
	free(a);
	count_room(t);
}

/* ---- starting ---- */

static bool
put_rcpt(struct buf *rcpts, const struct mail *mail, uint32_t i)
{
	const struct rec_env_rcpt *env = &mail->m.rcpts[i].env;
	struct rec_job_rcpt rec = {
		.index = i,
		.address = mail->places[i].address,
		.orig = env->orig,
		.orcpt = env->orcpt,
		.notify = env->notify,
		.kind = env->kind,
		.depth = env->depth,
		.via = env->via,
		.user = env->user,
	};
	size_t before = rcpts->len;

	rec_put_job_rcpt(rcpts, &rec);
	if (rcpts->len <= RCPTS_ROOM || before == 0)
		return true;
	buf_cut(rcpts, before);
	return false;
}

static void
take_one(struct job *job, uint32_t i)
{
	struct place *p = &job->mail->places[i];

	p->mark = PLACE_BUSY;
	p->job = job->number;
	job->backup = job->backup || p->backup;
	job->left++;
}

/* Whether both can go in one transaction: they have one sender, also where mail
 * that is forwarded gets another one. */
static bool
go_together(const struct rec_env_rcpt *a, const struct rec_env_rcpt *b)
{
	return str_eq(a->sender, b->sender) &&
	    forward_is(a->kind, a->address, a->orig, a->via) ==
	    forward_is(b->kind, b->address, b->orig, b->via);
}

/* Takes up to n ready recipients with one sender, who is given.  The next job
 * begins where this one ends, or at the first ready one that it passed over. */
static const char *
take_rcpts(struct job *job, uint32_t n, struct buf *rcpts)
{
	struct mail *mail = job->mail;
	uint32_t i, passed = UINT32_MAX;
	const struct rec_env_rcpt *first = NULL;

	job->from = mail->first;
	for (i = job->from; i < mail->m.n_rcpts && job->left < n; i++) {
		const struct place *p = &mail->places[i];
		const struct rec_env_rcpt *env = &mail->m.rcpts[i].env;

		if (p->mark != PLACE_READY)
			continue;
		if (first == NULL && p->part == job->part)
			first = env;
		if (p->part != job->part || !go_together(first, env)) {
			passed = MIN(passed, i);
			continue;
		}
		if (!put_rcpt(rcpts, mail, i))
			break;
		take_one(job, i);
	}
	job->to = i;
	mail->first = MIN(passed, i);
	return first == NULL || first->sender[0] == '\0' ? mail->m.env.sender
							 : first->sender;
}

static void
send_job(struct job *job, const char *sender, const struct buf *rcpts,
    const struct sched_event *e)
{
	const struct mail *mail = job->mail;
	const struct spool_message *m = &mail->m;
	CLEAN_BUF struct buf packet = { 0 };
	const char *nexthop = job->dest->nexthop;
	const char *at = strchr(nexthop, '@');
	struct msg_job msg = {
		.stream = job->number,
		.id = mail->msg->id.text,
		.transport = job->dest->transport->name,
		.nexthop = at != NULL ? at + 1 : nexthop,
		.sender = sender,
		.flags = m->head.flags | m->env.flags |
		    (job->backup ? MAIL_BACKUP : 0),
		.size = m->env.size,
		.data_at = m->head.data_at,
		.data_len = m->head.data_len,
		.head_at = m->head.head_at,
		.head_len = m->head.head_len,
		.max_line = m->head.max_line,
		.arrived = m->env.arrived,
		.queued = mail->loaded,
		.envid = m->env.envid,
		.ret = m->env.ret,
		.client_addr = m->env.client_addr,
		.probe = e->probe,
		.hosts = e->hosts,
		.rcpts = { buf_str(rcpts), rcpts->len },
	};

	msg_put_job(&packet, &msg);
	chan_send(job->agent->chan, &packet, mail->read_fd, false);
}

void
agent_start(const struct sched_event *e)
{
	struct job *job = job_open(e);
	CLEAN_BUF struct buf rcpts = { 0 };
	static const struct dsn unreadable = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_LOCAL,
		.status = "4.3.0",
		.text = "queue file cannot be opened",
	};

	/* Who waited may be ready by now; a mailing that goes out for the first
	 * time is not gone through for each job. */
	if (job->mail->waiting)
		parts_mark(job->mail, e->part, e->part->ready + e->n);
	const char *sender = take_rcpts(job, e->n, &rcpts);
	assert(job->left > 0);
	if (job->left < e->n)
		sched_back(qmgr.sched, e->part, e->n - job->left);
	if (parts_is_own(e->dest->transport->name)) {
		job_answer_self(job);
		return;
	}
	struct agent *agent = least_busy(e->dest->transport);
	if (agent == NULL || mail_read_fd(job->mail) < 0) {
		job_answer_rest(job, &unreadable);
		job_end(job);
		return;
	}
	job->agent = agent;
	agent->jobs++;
	send_job(job, sender, &rcpts, e);
}

/* ---- the end, and questions ---- */

void
agent_cancel(const struct mail *mail)
{
	for (const struct job *job = job_next(0); job != NULL;
	     job = job_next(job->number)) {
		CLEAN_BUF struct buf packet = { 0 };

		if ((mail != NULL && job->mail != mail) || job->agent == NULL)
			continue;
		msg_put_job_cancel(&packet,
		    &(struct msg_job_cancel){ .stream = job->number });
		chan_send(job->agent->chan, &packet, -1, false);
	}
}

void
agent_again(agent_pick_fn *pick, const void *arg)
{
	for (const struct job *job = job_next(0); job != NULL;
	     job = job_next(job->number)) {
		CLEAN_BUF struct buf packet = { 0 };

		if (job->agent == NULL || job->agent->chan->role != ROLE_SMTP ||
		    !pick(job->dest, arg))
			continue;
		msg_put_job_again(&packet,
		    &(struct msg_job_again){ .stream = job->number });
		chan_send(job->agent->chan, &packet, -1, false);
	}
}

void
agent_ask_backup(void)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf name = { 0 };
	struct slice rest = slice_of(params.relay_transport), part;

	if (params.backup_mx_domains[0] == '\0' ||
	    !slice_next_part(&rest, ':', &part))
		return;
	buf_add(&name, part.at, part.len);
	const struct agent *a = least_busy(parts_transport(buf_str(&name)));
	if (a == NULL || a->chan->role != ROLE_SMTP)
		return;
	msg_put_backup_check(&packet, &(struct msg_backup_check){ 0 });
	chan_send(a->chan, &packet, -1, false);
}

uint32_t
agent_jobs(void)
{
	return job_count();
}

void
agent_warn(void)
{
	LIST_EACH(struct transport, t, &qmgr.sched->transports, link) {
		bool wants = !list_empty(&t->fresh) || !list_empty(&t->old);

		t->alone = t->room == 0 && wants ? t->alone + 1 : 0;
		if (t->alone != ALONE_TICKS)
			continue;
		log_warn("mail transport unavailable: no service of "
			 "master.conf listens on unix:%s: its mail waits",
		    t->name);
	}
}
