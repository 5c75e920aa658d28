/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_peer.h"

#include <stdlib.h>

#include "cleanup_commit.h"
#include "cleanup_mail.h"
#include "cleanup_seal.h"
#include "cleanup_tell.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "map.h"

/* A feeder that brings nothing for so long has forgotten the message.  Recovery
 * of tmp/ relies on it (doc/queue.md). */
#define IDLE_MAX   (30 * MINUTE)
#define IDLE_SWEEP (5 * MINUTE)

/* While so many messages wait for the disk, no more are taken in. */
#define WAITING_MAX  1000
#define WAITING_FINE 500

/* A feeder that has so many bytes of answers waiting, and begins more, does not
 * read. */
#define ANSWERS_MAX ((size_t)4 << 20)

#define FEEDERS                                                     \
	(1u << ROLE_SMTPD | 1u << ROLE_BOUNCE | 1u << ROLE_PICKUP | \
	    1u << ROLE_REPORT)

static chan_fn on_begin, on_rcpt, on_data, on_end, on_abort;

static const struct chan_rule rules[] = {
	{ MSG_mail_begin, FEEDERS, on_begin },
	{ MSG_mail_rcpt, FEEDERS, on_rcpt },
	{ MSG_mail_data, FEEDERS, on_data },
	{ MSG_mail_end, FEEDERS, on_end },
	{ MSG_mail_abort, FEEDERS, on_abort },
	{ MSG_judged, 1u << ROLE_VERIFY, cleanup_seal_judged },
	{ MSG_sealed, 1u << ROLE_SIGN, cleanup_seal_sealed },
};

/* A feeder. */
struct peer {
	struct list link;
	struct chan *chan;
	struct map mails; /* by stream */
};

static struct list peers;
static uint32_t n_mails; /* all that are under way */
static bool paused;
static struct loop_timer sweep;

/* ---- messages by number ---- */

/* NULL where there is none of that number, or nothing more can be said to
 * it. */
static struct cleanup_mail *
find(struct chan *c, uint32_t stream)
{
	struct peer *p = c->owner;
	struct cleanup_mail *m = map_get(&p->mails, &stream, sizeof(stream));

	return m != NULL && !m->ended ? m : NULL;
}

static void
destroy(struct cleanup_mail *m)
{
	struct peer *p = m->owner;

	if (p != NULL)
		(void)map_drop(&p->mails, &m->stream, sizeof(m->stream));
	cleanup_seal_drop(m);
	cleanup_mail_destroy(&m);
	n_mails--;
}

/* The answer, which is the end of the message here. */
static void
answer(struct cleanup_mail *m)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct peer *p = m->owner;
	struct msg_mail_done done = {
		.stream = m->stream,
		.code = m->reply.code,
		.status = m->reply.status,
		.text = m->reply.text,
	};

	if (p != NULL) {
		msg_put_mail_done(&packet, &done);
		chan_send(p->chan, &packet, -1, false);
	}
	destroy(m);
}

static void
answer_if_lost(struct cleanup_mail *m)
{
	if (m->reply.code != 0)
		answer(m);
}

/* ---- the disk ---- */

static void
pause_feeders(bool pause)
{
	if (paused == pause)
		return;
	paused = pause;
	LIST_EACH(struct peer, p, &peers, link)
		chan_pause(p->chan, pause);
}

static void
on_committed(struct cleanup_mail *m, int error)
{
	if (error == 0) {
		struct queueid id = m->draft.id;
		int fd = cleanup_mail_safe(m);

		cleanup_tell(&id, fd);
	} else {
		cleanup_mail_fail(m, error);
	}
	answer(m);
	if (cleanup_commit_waiting() <= WAITING_FINE)
		pause_feeders(false);
}

/* All is known about it that will be. */
static void
commit(struct cleanup_mail *m)
{
	if (!cleanup_mail_end(m)) {
		answer(m);
		return;
	}
	cleanup_commit_add(m);
	if (cleanup_commit_waiting() >= WAITING_MAX)
		pause_feeders(true);
}

/* ---- what feeders say ---- */

/* None of these messages comes with a descriptor. */
static bool
none_with(int fd)
{
	if (fd < 0)
		return true;
	close_fd(&fd);
	return false;
}

