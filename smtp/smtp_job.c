/*
 * A job goes round: an idle connection to its next hop, or the hosts that the
 * DNS names, one after the other.  After each session the recipients that are
 * only deferred go on to the next host; what was said of them is kept, and
 * counts when there is none left.  Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "smtp_conn.h"
#include "smtp_forward.h"
#include "smtp_generic.h"
#include "smtp_request.h"

/* Hosts of a next hop that qmgr is told of. */
#define HOSTS_TOLD ((size_t)64)

static struct list jobs;
static size_t n_jobs;

static void on_unreachable(void *owner, int error);
static void on_over(void *owner);

static const struct smtp_conn_calls conn_calls = {
	.unreachable = on_unreachable,
	.over = on_over,
};

/* ---- the end of a job ---- */

static void
job_free(struct job *j)
{
	smtp_resolve_stop(&j->resolve);
	list_drop(&j->link);
	n_jobs--;
	if (j->query.number != 0)
		query_drop(&j->query);
	close_fd(&j->fd);
	arena_free(&j->arena);
	free(j);
}

/* The fate that counts in the end: the last one, unless it only says that a
 * further host could not be talked with. */
static void
decide_finally(struct job *j, size_t i)
{
	struct dsn *fate = &j->mail.rcpts[i].fate;
	struct place *p = &j->places[i];

	if (fate->outcome != OUTCOME_NONE)
		return;
	if (p->kept.outcome != OUTCOME_NONE) {
		*fate = p->kept;
		p->relay = p->kept_relay;
	} else {
		*fate = j->unreached;
	}
}

/* Mail that we keep for others is not returned because the DNS says for a while
 * that they do not exist.  A loop is another thing: waiting mends it seldom,
 * and RFC 5321 5.1 wants it said. */
static void
be_patient(const struct job *j, struct dsn *fate)
{
	if ((j->mail.source.flags & MAIL_BACKUP) == 0 ||
	    fate->outcome != OUTCOME_BOUNCE || fate->fault != FAULT_DESTINATION)
		return;
	fate->outcome = OUTCOME_DEFER;
	fate->status[0] = '4';
}

/* A message that may go to nobody of all who were tried, because of what they
 * cannot do, is returned (RFC 8689 4.2.1). */
static void
be_strict(const struct job *j, struct dsn *fate)
{
	size_t tried = (size_t)j->addresses + (j->visited != NULL);

	if (fate->outcome != OUTCOME_DEFER || j->lacking == 0 ||
	    j->lacking < tried)
		return;
	fate->outcome = OUTCOME_BOUNCE;
	fate->status[0] = '5';
}

static void
report(struct job *j, size_t i)
{
	CLEAN_BUF struct buf packet = { 0 };
	const struct dsn *fate = &j->mail.rcpts[i].fate;
	const struct place *p = &j->places[i];
	struct msg_job_result m = {
		.stream = j->stream,
		.index = p->index,
		.outcome = (uint8_t)fate->outcome,
		.fault = (uint8_t)fate->fault,
		.status = fate->status,
		.text = fate->text,
		.relay = p->relay != NULL ? p->relay : "",
	};

	msg_put_job_result(&packet, &m);
	chan_send(j->from, &packet, -1, false);
}

static void
write_line(const struct job *j, size_t i)
{
	int64_t now = loop_wall();
	int64_t began = j->mail.began;
	struct delivery d = {
		.id = j->id,
		.to = j->mail.rcpts[i].address,
		.orig_to = j->places[i].orig,
		.relay = j->places[i].relay,
		.arrived = j->arrived,
		.queued = j->queued,
		.started = j->started,
		.ready = began != 0 ? now - (loop_now() - began) : 0,
		.over = now,
		.fate = &j->mail.rcpts[i].fate,
	};

	delivery_log(&d);
}

static void
finish(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_job_done done = { .stream = j->stream };

	for (size_t i = 0; i < j->mail.n_rcpts; i++) {
		decide_finally(j, i);
		be_patient(j, &j->mail.rcpts[i].fate);
		be_strict(j, &j->mail.rcpts[i].fate);
		write_line(j, i);
		if (j->from != NULL)
			report(j, i);
	}
	if (j->from != NULL) {
		msg_put_job_done(&packet, &done);
		chan_send(j->from, &packet, -1, false);
	}
	job_free(j);
}

/* A reason that concerns all who are left, and no host. */
static void
finish_with(struct job *j, const struct dsn *fate)
{
	j->unreached = *fate;
	finish(j);
}

static void
finish_local(struct job *j, const char *text)
{
	struct dsn fate = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_LOCAL,
		.status = "4.3.0",
		.text = text,
	};

	finish_with(j, &fate);
}

/* ---- host by host ---- */

/* Whether to the limit nothing more is allowed; 0 is no limit. */
static bool
reached(int64_t n, int64_t limit)
{
	return limit > 0 && n >= limit;
}

