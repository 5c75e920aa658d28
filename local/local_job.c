/*
 * A job is a message and some recipients; each recipient goes its way by
 * itself.
 *
 * An address of ours is first expanded (local_expand.h), with questions to
 * lookup (who is that user?) and to deliver (what stands in his .forward?).
 * What comes out is either a mailbox, a command or a file, for which deliver is
 * asked, or members, which qmgr puts into the message in the recipient's place.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_job.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "delivery.h"
#include "local_expand.h"
#include "local_known.h"
#include "local_place.h"
#include "local_virtual.h"
#include "local_world.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "query.h"
#include "str.h"

#define ASK_TIME (2 * MINUTE)
#define GRACE    MINUTE                /* beyond a delivery's own deadline */
#define PART_MAX (CHAN_PACKET_MAX / 4) /* members that go in a packet */

struct job {
	struct list link;
	struct chan *from; /* NULL: who gave it is gone */
	struct buf packet;
	struct msg_job m; /* in the packet */
	struct arena arena;
	struct rcpt *rcpts;
	size_t n;
	size_t left; /* recipients without a fate, and one while it begins */
	int mail;
	int64_t started;
	bool stopped; /* what has not begun does not */
};

struct rcpt {
	struct job *job;
	struct rec_job_rcpt r;
	struct expand e;
	struct query ask; /* the open question */
	bool expanding;   /* the question is the expansion's */
	bool delivering;  /* ... or a delivery */
	bool together;    /* ... with others for the same place */
	int64_t ready;    /* when the delivery began */
};

static struct list jobs;
static uint32_t n_jobs;

static void go_on(struct rcpt *r);

/* ---- the end of a recipient and of a job ---- */

static void
job_destroy(struct job *job)
{
	for (size_t i = 0; i < job->n; i++)
		local_expand_free(&job->rcpts[i].e);
	if (list_linked(&job->link)) {
		list_drop(&job->link);
		n_jobs--;
	}
	close_fd(&job->mail);
	arena_free(&job->arena);
	buf_free(&job->packet);
	free(job->rcpts);
	free(job);
}

static void
settle(struct job *job)
{
	struct msg_job_done m = { .stream = job->m.stream };
	CLEAN_BUF struct buf packet = { 0 };

	if (--job->left > 0)
		return;
	if (job->from != NULL) {
		msg_put_job_done(&packet, &m);
		chan_send(job->from, &packet, -1, false);
	}
	job_destroy(job);
}

/* The address that the log names: that of a command is for whom it acts. */
static const char *
log_address(const struct rcpt *r)
{
	bool path = r->r.kind == RCPT_FILE || r->r.kind == RCPT_COMMAND;

	return path ? r->r.via : r->r.address;
}

static void
finish(struct rcpt *r, const struct dsn *fate)
{
	struct job *job = r->job;
	const char *to = log_address(r);
	struct msg_job_result m = {
		.stream = job->m.stream,
		.index = r->r.index,
		.outcome = (uint8_t)fate->outcome,
		.fault = (uint8_t)fate->fault,
		.status = fate->status,
		.text = fate->text,
		.relay = job->m.transport,
		.together = r->together,
	};
	CLEAN_BUF struct buf packet = { 0 };

	delivery_log(&(struct delivery){
	    .id = job->m.id,
	    .to = to,
	    .orig_to = str_eq_nocase(r->r.orig, to) ? "" : r->r.orig,
	    .relay = job->m.transport,
	    .arrived = job->m.arrived,
	    .queued = job->m.queued,
	    .started = job->started,
	    .ready = r->ready,
	    .over = clock_wall(),
	    .fate = fate,
	});
	if (job->from != NULL) {
		msg_put_job_result(&packet, &m);
		chan_send(job->from, &packet, -1, false);
	}
	settle(job);
}

static void
finish_so(struct rcpt *r, enum outcome outcome, enum fault fault,
    const char *status, const char *text)
{
	struct dsn fate = dsn_of(outcome, fault, status, text);

	finish(r, &fate);
}

static void
stop(struct rcpt *r)
{
	finish_so(r, OUTCOME_DEFER, FAULT_LOCAL, "4.3.0",
	    "the delivery was stopped");
}

/* ---- questions ---- */

static void
no_answer(struct query *q, const char *why)
{
	finish_so(container_of(q, struct rcpt, ask), OUTCOME_DEFER, FAULT_LOCAL,
	    "4.3.0", why);
}

