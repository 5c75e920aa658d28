/*
 * A job is some recipients of one message with one sender, for one destination.
 * The transports error, retry and discard are answered here on the spot, as jobs
 * like any other.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_agent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "msg.h"
#include "qmgr_fate.h"
#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "qmgr_slots.h"
#include "str.h"

/* Jobs that one process may have in hand. */
#define JOBS_SMTP  500
#define JOBS_LOCAL 100

/* Room in a packet for recipients, the rest of it left aside. */
#define RCPTS_ROOM (CHAN_PACKET_MAX - 16384)

/* A transport may be without an agent for so many calls of agent_warn(), while
 * it is started anew. */
#define ALONE_TICKS 3

/* An alias that is expanded deeper than this runs in a circle. */
#define DEPTH_MAX 20

/* Bytes of the members of one alias. */
#define MEMBERS_MAX ((size_t)64 << 20)

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
	uint32_t left;     /* recipients without an answer */
	uint32_t deferred; /* with that answer */
	struct sched_result result;
	struct buf members; /* of an alias whose last part is to come */
	uint32_t members_of;
};

static struct list agents;
static struct slots jobs;
static uint32_t n_jobs;

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

/* ---- the end of a job ---- */

static void
end_job(struct job *job)
{
	struct mail *mail = job->mail;

	slots_drop(&jobs, job->number);
	n_jobs--;
	if (job->agent != NULL)
		job->agent->jobs--;
	mail->jobs--;
	for (uint32_t i = 0; i < mail->m.n_rcpts && job->deferred > 0; i++) {
		struct place *p = &mail->places[i];

		if (p->mark != PLACE_ANSWERED || p->job != job->number)
			continue;
		p->mark = PLACE_WAITING;
		job->deferred--;
	}
	sched_done(qmgr.sched, job->part, &job->result);
	buf_free(&job->members);
	free(job);
	fate_progress(mail);
	qmgr_soon();
}

static void
answer(struct job *job, uint32_t index, const struct dsn *dsn,
    const char *relay)
{
	job->left--;
	fate_of_rcpt(job->mail, index, dsn, relay, &job->result);
	job->deferred += job->mail->places[index].mark == PLACE_ANSWERED;
}

static bool
is_in_hand(const struct job *job, uint32_t index)
{
	const struct place *p = &job->mail->places[index];

	return index < job->mail->m.n_rcpts && p->mark == PLACE_BUSY &&
	    p->job == job->number;
}

/* All that have no answer yet get this one, which is logged here. */
static void
answer_rest(struct job *job, const struct dsn *dsn)
{
	for (uint32_t i = 0; i < job->mail->m.n_rcpts && job->left > 0; i++) {
		if (!is_in_hand(job, i))
			continue;
		answer(job, i, dsn, "none");
		mail_log_rcpt(job->mail, i);
	}
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

	for (uint32_t i = 1; i <= jobs.n; i++) {
		struct job *job = slots_get(&jobs, i);

		if (job == NULL || job->agent != a)
			continue;
		answer_rest(job, &lost);
		end_job(job);
	}
	list_drop(&a->link);
	free(a);
	count_room(t);
}

/* ---- our own transports ---- */

static void
answer_self(struct job *job)
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
	answer_rest(job, &dsn);
	end_job(job);
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

/* Takes up to n ready recipients with one sender, who is given. */
static const char *
take_rcpts(struct job *job, uint32_t n, struct buf *rcpts)
{
	struct mail *mail = job->mail;
	const char *sender = NULL;

	for (uint32_t i = 0; i < mail->m.n_rcpts && job->left < n; i++) {
		struct place *p = &mail->places[i];
		const char *his = mail->m.rcpts[i].env.sender;

		if (p->mark != PLACE_READY || p->part != job->part)
			continue;
		if (sender == NULL)
			sender = his;
		if (!str_eq(sender, his))
			continue;
		if (!put_rcpt(rcpts, mail, i))
			break;
		p->mark = PLACE_BUSY;
		p->job = job->number;
		job->left++;
	}
	return sender == NULL || sender[0] == '\0' ? mail->m.env.sender
						   : sender;
}

static void
send_job(struct job *job, const char *sender, const struct buf *rcpts,
    bool probe)
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
		.flags = m->head.flags | m->env.flags,
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
		.probe = probe,
		.rcpts = { buf_str(rcpts), rcpts->len },
	};

	msg_put_job(&packet, &msg);
	chan_send(job->agent->chan, &packet, mail->read_fd, false);
}

static struct job *
open_job(const struct sched_event *e)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->mail = e->msg->loaded;
	job->part = e->part;
	job->dest = e->dest;
	job->number = slots_put(&jobs, job);
	n_jobs++;
	job->mail->jobs++;
	return job;
}

void
agent_start(const struct sched_event *e)
{
	struct job *job = open_job(e);
	CLEAN_BUF struct buf rcpts = { 0 };
	static const struct dsn unreadable = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_LOCAL,
		.status = "4.3.0",
		.text = "queue file cannot be opened",
	};

	parts_mark(job->mail, e->part, e->part->ready + e->n);
	const char *sender = take_rcpts(job, e->n, &rcpts);
	assert(job->left > 0);
	if (job->left < e->n)
		sched_back(qmgr.sched, e->part, e->n - job->left);
	if (parts_is_own(e->dest->transport->name)) {
		answer_self(job);
		return;
	}
	struct agent *agent = least_busy(e->dest->transport);
	if (agent == NULL || mail_read_fd(job->mail) < 0) {
		answer_rest(job, &unreadable);
		end_job(job);
		return;
	}
	job->agent = agent;
	agent->jobs++;
	send_job(job, sender, &rcpts, e->probe);
}

