/*
 * A child and its parent share a packet socket: answers come up, further
 * requests go down.  The parent alone ends an idle child, by shutting its side
 * down, so no request is ever given to a child that is about to leave; and the
 * end of the child's side is the end of the child.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "deliver.h"
#include "fd.h"
#include "list.h"
#include "log.h"

#define WORKER_REST ((int64_t)100) /* milliseconds without work */
#define WORKER_LIFE ((int64_t)1000)

#define FD_MAIL 3 /* in the child */
#define FD_WORK 4

struct worker {
	struct list link; /* among the idle, the longest idle first */
	struct loop_watch watch;
	struct loop_timer rest;
	struct buf who;  /* whose rights it has; empty: it is for one request */
	worker_fn *over; /* NULL: it has no work */
	void *owner;
	int64_t until; /* it takes nothing more after */
	int sock;
	pid_t pid;
};

static struct list idle;
static size_t n_workers;
static void (*tell_room)(void);

void
worker_on_room(void (*room)(void))
{
	tell_room = room;
}

void
worker_kill(const struct worker *w)
{
	(void)kill(w->pid, SIGKILL); /* not yet waited for, so it is there */
}

size_t
worker_count(void)
{
	return n_workers;
}

/* ---- the child ---- */

static void
use_descriptors(int mail, int work)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int from[] = { null, null, null, mail, work };

	/* Out of the way first, so that none is overwritten. */
	for (size_t i = 3; i < ARRAY_LEN(from); i++)
		if (from[i] >= 0)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < (int)ARRAY_LEN(from); i++)
		if (from[i] < 0)
			(void)close(i); /* our own channel may be there */
		else if (from[i] != i)
			(void)dup3(from[i], i, i < 3 ? 0 : O_CLOEXEC);
	fd_close_from(FD_WORK + 1);
}

/* What the signals of the parent mean to it is nothing to the child. */
static void
use_signals(void)
{
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
say_result(uint32_t stream, struct deliver_result *r)
{
	CLEAN_BUF struct buf packet = { 0 };

	deliver_put_result(&packet, stream, r);
	if (chan_send_now(FD_WORK, &packet, -1) < 0)
		_exit(1);
	buf_free(&r->text);
	buf_free(&r->answer);
}

/* The message's file is let go of before the answer, after which nobody may
 * hold it. */
static void
serve(const struct msg_deliver *m, int mail, const struct deliver_user *user)
{
	struct deliver_result r = { 0 };

	deliver_as(m, mail, user, &r);
	close_fd(&mail);
	say_result(m->stream, &r);
}

static void
serve_next(const struct deliver_user *user)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_deliver m;
	int mail;

	if (chan_get_now(FD_WORK, &packet, &mail, -1) < 0 || mail < 0 ||
	    !msg_get_deliver(&m, packet.text, packet.len))
		_exit(0);
	serve(&m, mail, user);
}

static void NORETURN
run_child(const struct msg_deliver *m, int mail, int work, bool stays)
{
	struct deliver_user user;
	struct deliver_result r = { 0 };

	log_open(-1);
	use_descriptors(mail, work);
	use_signals();
	if (!deliver_become(m, &user, &r)) {
		say_result(m->stream, &r);
		_exit(0);
	}
	serve(m, mail < 0 ? -1 : FD_MAIL, &user);
	while (stays)
		serve_next(&user);
	_exit(0);
}

/* ---- the parent ---- */

static void
answer(struct worker *w, struct slice packet)
{
	worker_fn *over = w->over;

	w->over = NULL;
	if (over != NULL)
		over(w->owner, packet);
}

static void
dismiss(struct worker *w)
{
	list_drop(&w->link);
	loop_cancel(&w->rest);
	(void)shutdown(w->sock, SHUT_WR); /* it may be gone already */
}

/* It has closed its socket, so it is at its end. */
static void
bury(struct worker *w)
{
	(void)waitpid(w->pid, NULL, 0);
	list_drop(&w->link);
	loop_unwatch(&w->watch);
	loop_cancel(&w->rest);
	close_fd(&w->sock);
	n_workers--;
	answer(w, (struct slice){ "", 0 });
	buf_free(&w->who);
	free(w);
	tell_room();
}

static void
on_rested(struct loop_timer *t)
{
	dismiss(container_of(t, struct worker, rest));
}

static void
hear(struct loop_watch *watch, int what __attribute__((unused)))
{
	struct worker *w = container_of(watch, struct worker, watch);
	static char packet[CHAN_PACKET_MAX];

	ssize_t n = recv(w->sock, packet, sizeof(packet), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		bury(w);
		return;
	}
	if (w->over == NULL) {
		worker_kill(w); /* it was asked nothing */
		return;
	}
	if (w->who.len > 0 && loop_now() < w->until) {
		list_append(&idle, &w->link);
		loop_timer(&w->rest, WORKER_REST, on_rested);
	} else {
		dismiss(w);
	}
	answer(w, (struct slice){ packet, (size_t)n });
}

/* Whose rights a child needs that may stay: none for what is done but once. */
static void
put_who(struct buf *out, const struct msg_deliver *m)
{
	if (m->kind == DELIVER_MAILDIR || m->kind == DELIVER_MBOX)
		buf_addf(out, "%u:%u:%d:%s", m->uid, m->gid,
		    deliver_in_spool(m) ? 1 : 0, m->user);
}

static struct worker *
find_idle(const struct buf *who)
{
	LIST_EACH(struct worker, w, &idle, link)
		if (who->len > 0 && str_eq(buf_str(&w->who), buf_str(who)))
			return w;
	return NULL;
}

/* False where the child has died meanwhile: hear() will notice. */
static bool
give_on(struct worker *w, const struct buf *request, int mail)
{
	list_drop(&w->link);
	loop_cancel(&w->rest);
	return loop_now() < w->until &&
	    chan_send_now(w->sock, request, mail) == 0;
}

static struct worker *
make_worker(const struct msg_deliver *m, struct buf *who, int mail)
{
	int fds[2];

	if (chan_pair(fds) < 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0)
		run_child(m, mail, fds[1], who->len > 0);
	close_fd(&fds[1]);
	if (pid < 0) {
		close_fd(&fds[0]);
		return NULL;
	}

	struct worker *w = xcalloc(1, sizeof(*w));
	w->pid = pid;
	w->sock = fds[0];
	w->until = loop_now() + WORKER_LIFE;
	w->who = *who;
	*who = (struct buf){ 0 };
	n_workers++;
	loop_watch(&w->watch, w->sock, LOOP_READ, hear);
	return w;
}

/* One that could be made room for: EAGAIN until it has gone. */
static bool
has_room(void)
{
	if (n_workers < WORKERS_MAX)
		return true;
	if (!list_empty(&idle))
		dismiss(container_of(idle.next, struct worker, link));
	errno = EAGAIN;
	return false;
}

struct worker *
worker_give(const struct msg_deliver *m, const struct buf *request, int mail,
    worker_fn *over, void *owner)
{
	CLEAN_BUF struct buf who = { 0 };

	put_who(&who, m);
	struct worker *w = find_idle(&who);
	if (w != NULL && !give_on(w, request, mail)) {
		dismiss(w);
		w = NULL;
	}
	if (w == NULL && has_room())
		w = make_worker(m, &who, mail);
	if (w == NULL)
		return NULL;
	w->over = over;
	w->owner = owner;
	return w;
}