/* `expanding`: the answer is for the expansion. */
static uint32_t
open_question(struct rcpt *r, int64_t wait, bool expanding)
{
	r->expanding = expanding;
	r->delivering = false;
	return query_open(&r->ask, wait, no_answer);
}

static struct rcpt *
take_answer(const struct chan *c, uint32_t number)
{
	struct query *q = query_take(c, number);

	return q != NULL ? container_of(q, struct rcpt, ask) : NULL;
}

static void
ask_user(struct rcpt *r, const char *user, bool expanding)
{
	struct msg_ask m = { .kind = LOOKUP_USER, .key = user };
	CLEAN_BUF struct buf packet = { 0 };

	m.stream = open_question(r, ASK_TIME, expanding);
	msg_put_ask(&packet, &m);
	query_send(&r->ask, ROLE_LOOKUP, &packet, -1);
}

static void
ask_file(struct rcpt *r)
{
	struct msg_deliver m = {
		.kind = local_expand_wants_include(&r->e) ? DELIVER_INCLUDE
							  : DELIVER_FORWARD,
		.id = r->job->m.id,
		.user = r->e.user,
		.target = r->e.paths,
		.deadline = clock_mono() + ASK_TIME - GRACE,
		.env = SLICE(""),
	};
	CLEAN_BUF struct buf packet = { 0 };

	m.stream = open_question(r, ASK_TIME, true);
	msg_put_deliver(&packet, &m);
	query_send(&r->ask, ROLE_DELIVER, &packet, -1);
}

/* The request has kind, user, target, limit and deadline. */
static void
ask_delivery(struct rcpt *r, struct msg_deliver *m)
{
	struct job *job = r->job;
	CLEAN_BUF struct buf env = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	r->ready = clock_wall();
	local_place_env(&job->arena, &env, &job->m, &r->r, m->user);
	m->id = job->m.id;
	m->sender = job->m.sender;
	m->head = local_place_head(&job->arena, job->m.sender, r->r.orig,
	    log_address(r));
	m->env = (struct slice){ buf_str(&env), env.len };
	m->data_at = job->m.data_at;
	m->data_len = job->m.data_len;
	m->head_at = job->m.head_at;
	m->head_len = job->m.head_len;
	m->stream = open_question(r, m->deadline - clock_mono() + GRACE, false);
	r->delivering = true;
	r->together = m->kind == DELIVER_MAILDIR;
	msg_put_deliver(&packet, m);
	query_send(&r->ask, ROLE_DELIVER, &packet, job->mail);
}

/* ---- the ways of a recipient ---- */

/* With paths in `forward`, only where there is no such file. */
static void
deliver_to_user(struct rcpt *r, const struct local_user *who,
    const char *forward)
{
	struct msg_deliver m = { .forward = forward };

	if (local_place_mailbox(&r->job->arena, who, &m))
		ask_delivery(r, &m);
	else
		finish_so(r, OUTCOME_DEFER, FAULT_LOCAL, "4.3.0",
		    "mailbox command lookup error");
}

/* A member of kind RCPT_MAILBOX, when lookup has answered. */
static void
take_mailbox(struct rcpt *r, enum found found, const char *value)
{
	struct arena *a = &r->job->arena;
	struct local_user who;

	if (found == FOUND_NONE)
		finish_so(r, OUTCOME_BOUNCE, FAULT_MESSAGE, "5.1.1",
		    arena_printf(a, "unknown user: \"%s\"", r->r.user));
	else if (found == FOUND_FAILED || !local_user_parse(a, value, &who))
		finish_so(r, OUTCOME_DEFER, FAULT_LOCAL, "4.3.0",
		    "user lookup error");
	else
		deliver_to_user(r, &who, NULL);
}

static void
deliver_to_path(struct rcpt *r)
{
	bool command = r->r.kind == RCPT_COMMAND;
	struct msg_deliver m = {
		.kind = command ? DELIVER_COMMAND : DELIVER_FILE,
		.user = r->r.user,
		.target = r->r.address,
		.limit = (uint64_t)params.mailbox_size_limit,
		.deadline = clock_mono() + params.command_time_limit,
	};

	if (r->r.user[0] == '\0')
		finish_so(r, OUTCOME_BOUNCE, FAULT_MESSAGE, "5.7.1",
		    command ? "mail to command is restricted"
			    : "mail to file is restricted");
	else
		ask_delivery(r, &m);
}

