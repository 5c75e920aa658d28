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
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

#define REST       ((int64_t)25) /* milliseconds between two looks */
#define GATHER     ((int64_t)5)  /* from the first line to the first look */
#define TURN       16            /* packets of one socket in one look */
#define PACKET_MAX ((size_t)262144)

struct pipe {
	struct list link;
	struct loop_watch watch;
	struct line_source from;
	char *label;
	int fd;
};

static struct list pipes;
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

/* At most n packets of what is there; true where more may be. */
static bool
read_pipe(struct pipe *p, int n)
{
	static char packet[PACKET_MAX];

	for (int i = 0; i < n; i++) {
		ssize_t got = recv(p->fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (got > 0)
			take_packet(p, packet, (size_t)got);
		else if (got == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static void
wait_for_lines(int what)
{
	LIST_EACH(struct pipe, p, &pipes, link)
		loop_want(&p->watch, what);
}

/* What a socket has beyond its turn waits for the next look. */
static void
look(struct loop_timer *t)
{
	size_t before = taken;

	LIST_EACH(struct pipe, p, &pipes, link)
		(void)read_pipe(p, TURN);
	if (taken != before || held > 0)
		loop_timer(t, REST, look);
	else
		wait_for_lines(LOOP_READ);
}

static void
on_pipe(struct loop_watch *w __attribute__((unused)),
    int what __attribute__((unused)))
{
	if (rest.at != 0)
		return;
	wait_for_lines(LOOP_NOTHING);
	loop_timer(&rest, GATHER, look);
}

/* ---- words of master ---- */

static bool
take_pipe(const void *body, size_t len, int fd)
{
	struct msg_ctl_logpipe m;

	if (fd < 0 || !msg_get_ctl_logpipe(&m, body, len)) {
		close_fd(&fd);
		return false;
	}

	struct pipe *p = xcalloc(1, sizeof(*p));
	p->label = xstrdup(m.program);
	p->from = (struct line_source){ host, p->label };
	p->fd = fd;
	list_append(&pipes, &p->link);
	loop_watch(&p->watch, fd, rest.at == 0 ? LOOP_READ : LOOP_NOTHING,
	    on_pipe);
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
on_control(struct chan *c __attribute__((unused)), uint32_t type,
    const void *body, size_t len, int fd)
{
	if (type == MSG_ctl_logpipe)
		return take_pipe(body, len, fd);
	if (type == MSG_ctl_logfile)
		return take_file(body, len, fd);
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
	LIST_EACH(struct pipe, p, &pipes, link) {
		while (read_pipe(p, TURN))
			continue;
		loop_unwatch(&p->watch);
	}
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
	out_start();
	program_confine();
	loop_each_round(flush);
	program_run(&calls);
}