static const struct smtp_host *
next_host(struct job *j)
{
	if (reached(j->addresses, params.smtp_mx_address_limit) ||
	    reached(j->sessions, params.smtp_mx_session_limit))
		return NULL;
	while (j->next < j->resolve.hosts.n) {
		const struct smtp_host *h = &j->resolve.hosts.at[j->next++];

		if (j->visited == NULL || !str_eq(h->address, j->visited))
			return h;
	}
	return NULL;
}

static void
try_next(struct job *j)
{
	const struct smtp_host *host = next_host(j);

	if (host == NULL) {
		finish(j);
		return;
	}
	j->addresses++;
	j->conn = smtp_conn_new(j->nexthop, host, &j->mail, &conn_calls, j);
	smtp_conn_start(j->conn); /* j may be gone */
}

/* The system has no more to give: no host is to blame. */
static bool
is_our_trouble(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL;
}

static void
on_unreachable(void *owner, int error)
{
	struct job *j = owner;
	bool ours = is_our_trouble(error);

	j->unreached = (struct dsn){
		.outcome = OUTCOME_DEFER,
		.fault = ours ? FAULT_LOCAL : FAULT_DESTINATION,
		.status = "4.4.1",
		.text = arena_printf(&j->arena, "connect to %s: %s",
		    j->conn->relay, strerror(error)),
	};
	j->conn = NULL;
	log_info("%s", j->unreached.text);
	if (ours)
		finish(j);
	else
		try_next(j);
}

/* ---- which hosts ---- */

static void
tell_hosts(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 }, hosts = { 0 };
	size_t n = MIN(j->resolve.hosts.n, HOSTS_TOLD);

	for (size_t i = 0; i < n; i++) {
		const struct smtp_host *h = &j->resolve.hosts.at[i];
		struct rec_job_host rec = {
			.name = h->name,
			.address = h->address,
			.port = h->port,
			.preference = h->preference,
		};

		rec_put_job_host(&hosts, &rec);
	}
	msg_put_job_hosts(&packet,
	    &(struct msg_job_hosts){
		.stream = j->stream,
		.hosts = { buf_str(&hosts), hosts.len },
	    });
	chan_send(j->from, &packet, -1, false);
	j->asking = true;
}

static void
on_resolved(void *owner)
{
	struct job *j = owner;

	j->resolving = false;
	j->resolved = true;
	if (j->resolve.fate.outcome != OUTCOME_NONE)
		finish_with(j, &j->resolve.fate);
	else if (j->tell_hosts && j->from != NULL)
		tell_hosts(j);
	else
		try_next(j);
}

/* Nobody was tried, and nothing is said of anybody. */
static void
call_off(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_job_done(&packet,
	    &(struct msg_job_done){ .stream = j->stream });
	chan_send(j->from, &packet, -1, false);
	job_free(j);
}

static struct job *
find_job(const struct chan *c, uint32_t stream)
{
	LIST_EACH(struct job, j, &jobs, link)
		if (j->from == c && j->stream == stream)
			return j;
	return NULL;
}

bool
smtp_job_go(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_go m;

	close_fd(&fd);
	if (!msg_get_job_go(&m, body, len))
		return false;
	struct job *j = find_job(c, m.stream);
	if (j == NULL || !j->asking)
		return true; /* it was stopped meanwhile */
	j->asking = false;
	/* What an idle connection's host said of the mail is to be reported. */
	if (m.go == 0 && j->visited == NULL)
		call_off(j);
	else if (m.go == 0)
		finish(j);
	else
		try_next(j);
	return true;
}

static void
go_on(struct job *j)
{
	if (j->resolved) {
		try_next(j);
		return;
	}
	j->resolving = true;
	smtp_resolve_start(&j->resolve, &j->arena, j->nexthop, j->probe,
	    on_resolved, j); /* j may be gone */
}

static void
begin(struct job *j)
{
	struct smtp_conn *c = smtp_conn_take(j->nexthop,
	    smtp_mail_wish(&j->mail));

	if (c == NULL) {
		go_on(j);
		return;
	}
	j->conn = c;
	smtp_conn_send(c, &j->mail, &conn_calls, j); /* j may be gone */
}

/* ---- after a session ---- */

static bool
hosts_are_left(const struct job *j)
{
	return (!j->resolved || j->next < j->resolve.hosts.n) &&
	    !reached(j->addresses, params.smtp_mx_address_limit) &&
	    !reached(j->sessions, params.smtp_mx_session_limit);
}

/* Why the next host is tried; the same reason is said once. */
static void
say_why(struct job *j, const char *text)
{
	if (j->said == NULL || !str_eq(j->said, text))
		log_info("%s: %s", j->id, text);
	j->said = text;
}

/* A host that said something to this mail outweighs one that could not be
 * talked with. */
static void
keep(struct place *p, const struct dsn *fate)
{
	if (p->kept.outcome != OUTCOME_NONE && p->kept.fault == FAULT_MESSAGE &&
	    fate->fault != FAULT_MESSAGE)
		return;
	p->kept = *fate;
	p->kept_relay = p->relay;
}