static void
deliver_to_virtual(struct rcpt *r)
{
	struct local_virtual v = { 0 };
	struct dsn fate = { 0 };
	struct msg_deliver m = {
		.user = "",
		.limit = (uint64_t)params.virtual_mailbox_limit,
		.deadline = clock_mono() + params.command_time_limit,
	};

	if (!local_virtual_find(&r->job->arena, r->r.address, &v, &fate)) {
		finish(r, &fate);
		return;
	}
	m.kind = str_ends(v.path, "/") ? DELIVER_MAILDIR : DELIVER_MBOX;
	m.target = v.path;
	m.uid = v.uid;
	m.gid = v.gid;
	ask_delivery(r, &m);
}

static void
expand_address(struct rcpt *r)
{
	struct job *job = r->job;
	bool trouble;

	if (local_place_was_here(&job->m, job->mail, r->r.address, &trouble)) {
		finish_so(r, OUTCOME_BOUNCE, FAULT_MESSAGE, "5.4.6",
		    arena_printf(&job->arena, "mail forwarding loop for %s",
			r->r.address));
		return;
	}
	if (trouble) {
		finish_so(r, OUTCOME_DEFER, FAULT_LOCAL, "4.3.0",
		    "the message cannot be read");
		return;
	}
	local_expand_start(&r->e, &job->arena, &local_world, r->r.address);
	go_on(r);
}

static void
send_part(struct rcpt *r, struct buf *members, bool more)
{
	struct job *job = r->job;
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_job_expand m = {
		.stream = job->m.stream,
		.index = r->r.index,
		.members = { buf_str(members), members->len },
		.more = more,
	};

	if (job->from != NULL) {
		msg_put_job_expand(&packet, &m);
		chan_send(job->from, &packet, -1, false);
	}
	buf_reset(members);
}

/* In as many packets as it takes; qmgr makes them one. */
static void
send_members(struct rcpt *r)
{
	struct job *job = r->job;
	bool null_sender = job->m.sender[0] == '\0';
	CLEAN_BUF struct buf members = { 0 };

	log_info("%s: <%s> expands to %zu recipient%s", job->m.id, r->r.address,
	    r->e.n, r->e.n == 1 ? "" : "s");
	for (size_t i = 0; i < r->e.n; i++) {
		const struct expand_member *member = &r->e.members[i];
		struct rec_job_member record = {
			.address = member->address,
			.kind = (uint8_t)member->kind,
			.via = r->r.address,
			.user = member->user,
			.sender = null_sender ? "" : member->sender,
		};

		rec_put_job_member(&members, &record);
		if (members.len > PART_MAX && i + 1 < r->e.n)
			send_part(r, &members, true);
	}
	send_part(r, &members, false);
	settle(job);
}

static void
go_on(struct rcpt *r)
{
	if (r->job->stopped) {
		stop(r);
		return;
	}
	enum expand_want want;
	const char *known;

	while ((want = local_expand_next(&r->e)) == EXPAND_USER &&
	    (known = known_user(r->e.user)) != NULL)
		local_expand_user(&r->e, FOUND_ONE, known);
	if (r->e.warning != NULL) {
		log_warn("%s: %s", r->job->m.id, r->e.warning);
		r->e.warning = NULL;
	}
	if (want == EXPAND_USER)
		ask_user(r, r->e.user, true);
	else if (want == EXPAND_FILE && local_expand_may_be_direct(&r->e))
		deliver_to_user(r, &r->e.who, r->e.paths);
	else if (want == EXPAND_FILE)
		ask_file(r);
	else if (r->e.fate.outcome != OUTCOME_NONE)
		finish(r, &r->e.fate);
	else if (r->e.direct)
		deliver_to_user(r, &r->e.who, NULL);
	else
		send_members(r);
}

static void
begin_mailbox(struct rcpt *r)
{
	const char *known = known_user(r->r.user);

	if (known != NULL)
		take_mailbox(r, FOUND_ONE, known);
	else
		ask_user(r, r->r.user, false);
}

