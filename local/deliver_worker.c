/*
 * A child and its parent share a packet socket: answers come up, further
 * requests go down.  The parent alone ends an idle child, by shutting its side
 * down, so no request is ever given to a child that is about to leave; and the
 * end of the child's side is the end of the child.
 *
 * A packet down is a list of requests, with a descriptor for each; packets up
 * are lists of answers, in the order of the requests.  The child has one packet
 * at a time, and is not given the next before its last answer.
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

/* What goes together: so many, and so many bytes beside the first. */
#define BATCH       32
#define BATCH_BYTES ((size_t)65536)

struct worker {
	struct list link; /* idle, the longest first; or busy */
	struct loop_watch watch;
	struct loop_timer rest;
	struct buf who; /* whose rights it has; empty: it is for one request */
	struct buf place;   /* what it writes to, or wrote to last */
	struct list given;  /* errands that it has */
	struct list queued; /* that are for the same place */
	int64_t until;      /* it takes nothing more after */
	int sock;
	pid_t pid;
};

static struct list idle, busy;
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
send_answers(struct buf *out)
{
	if (out->len > 0 && chan_send_now(FD_WORK, out, -1) < 0)
		_exit(1);
	buf_reset(out);
}

/* The messages' files are let go of before the answers, after which nobody may
 * hold them. */
static void
say_results(struct deliver_mail *mails, size_t n)
{
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		close_fd(&mails[i].file);
	for (size_t i = 0; i < n; i++) {
		struct deliver_result *r = &mails[i].result;
		CLEAN_BUF struct buf one = { 0 };

		deliver_put_result(&one, mails[i].m.stream, r);
		if (out.len + one.len + sizeof(uint32_t) > CHAN_PACKET_MAX)
			send_answers(&out);
		wire_put_blob(&out, (struct slice){ one.text, one.len });
		buf_free(&r->text);
		buf_free(&r->answer);
	}
	send_answers(&out);
}

