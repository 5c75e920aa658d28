/*
 * deliver: does what local asks for with the rights of the user it is for.
 *
 * This is the one program beside master that stays root, with the capabilities
 * to change ids and to kill alone.  It parses nothing that came from the
 * network and opens no file: for every request it forks a child, which becomes
 * the user for good and then does the one thing (deliver_child.c).  The child
 * says through a pipe what became of it; a child that dies silently is later.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "program.h"

#define CHILDREN_MAX 64
#define GRACE        (10 * SECOND) /* beyond a request's own deadline */
#define FD_MAIL      3             /* in the child */
#define FD_RESULT    4

struct work {
	struct loop_watch watch; /* of the pipe */
	struct loop_timer timer;
	struct list link;
	struct chan *from; /* NULL: who asked is gone */
	struct buf request;
	struct msg_deliver m; /* in the request */
	struct buf result;
	int mail;
	int pipe;
	pid_t pid;
};

static struct list running, waiting;
static uint32_t n_running;

static void start_some(void);

static void
work_destroy(struct work *w)
{
	list_drop(&w->link);
	loop_unwatch(&w->watch);
	loop_cancel(&w->timer);
	close_fd(&w->mail);
	close_fd(&w->pipe);
	buf_free(&w->request);
	buf_free(&w->result);
	free(w);
}

static void
put_result(struct buf *out, uint32_t stream, const struct deliver_result *r)
{
	struct msg_delivered m = {
		.stream = stream,
		.outcome = (uint8_t)r->outcome,
		.status = r->status,
		.text = buf_str(&r->text),
		.answer = { buf_str(&r->answer), r->answer.len },
		.by_forward = r->by_forward,
	};

	msg_put_delivered(out, &m);
}

/* The child's own packet, where it is one, or that it is not known. */
static void
answer(struct work *w, const char *trouble)
{
	struct msg_delivered m;
	CLEAN_BUF struct buf packet = { 0 };
	bool whole = w->result.len > sizeof(uint32_t) &&
	    msg_get_delivered(&m, w->result.text + sizeof(uint32_t),
		w->result.len - sizeof(uint32_t));

	if (!whole || m.stream != w->m.stream) {
		struct deliver_result r = { 0 };

		deliver_say(&r, OUTCOME_DEFER, "4.3.0", "%s", trouble);
		put_result(&packet, w->m.stream, &r);
		buf_free(&r.text);
	} else {
		buf_add(&packet, w->result.text, w->result.len);
	}
	if (w->from != NULL)
		chan_send(w->from, &packet, -1, false);
}

static void
finish(struct work *w)
{
	/* It has closed its pipe, so it is at its end. */
	(void)waitpid(w->pid, NULL, 0);
	answer(w, "the delivery process died");
	n_running--;
	work_destroy(w);
	start_some();
}

static void
hear_child(struct loop_watch *watch, int what)
{
	struct work *w = container_of(watch, struct work, watch);
	size_t room = 4096;

	(void)what;
	ssize_t n = read(w->pipe, buf_room(&w->result, room), room);
	if (n > 0)
		buf_grown(&w->result, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		finish(w);
}

/* Its pipe ends with it, and hear_child() says what is to be said. */
static void
kill_child(struct loop_timer *timer)
{
	struct work *w = container_of(timer, struct work, timer);

	log_warn("%s: delivery of user %s takes too long: killed", w->m.id,
	    w->m.user);
	(void)kill(w->pid, SIGKILL); /* not yet waited for, so it is there */
}

static void
use_descriptors(int mail, int result)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int from[] = { null, null, null, mail, result };

	/* Out of the way first, so that none is overwritten. */
	for (size_t i = 3; i < ARRAY_LEN(from); i++)
		if (from[i] >= 0)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < (int)ARRAY_LEN(from); i++)
		if (from[i] >= 0 && from[i] != i)
			(void)dup3(from[i], i, i < 3 ? 0 : O_CLOEXEC);
	fd_close_from(FD_RESULT + 1);
}

/* In the child. */
static void NORETURN
run_child(struct work *w, int result_fd)
{
	struct deliver_result r = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	log_open(-1);
	use_descriptors(w->mail, result_fd);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	deliver_child(&w->m, FD_MAIL, &r);
	put_result(&packet, w->m.stream, &r);
	_exit(fd_write_all(FD_RESULT, packet.text, packet.len) == 0 ? 0 : 1);
}

static void
start_one(struct work *w)
{
	int64_t left = w->m.deadline - loop_wall();
	int fds[2];

	list_append(&running, &w->link);
	n_running++;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		answer(w, strerror(errno));
		n_running--;
		work_destroy(w);
		return;
	}
	w->pid = fork();
	if (w->pid == 0)
		run_child(w, fds[1]);
	close_fd(&fds[1]);
	w->pipe = fds[0];
	if (w->pid < 0) {
		answer(w, strerror(errno));
		n_running--;
		work_destroy(w);
		return;
	}
	loop_watch(&w->watch, w->pipe, LOOP_READ, hear_child);
	loop_timer(&w->timer, MAX(left, 0) + GRACE, kill_child);
}

static void
start_some(void)
{
	while (n_running < CHILDREN_MAX) {
		struct list *first = list_take(&waiting);

		if (first == NULL)
			return;
		start_one(container_of(first, struct work, link));
	}
}

static bool
answer_deliver(struct chan *c, const void *body, size_t len, int fd)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->mail = fd;
	w->pipe = -1;
	w->from = c;
	buf_add(&w->request, body, len);
	if (!msg_get_deliver(&w->m, buf_str(&w->request), len) ||
	    w->m.kind > DELIVER_INCLUDE ||
	    (fd < 0 && w->m.kind < DELIVER_FORWARD)) {
		work_destroy(w);
		return false;
	}
	list_append(&waiting, &w->link);
	start_some();
	return true;
}

/* What waits is not begun; what runs ends by itself and nobody hears of it. */
static void
peer_ended(struct chan *c)
{
	LIST_EACH(struct work, w, &waiting, link)
		if (w->from == c)
			work_destroy(w);
	LIST_EACH(struct work, w, &running, link)
		if (w->from == c)
			w->from = NULL;
}

static uint32_t
busy(void)
{
	return n_running + (list_empty(&waiting) ? 0 : 1);
}

static const struct chan_rule rules[] = {
	{ MSG_deliver, 1U << ROLE_LOCAL, answer_deliver },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = peer_ended,
	.busy = busy,
	.feeders = 1U << ROLE_LOCAL,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_DELIVER, argc, argv);
	/* What this loads and reads, no child has to. */
	(void)getpwnam("root");
	(void)getgrnam("mail");
	program_confine();
	program_run(&calls);
}
