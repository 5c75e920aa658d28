/*
 * What an agent says of its jobs.  A message that does not fit the job closes
 * the channel, by which its recipients are deferred.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "log.h"
#include "msg.h"
#include "qmgr_agent.h"
#include "qmgr_job.h"
#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "qmgr_provider.h"
#include "str.h"

/* An alias that is expanded deeper than this runs in a circle. */
#define DEPTH_MAX 20

/* Bytes of the members of one alias. */
#define MEMBERS_MAX ((size_t)64 << 20)

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
	if (job == NULL || !job_has(job, m.index))
		return false;
	if (!dsn_is_status(m.status))
		return false;
	dsn.outcome = (enum outcome)m.outcome;
	dsn.fault = (enum fault)m.fault;
	if (dsn.outcome == OUTCOME_DEFER && dsn.fault == FAULT_NONE)
		dsn.fault = FAULT_MESSAGE;
	if (!str_copy(dsn.status, sizeof(dsn.status), m.status))
		return false;
	dsn.text = m.text;
	job->result.together |= m.together != 0;
	job_answer(job, m.index, &dsn, m.relay);
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
		    member.kind >= RCPT_KINDS)
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
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') ||
		    *text == 0x7f)
			return true;
	return false;
}

/* What is longer would not fit into the packet of a job; and a line end would
 * end a line at the next host. */
static bool
member_fits(const struct rec_job_member *m)
{
	const char *const fields[] = { m->address, m->via, m->user, m->sender };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strlen(fields[i]) > MEMBER_FIELD_MAX ||
		    has_control(fields[i]))
			return false;
	return true;
}

static bool
members_good(struct slice members)
{
	struct wire w = wire_open(members.at, members.len);
	struct rec_job_member member;

	while (wire_more(&w))
		if (!rec_get_job_member(&member, &w) ||
		    member.kind >= RCPT_KINDS || !member_fits(&member))
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

	job_answer(job, index, &dsn, "none");
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
	/* A member may be a command and the user who runs it: who speaks with
	 * the network has no say in that. */
	if (c->role != ROLE_LOCAL || !msg_get_job_expand(&m, body, len) ||
	    !members_good(m.members))
		return false;
	struct job *job = job_of(c, m.stream);
	if (job == NULL || !job_has(job, m.index) || !collect_members(job, &m))
		return false;
	if (m.more)
		return true;

	struct mail *mail = job->mail;
	if (mail->m.rcpts[m.index].env.depth >= DEPTH_MAX) {
		too_deep(job, m.index);
		return true;
	}
	size_t first = mail->m.n_rcpts;
	bool good = add_members(job, m.index,
	    (struct slice){ buf_str(&job->members), job->members.len });
	assert(good);
	buf_free(&job->members);
	job->left--;
	job->result.over++;
	mail_settle(mail, m.index, RCPT_EXPANDED);
	(void)mail_save(mail);
	parts_add(mail, first);
	qmgr_soon();
	return true;
}

static bool
is_address(const char *text)
{
	uint8_t at[16];

	return inet_pton(AF_INET, text, at) == 1 ||
	    inet_pton(AF_INET6, text, at) == 1;
}

static bool
read_hosts(struct slice records, struct provider_host *hosts, size_t *n)
{
	struct wire w = wire_open(records.at, records.len);
	struct rec_job_host r;

	for (*n = 0; wire_more(&w) && *n < PROVIDER_HOSTS_MAX; (*n)++) {
		if (!rec_get_job_host(&r, &w) || !is_address(r.address))
			return false;
		hosts[*n] = (struct provider_host){
			.address = r.address,
			.port = r.port,
		};
	}
	return wire_done(&w);
}

bool
agent_hosts(struct chan *c, const void *body, size_t len, int fd)
{
	struct provider_host hosts[PROVIDER_HOSTS_MAX];
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_job_hosts m;
	size_t n;

	close_fd(&fd);
	if (!msg_get_job_hosts(&m, body, len) ||
	    !read_hosts(m.hosts, hosts, &n))
		return false;
	struct job *job = job_of(c, m.stream);
	if (job == NULL || job->called_off)
		return false;
	sched_time(qmgr.sched, loop_now());
	bool go = provider_learn(qmgr.sched, job->dest, hosts, n);
	job->called_off = !go;
	msg_put_job_go(&packet,
	    &(struct msg_job_go){ .stream = m.stream, .go = go });
	chan_send(c, &packet, -1, false);
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
	if (job->called_off) {
		job_give_back(job);
		return true;
	}
	job_answer_rest(job, &silent);
	job_end(job);
	return true;
}