/* Room for the descriptors of a packet. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(BATCH * sizeof(int))];
};

/* Waits for the next packet; gives its length, 0 at the end. */
static size_t
receive(char *bytes, size_t room, int files[BATCH], size_t *n)
{
	struct iovec part = { bytes, room };
	union control control;
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t got;

	do
		got = recvmsg(FD_WORK, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	const struct cmsghdr *h = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h == NULL || h->cmsg_level != SOL_SOCKET ||
	    h->cmsg_type != SCM_RIGHTS ||
	    (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return 0;
	*n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(files, CMSG_DATA(h), *n * sizeof(int));
	return (size_t)got;
}

static void
serve_next(const struct deliver_user *user)
{
	static char bytes[CHAN_PACKET_MAX + BATCH_BYTES];
	struct deliver_mail mails[BATCH] = { 0 };
	int files[BATCH];
	size_t n, len = receive(bytes, sizeof(bytes), files, &n);
	struct wire w = wire_open(bytes, len);

	if (len == 0)
		_exit(0);
	for (size_t i = 0; i < n; i++) {
		struct slice request = wire_get_blob(&w);

		mails[i].file = files[i];
		if (!msg_get_deliver(&mails[i].m, request.at, request.len))
			_exit(1);
	}
	if (!wire_done(&w))
		_exit(1);
	deliver_as(mails, n, user);
	say_results(mails, n);
}

/* The first errand is known from the parent.  Further ones are waited for in
 * recvmsg(). */
static void NORETURN
run_child(const struct errand *e, int work, bool stays)
{
	struct deliver_mail mail = { .m = *e->m, .file = FD_MAIL };
	struct deliver_user user;

	log_open(-1);
	if (*e->file < 0)
		mail.file = -1;
	use_descriptors(*e->file, work);
	use_signals();
	if (!deliver_become(e->m, &user, &mail.result)) {
		say_results(&mail, 1);
		_exit(0);
	}
	deliver_as(&mail, 1, &user);
	say_results(&mail, 1);
	if (!stays || fcntl(FD_WORK, F_SETFL, O_RDWR) < 0)
		_exit(0);
	for (;;)
		serve_next(&user);
}

/* ---- the parent ---- */

static void
tell(struct list *link, struct slice answer)
{
	struct errand *e = container_of(link, struct errand, link);

	e->over(e, answer);
}

static void
tell_all(struct list *errands, struct slice answer)
{
	struct list *link;

	while ((link = list_take(errands)) != NULL)
		tell(link, answer);
}

static void
dismiss(struct worker *w)
{
	list_drop(&w->link);
	loop_cancel(&w->rest);
	(void)shutdown(w->sock, SHUT_WR); /* it may be gone already */
}

/* It has closed its socket, or says nothing as if it had: it is at its end. */
static void
bury(struct worker *w)
{
	worker_kill(w);
	(void)waitpid(w->pid, NULL, 0);
	list_drop(&w->link);
	loop_unwatch(&w->watch);
	loop_cancel(&w->rest);
	close_fd(&w->sock);
	n_workers--;
	tell_all(&w->given, ERRAND_IN_DOUBT);
	tell_all(&w->queued, ERRAND_NOT_BEGUN);
	buf_free(&w->who);
	buf_free(&w->place);
	free(w);
	tell_room();
}

static void
on_rested(struct loop_timer *t)
{
	dismiss(container_of(t, struct worker, rest));
}

/* As many requests as go together, and their descriptors; gives how many. */
static size_t
pack(struct worker *w, struct buf *packet, int files[BATCH])
{
	size_t n = 0;
	bool full = false;

	LIST_EACH(struct errand, e, &w->queued, link) {
		const struct buf *one = e->request;

		full = full || n == BATCH ||
		    (n > 0 && packet->len + one->len > BATCH_BYTES);
		if (full)
			continue; /* their order is that of the answers */
		wire_put_blob(packet, (struct slice){ one->text, one->len });
		files[n++] = *e->file;
	}
	return n;
}

static int
send_with(int sock, const struct buf *packet, const int *files, size_t n)
{
	union control control = { 0 };
	struct iovec part = { packet->text, packet->len };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.align), files, n * sizeof(int));
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* False where the child has died meanwhile: hear() will notice.  There is room
 * in the socket, for it is empty. */
static bool
send_batch(struct worker *w)
{
	CLEAN_BUF struct buf packet = { 0 };
	int files[BATCH];
	size_t n = pack(w, &packet, files);

	if (send_with(w->sock, &packet, files, n) < 0)
		return false;
	for (; n > 0; n--) {
		struct list *link = list_take(&w->queued);
		struct errand *e = container_of(link, struct errand, link);

		close_fd(e->file);
		list_append(&w->given, link);
	}
	return true;
}

/* Has it do what is queued. */
static bool
hand_on(struct worker *w)
{
	list_drop(&w->link);
	loop_cancel(&w->rest);
	if (loop_now() >= w->until || !send_batch(w))
		return false;
	list_append(&busy, &w->link);
	return true;
}

/* It has done all that it was given. */
static void
go_on(struct worker *w)
{
	list_drop(&w->link);
	if (!list_empty(&w->queued)) {
		if (hand_on(w))
			return;
		dismiss(w);
		tell_all(&w->queued, ERRAND_NOT_BEGUN);
	} else if (w->who.len > 0 && loop_now() < w->until) {
		list_append(&idle, &w->link);
		loop_timer(&w->rest, WORKER_REST, on_rested);
	} else {
		dismiss(w);
	}
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
	struct wire wire = wire_open(packet, (size_t)n);
	while (wire_more(&wire) && !list_empty(&w->given)) {
		struct slice answer = wire_get_blob(&wire);
		struct list *link = list_take(&w->given);

		if (wire.bad)
			tell(link, ERRAND_IN_DOUBT);
		else
			tell(link, answer);
	}
	if (!wire_done(&wire))
		worker_kill(w); /* it was not asked for that */
	else if (list_empty(&w->given))
		go_on(w);
}

/* Whose rights a child needs that may stay: none for what is done but once. */
static void
put_who(struct buf *out, const struct msg_deliver *m)
{
	if (m->kind == DELIVER_MAILDIR || m->kind == DELIVER_MBOX)
		buf_addf(out, "%u:%u:%d:%s", m->uid, m->gid,
		    deliver_in_spool(m) ? 1 : 0, m->user);
}

/* One of the list with these rights and, where it matters, that place. */
static struct worker *
find(struct list *among, const struct buf *who, const char *place)
{
	LIST_EACH(struct worker, w, among, link)
		if (who->len > 0 && str_eq(buf_str(&w->who), buf_str(who)) &&
		    (place == NULL || str_eq(buf_str(&w->place), place)))
			return w;
	return NULL;
}

static struct worker *
make_worker(struct errand *e, struct buf *who)
{
	int fds[2];

	if (chan_pair(fds) < 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0)
		run_child(e, fds[1], who->len > 0);
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
	close_fd(e->file);
	list_append(&w->given, &e->link);
	list_append(&busy, &w->link);
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

/* False where it has died meanwhile. */
static bool
give_to_idle(struct worker *w, struct errand *e)
{
	list_append(&w->queued, &e->link);
	if (hand_on(w))
		return true;
	list_drop(&e->link);
	dismiss(w);
	return false;
}

bool
worker_give(struct errand *e)
{
	CLEAN_BUF struct buf who = { 0 };
	const char *place = e->m->target;

	put_who(&who, e->m);
	struct worker *w = find(&busy, &who, place);
	if (w != NULL) {
		list_append(&w->queued, &e->link);
		e->worker = w;
		return true;
	}
	w = find(&idle, &who, NULL);
	if (w != NULL && !give_to_idle(w, e))
		w = NULL;
	if (w == NULL && has_room())
		w = make_worker(e, &who);
	if (w == NULL)
		return false;
	buf_reset(&w->place);
	buf_adds(&w->place, place);
	e->worker = w;
	return true;
}
