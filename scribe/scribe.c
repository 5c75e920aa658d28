/*
 * scribe - the sole writer of the log.
 *
 * Every program sends its lines to a packet socket of its service; master
 * keeps these sockets and hands us their reading ends.  The first line that
 * comes wakes us; from then on all sockets are looked at together, some
 * dozen times a second, until a look finds nothing.  So a busy system does
 * not wake us for each line, and what is some milliseconds old by then has
 * come from all programs and is written in the order of time: what follows in
 * a message's life follows in the log.
 *
 * The sockets are in a set of the kernel's (epoll), which is one descriptor to
 * the loop: it is watched or left alone as a whole, and says at a look which of
 * them have something.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "program.h"
#include "scribe_out.h"
#include "scribe_round.h"

#define REST       ((int64_t)25)    /* milliseconds between two looks */
#define GATHER     ((int64_t)5)     /* from the first line to the first look */
#define TURN       16               /* packets of one socket in one look */
#define SOCKETS    64               /* of one look */
#define PACKET_MAX ((size_t)131072) /* twice what log.c makes */

struct pipe {
	struct list link;
	struct line_source from;
	char *label;
	int fd;
};

static struct list pipes;
static int set = -1; /* of all their descriptors */
static struct loop_watch watch;
static struct loop_timer rest;
static size_t taken; /* packets */
static size_t held;  /* lines that wait for older ones */
static char host[65];
static bool all_out = true;

static void
take_packet(const struct pipe *p, const char *packet, size_t len)
{
	struct log_record r;

	taken++;
	while (log_next_record(&packet, &len, &r))
		round_add(&p->from, &r);
	if (packet == NULL)
		log_warn("%s sent a log packet that is malformed", p->label);
}

/* At most TURN packets of what is there; true where more may be. */
static bool
read_pipe(const struct pipe *p)
{
	static char packets[TURN][PACKET_MAX];
	struct mmsghdr messages[TURN] = { 0 };
	struct iovec parts[TURN];

	for (size_t i = 0; i < TURN; i++) {
		parts[i] = (struct iovec){ packets[i], PACKET_MAX };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	int n = recvmmsg(p->fd, messages, TURN, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n && messages[i].msg_len > 0; i++)
		take_packet(p, packets[i], messages[i].msg_len);
	/* At the end, where nobody can send any more, all are empty. */
	return n < 0 ? errno == EINTR
		     : n == TURN && messages[TURN - 1].msg_len > 0;
}

/* What a socket has beyond its turn waits for the next look. */
static void
look(struct loop_timer *t)
{
	struct epoll_event ready[SOCKETS];
	size_t before = taken;
	int n = epoll_wait(set, ready, SOCKETS, 0);

	for (int i = 0; i < n; i++)
		(void)read_pipe(ready[i].data.ptr);
	if (taken != before || held > 0)
		loop_timer(t, REST, look);
	else
		loop_want(&watch, LOOP_READ);
}

static void
on_lines(struct loop_watch *w, int what __attribute__((unused)))
{
	if (rest.at != 0)
		return;
	loop_want(w, LOOP_NOTHING);
	loop_timer(&rest, GATHER, look);
}

/* ---- words of master ---- */

static bool
take_pipe(const void *body, size_t len, int fd)
{
	struct msg_ctl_logpipe m;
	struct epoll_event want = { .events = EPOLLIN };

	if (fd < 0 || !msg_get_ctl_logpipe(&m, body, len)) {
		close_fd(&fd);
		return false;
	}

	struct pipe *p = xcalloc(1, sizeof(*p));
	p->label = xstrdup(m.program);
	p->from = (struct line_source){ host, p->label };
	p->fd = fd;
	list_append(&pipes, &p->link);
	want.data.ptr = p;
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &want) < 0)
		log_fatal("the log socket of %s: %m", p->label);
	return true;
}

static bool
take_file(const void *body, size_t len, int fd)
{
	struct msg_ctl_logfile m;

	if (fd < 0 || !msg_get_ctl_logfile(&m, body, len)) {
		close_fd(&fd);
		return false;
	}
	out_file(fd);
	return true;
}

static bool
take_syslog(const void *body, size_t len, int fd)
{
	struct msg_ctl_connected m;

	if (!msg_get_ctl_connected(&m, body, len)) {
		close_fd(&fd);
		return false;
	}
	out_syslog(m.path, fd);
	return true;
}

static bool
on_control(struct chan *c __attribute__((unused)), uint32_t type,
    const void *body, size_t len, int fd)
{
	if (type == MSG_ctl_logpipe)
		return take_pipe(body, len, fd);
	if (type == MSG_ctl_logfile)
		return take_file(body, len, fd);
	if (type == MSG_ctl_connected)
		return take_syslog(body, len, fd);
	close_fd(&fd);
	return false;
}

static void
flush(void)
{
	held = round_each(clock_wall_us(), out_record);
	all_out = out_flush();
}

/* The others have said their last, or another scribe goes on. */
static void
drain(void)
{
	loop_cancel(&rest);
	loop_unwatch(&watch);
	LIST_EACH(struct pipe, p, &pipes, link)
		while (read_pipe(p))
			continue;
	held = round_each(ROUND_ALL, out_record);
	flush();
}

static uint32_t
busy(void)
{
	return all_out ? 0 : 1;
}

static const struct program_calls calls = {
	.control = on_control,
	.drain = drain,
	.busy = busy,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_SCRIBE, argc, argv);
	if (gethostname(host, sizeof(host) - 1) < 0)
		log_fatal("no host name: %m");
	host[strcspn(host, ".")] = '\0'; /* as syslog writes it */
	set = epoll_create1(EPOLL_CLOEXEC);
	if (set < 0)
		log_fatal("epoll: %m");
	out_start();
	program_confine();
	loop_watch(&watch, set, LOOP_READ, on_lines);
	loop_each_round(flush);
	program_run(&calls);
}