/* Who is only deferred goes on; true where there is anyone. */
static bool
collect_deferred(struct job *j)
{
	bool any = false;

	for (size_t i = 0; i < j->mail.n_rcpts; i++) {
		struct dsn *fate = &j->mail.rcpts[i].fate;

		if (fate->outcome != OUTCOME_DEFER)
			continue;
		say_why(j, fate->text);
		keep(&j->places[i], fate);
		*fate = (struct dsn){ 0 };
		any = true;
	}
	return any;
}

static void
note_relay(struct job *j, const char *relay)
{
	const char *kept = arena_strdup(&j->arena, relay);

	for (size_t i = 0; i < j->mail.n_rcpts; i++)
		if (j->mail.rcpts[i].tried)
			j->places[i].relay = kept;
}

/* As if the old connection had not been there. */
static void
begin_afresh(struct job *j)
{
	for (size_t i = 0; i < j->mail.n_rcpts; i++)
		if (j->mail.rcpts[i].tried)
			j->mail.rcpts[i].fate = (struct dsn){ 0 };
	begin(j);
}

static void
on_over(void *owner)
{
	struct job *j = owner;
	struct smtp_conn *c = j->conn;

	j->conn = NULL;
	if (j->mail.stale) {
		begin_afresh(j);
		return;
	}
	note_relay(j, c->relay);
	j->lacking += smtp_mail_lacks(&j->mail);
	if (c->client.greeted)
		j->sessions++;
	if (!j->resolved)
		j->visited = arena_strdup(&j->arena, c->host.address);
	if (hosts_are_left(j) && collect_deferred(j))
		go_on(j);
	else
		finish(j);
}

/* The hosts from the first on, unless one talks with us by now.  One on a
 * connection that had lain idle may be gone without a word. */
static void
again(struct job *j)
{
	const struct smtp_client *c = j->conn != NULL ? &j->conn->client : NULL;

	if (c == NULL || (c->greeted && (!c->reused || c->answered)))
		return;
	smtp_conn_abort(TAKE_PTR(j->conn));
	j->next = 0;
	j->addresses = 0;
	go_on(j);
}

bool
smtp_job_again(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_again m;

	close_fd(&fd);
	if (!msg_get_job_again(&m, body, len))
		return false;
	struct job *j = find_job(c, m.stream);
	if (j != NULL)
		again(j);
	return true;
}

/* ---- the beginning ---- */

static struct job *
job_new(struct chan *c, const struct msg_job *m, int fd)
{
	struct job *j = xcalloc(1, sizeof(*j));
	struct arena *a = &j->arena;

	j->from = c;
	j->stream = m->stream;
	j->id = arena_strdup(a, m->id);
	j->nexthop = arena_strdup(a, m->nexthop);
	j->arrived = m->arrived;
	j->queued = m->queued;
	j->started = loop_wall();
	j->probe = m->probe != 0;
	j->tell_hosts = m->hosts != 0;
	j->head_at = m->head_at;
	j->head_len = m->head_len;
	j->fd = fd;
	j->mail = (struct smtp_mail){
		.sender = arena_strdup(a, m->sender),
		.size = m->data_len + m->head_len,
		.arena = a,
		.source = {
			.fd = fd,
			.data_at = m->data_at,
			.data_len = m->data_len,
			.flags = m->flags,
			.max_line = m->max_line,
		},
	};
	list_append(&jobs, &j->link);
	n_jobs++;
	return j;
}

/* Or it is not forwarded. */
static void
on_forwarded(struct job *j, const char *why)
{
	if (why == NULL && !smtp_generic_show(j))
		why = "smtp_generic_maps or the message cannot be read";
	if (why != NULL)
		finish_local(j, why);
	else
		begin(j);
}

bool
smtp_job_start(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job m;

	if (!msg_get_job(&m, body, len)) {
		close_fd(&fd);
		return false;
	}
	struct job *j = job_new(c, &m, fd);
	if (!smtp_request_rcpts(j, m.rcpts)) {
		job_free(j);
		return false;
	}
	if (fd < 0)
		finish_local(j, "no descriptor left for the message");
	else if (!smtp_request_message(j, &m))
		finish_local(j, "the queue file cannot be read");
	else if (!smtp_forward_ask(j, on_forwarded))
		on_forwarded(j, NULL);
	return true;
}

/* ---- giving up ---- */

/* Once content flows only the host's answer tells what became of it. */
static void
cancel(struct job *j)
{
	if (j->conn != NULL && !smtp_conn_harmless(j->conn))
		return;
	if (j->conn != NULL)
		smtp_conn_abort(TAKE_PTR(j->conn));
	finish_local(j, "the delivery was stopped");
}

bool
smtp_job_cancel(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_cancel m;

	close_fd(&fd);
	if (!msg_get_job_cancel(&m, body, len))
		return false;
	struct job *j = find_job(c, m.stream);
	if (j != NULL)
		cancel(j);
	return true;
}

void
smtp_job_peer_ended(struct chan *c)
{
	LIST_EACH(struct job, j, &jobs, link) {
		if (j->from != c)
			continue;
		j->from = NULL;
		cancel(j);
	}
}

size_t
smtp_job_count(void)
{
	return n_jobs;
}