static bool
on_begin(struct chan *c, const void *body, size_t len, int fd)
{
	struct peer *p = c->owner;
	struct msg_mail_begin begin;

	if (!none_with(fd) || !msg_get_mail_begin(&begin, body, len) ||
	    chan_waiting(c) > ANSWERS_MAX)
		return false;

	void **place = map_put(&p->mails, &begin.stream, sizeof(begin.stream));
	if (*place != NULL)
		return false;

	struct cleanup_mail *m = cleanup_mail_begin(&begin, (enum role)c->role);
	if (m == NULL) {
		(void)map_drop(&p->mails, &begin.stream, sizeof(begin.stream));
		return false;
	}
	*place = m;
	m->owner = p;
	m->stream = begin.stream;
	n_mails++;
	answer_if_lost(m);
	return true;
}

static bool
on_rcpt(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_rcpt rcpt;

	if (!none_with(fd) || !msg_get_mail_rcpt(&rcpt, body, len))
		return false;

	struct cleanup_mail *m = find(c, rcpt.stream);
	if (m != NULL) {
		cleanup_mail_rcpt(m, &rcpt);
		answer_if_lost(m);
	}
	return true;
}

static bool
on_data(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_data data;

	if (!none_with(fd) || !msg_get_mail_data(&data, body, len))
		return false;

	struct cleanup_mail *m = find(c, data.stream);
	if (m != NULL) {
		cleanup_mail_data(m, data.bytes);
		answer_if_lost(m);
	}
	return true;
}

static bool
on_end(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_end end;

	if (!none_with(fd) || !msg_get_mail_end(&end, body, len))
		return false;

	struct cleanup_mail *m = find(c, end.stream);
	if (m == NULL)
		return true;
	cleanup_mail_results(m, &end);
	m->ended = true;
	if (!cleanup_mail_close(m) || !cleanup_seal_ask(m))
		commit(m);
	return true;
}

/* After its end it is too late: the disk may have it. */
static bool
on_abort(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_abort abort;

	if (!none_with(fd) || !msg_get_mail_abort(&abort, body, len))
		return false;

	struct cleanup_mail *m = find(c, abort.stream);
	if (m != NULL)
		destroy(m);
	return true;
}

/* ---- who comes and goes ---- */

static void
lose_idle(struct peer *p)
{
	MAP_EACH(&p->mails, e) {
		struct cleanup_mail *m = e->value;

		if (m->ended || loop_now() - m->touched < IDLE_MAX)
			continue;
		cleanup_mail_lose(m, 451, "4.4.2",
		    "Error: timeout: no content came");
		answer(m);
	}
}

static void
on_sweep(struct loop_timer *t)
{
	LIST_EACH(struct peer, p, &peers, link)
		lose_idle(p);
	loop_timer(t, IDLE_SWEEP, on_sweep);
}

static void
add_feeder(struct chan *c)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->chan = c;
	c->owner = p;
	list_append(&peers, &p->link);
	chan_pause(c, paused);
}

/* What waits for seal or the disk stays, and is told to nobody; the rest was
 * never complete. */
static void
drop_feeder(struct peer *p)
{
	MAP_EACH(&p->mails, e) {
		struct cleanup_mail *m = e->value;

		if (m->ended)
			m->owner = NULL;
		else
			destroy(m);
	}
	map_free(&p->mails);
	list_drop(&p->link);
	free(p);
}

static void
on_peer(struct chan *c)
{
	if (c->role == ROLE_QMGR)
		cleanup_tell_begin(c);
	else if (c->role == ROLE_VERIFY || c->role == ROLE_SIGN)
		cleanup_seal_peer(c);
	else
		add_feeder(c);
}

static void
on_peer_ended(struct chan *c)
{
	if (c->role == ROLE_QMGR)
		cleanup_tell_end(c);
	else if (c->role == ROLE_VERIFY || c->role == ROLE_SIGN)
		cleanup_seal_peer_ended(c);
	else
		drop_feeder(c->owner);
	c->owner = NULL;
}

static void
on_go(void)
{
	loop_timer(&sweep, IDLE_SWEEP, on_sweep);
}

static uint32_t
on_busy(void)
{
	return n_mails;
}

static void
on_status(struct buf *out)
{
	buf_addf(out, "%u messages coming in, %zu waiting for the disk",
	    n_mails, cleanup_commit_waiting());
}

void
cleanup_peer_open(int queue_fd)
{
	cleanup_mail_open(queue_fd);
	cleanup_tell_open(queue_fd);
	cleanup_commit_open(queue_fd, on_committed);
	cleanup_seal_open(commit);
}

const struct program_calls cleanup_peer_calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = on_peer,
	.peer_ended = on_peer_ended,
	.go = on_go,
	.busy = on_busy,
	.status = on_status,
	/* Nobody would end first: report waits for seal, seal for cleanup.  A
	 * report that is not taken stays due. */
	.feeders = FEEDERS & ~(1u << ROLE_REPORT),
};