static void
begin(struct rcpt *r)
{
	bool virtual = str_eq(r->job->m.transport, "virtual");

	switch ((enum rcpt_kind)r->r.kind) {
	case RCPT_ADDRESS:
		if (virtual)
			deliver_to_virtual(r);
		else
			expand_address(r);
		break;
	case RCPT_MAILBOX:
	case RCPT_NOBODY: /* who may have got an account meanwhile */
		if (virtual)
			deliver_to_virtual(r);
		else
			begin_mailbox(r);
		break;
	case RCPT_FILE:
	case RCPT_COMMAND:
		deliver_to_path(r);
		break;
	case RCPT_KINDS:
		break;
	}
}

/* ---- messages ---- */

/* False where there are none, or they are malformed. */
static bool
read_rcpts(struct job *job)
{
	struct wire w = wire_open(job->m.rcpts.at, job->m.rcpts.len);
	size_t room = 0;

	while (wire_more(&w)) {
		if (job->n == room) {
			room = MAX(room * 2, (size_t)4);
			job->rcpts = xrealloc(job->rcpts, room,
			    sizeof(struct rcpt));
		}
		struct rcpt *r = &job->rcpts[job->n];
		*r = (struct rcpt){ .job = job };
		if (!rec_get_job_rcpt(&r->r, &w) || r->r.kind >= RCPT_KINDS)
			return false;
		job->n++;
	}
	return wire_done(&w) && job->n > 0;
}

bool
local_job_start(struct chan *c, const void *body, size_t len, int fd)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->mail = fd;
	job->from = c;
	job->started = loop_wall();
	buf_add(&job->packet, body, len);
	if (!msg_get_job(&job->m, buf_str(&job->packet), len) ||
	    !read_rcpts(job)) {
		job_destroy(job);
		return false;
	}
	list_append(&jobs, &job->link);
	n_jobs++;
	job->left = job->n + 1;
	for (size_t i = 0; i < job->n; i++)
		begin(&job->rcpts[i]);
	settle(job);
	return true;
}

/* A delivery that has begun is in doubt until it ends; questions are not. */
static void
cancel(struct job *job)
{
	job->stopped = true;
	job->left++; /* so that it stays until all were looked at */
	for (size_t i = 0; i < job->n; i++) {
		struct rcpt *r = &job->rcpts[i];

		if (r->ask.number != 0 &&
		    (!r->delivering || r->ask.to == NULL)) {
			query_drop(&r->ask);
			stop(r);
		}
	}
	settle(job);
}

bool
local_job_cancel(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_cancel m;
	CLEAN_FD int unasked = fd;

	if (!msg_get_job_cancel(&m, body, len) || unasked >= 0)
		return false;
	LIST_EACH(struct job, job, &jobs, link)
		if (job->from == c && job->m.stream == m.stream) {
			cancel(job);
			break;
		}
	return true;
}

bool
local_job_answer(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_answer m;
	CLEAN_FD int unasked = fd;

	if (!msg_get_answer(&m, body, len) || m.found > FOUND_FAILED ||
	    unasked >= 0)
		return false;

	struct rcpt *r = take_answer(c, m.stream);
	if (r == NULL)
		return true; /* too late */
	if (m.found == FOUND_ONE)
		known_user_is(r->expanding ? r->e.user : r->r.user, m.value);
	if (!r->expanding) {
		take_mailbox(r, (enum found)m.found, m.value);
		return true;
	}
	local_expand_user(&r->e, (enum found)m.found, m.value);
	go_on(r);
	return true;
}

bool
local_job_delivered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_delivered m;
	CLEAN_FD int unasked = fd;

	if (!msg_get_delivered(&m, body, len) || m.outcome == OUTCOME_NONE ||
	    m.outcome > OUTCOME_BOUNCE || !dsn_is_status(m.status) ||
	    strlen(m.status) >= DSN_STATUS_MAX || unasked >= 0)
		return false;

	struct rcpt *r = take_answer(c, m.stream);
	if (r == NULL)
		return true; /* too late */
	if (r->expanding || (m.by_forward && r->e.node != NULL)) {
		local_expand_file(&r->e, (enum outcome)m.outcome, m.status,
		    m.text, m.answer);
		go_on(r);
		return true;
	}
	finish_so(r, (enum outcome)m.outcome,
	    m.outcome == OUTCOME_SENT ? FAULT_NONE : FAULT_MESSAGE, m.status,
	    m.text);
	return true;
}

void
local_job_peer_ended(struct chan *c)
{
	LIST_EACH(struct job, job, &jobs, link)
		if (job->from == c)
			job->from = NULL;
	query_peer_ended(c);
}

uint32_t
local_job_busy(void)
{
	return n_jobs;
}