/* ---- what an agent says ---- */

/* The job that this agent has under that number. */
static struct job *
job_of(const struct chan *c, uint32_t number)
{
	struct job *job = slots_get(&jobs, number);

	return job != NULL && job->agent == c->owner ? job : NULL;
}

bool
agent_result(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_result m;
	struct dsn dsn = { 0 };

	close_fd(&fd);
	if (!msg_get_job_result(&m, body, len) || m.outcome == OUTCOME_NONE ||
	    m.outcome > OUTCOME_BOUNCE || m.fault > FAULT_LOCAL)
		return false;
	struct job *job = job_of(c, m.stream);
	if (job == NULL || !is_in_hand(job, m.index))
		return false;
	dsn.outcome = (enum outcome)m.outcome;
	dsn.fault = (enum fault)m.fault;
	if (dsn.outcome == OUTCOME_DEFER && dsn.fault == FAULT_NONE)
		dsn.fault = FAULT_MESSAGE;
	if (!str_copy(dsn.status, sizeof(dsn.status), m.status))
		return false;
	dsn.text = m.text;
	answer(job, m.index, &dsn, m.relay);
	return true;
}

static struct rec_env_rcpt
member_env(const struct spool_rcpt *parent, const struct rec_job_member *m)
{
	const char *sender = m->sender[0] != '\0' ? m->sender
						  : parent->env.sender;

	return (struct rec_env_rcpt){
		.address = m->address,
		.orig = parent->env.orig[0] != '\0' ? parent->env.orig
						    : parent->env.address,
		.orcpt = "",
		.notify = parent->env.notify,
		.kind = m->kind,
		.depth = (uint8_t)(parent->env.depth + 1),
		.via = m->via,
		.user = m->user,
		.sender = sender,
	};
}

/* Members and the end of what they come from go to the journal in one write:
 * after a crash there are all of them, or none and the alias again. */
static bool
add_members(struct job *job, uint32_t index, struct slice members)
{
	struct mail *mail = job->mail;
	struct wire w = wire_open(members.at, members.len);
	size_t before = mail->m.n_rcpts;

	while (wire_more(&w)) {
		struct rec_job_member member;

		if (!rec_get_job_member(&member, &w) ||
		    member.kind > RCPT_COMMAND)
			return false;
		struct rec_env_rcpt env = member_env(&mail->m.rcpts[index],
		    &member);
		spool_entry_more(&mail->journal, &env);
		(void)mail_add_rcpt(mail, &env);
	}
	qmgr.books.expanded_in += mail->m.n_rcpts - before;
	return wire_done(&w);
}

static bool
members_good(struct slice members)
{
	struct wire w = wire_open(members.at, members.len);
	struct rec_job_member member;

	while (wire_more(&w))
		if (!rec_get_job_member(&member, &w) ||
		    member.kind > RCPT_COMMAND)
			return false;
	return wire_done(&w);
}

static void
too_deep(struct job *job, uint32_t index)
{
	static const struct dsn dsn = {
		.outcome = OUTCOME_BOUNCE,
		.status = "5.4.6",
		.text = "mail forwarding loop: aliases run in a circle",
	};

	answer(job, index, &dsn, "none");
	mail_log_rcpt(job->mail, index);
}

/* The members of a large alias come in parts. */
static bool
collect_members(struct job *job, const struct msg_job_expand *m)
{
	if (job->members.len > 0 && job->members_of != m->index)
		return false;
	job->members_of = m->index;
	buf_add(&job->members, m->members.at, m->members.len);
	return job->members.len <= MEMBERS_MAX;
}

bool
agent_expand(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_expand m;

	close_fd(&fd);
	if (!msg_get_job_expand(&m, body, len) || !members_good(m.members))
		return false;
	struct job *job = job_of(c, m.stream);
	if (job == NULL || !is_in_hand(job, m.index) ||
	    !collect_members(job, &m))
		return false;
	if (m.more)
		return true;

	struct mail *mail = job->mail;
	if (mail->m.rcpts[m.index].env.depth >= DEPTH_MAX) {
		too_deep(job, m.index);
		return true;
	}
	bool good = add_members(job, m.index,
	    (struct slice){ buf_str(&job->members), job->members.len });
	assert(good);
	buf_free(&job->members);
	job->left--;
	job->result.over++;
	mail_settle(mail, m.index, RCPT_EXPANDED);
	(void)mail_save(mail);
	parts_sort(mail);
	qmgr_soon();
	return true;
}

bool
agent_done(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_done m;
	static const struct dsn silent = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_LOCAL,
		.status = "4.3.0",
		.text = "delivery agent said nothing",
	};

	close_fd(&fd);
	if (!msg_get_job_done(&m, body, len))
		return false;
	struct job *job = job_of(c, m.stream);
	if (job == NULL)
		return false;
	answer_rest(job, &silent);
	end_job(job);
	return true;
}

void
agent_cancel(const struct mail *mail)
{
	for (uint32_t i = 1; i <= jobs.n; i++) {
		const struct job *job = slots_get(&jobs, i);
		CLEAN_BUF struct buf packet = { 0 };

		if (job == NULL || job->mail != mail || job->agent == NULL)
			continue;
		msg_put_job_cancel(&packet,
		    &(struct msg_job_cancel){ .stream = i });
		chan_send(job->agent->chan, &packet, -1, false);
	}
}

uint32_t
agent_jobs(void)
{
	return n_jobs;
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
