/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "loop.h"
#include "master_backoff.h"
#include "str.h"

struct wanted {
	struct list link;
	struct loop_timer timer;
	struct backoff backoff;
	struct proc *proc;
	char *path;
	int64_t since; /* when it was connected last, monotonic */
};

static struct list all;

/* A descriptor, or -1 with errno; a socket of the file system never waits. */
static int
connect_as(int type, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	CLEAN_FD int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* Whichever of both it is: syslogd's is one of packets. */
static int
connect_to(const char *path)
{
	int fd = connect_as(SOCK_STREAM, path);

	return fd < 0 && errno == EPROTOTYPE ? connect_as(SOCK_DGRAM, path)
					     : fd;
}

static void
try(struct loop_timer *t)
{
	struct wanted *w = container_of(t, struct wanted, timer);
	CLEAN_BUF struct buf packet = { 0 };
	int fd = connect_to(w->path);

	msg_put_ctl_connected(&packet,
	    &(struct msg_ctl_connected){
		.path = w->path,
		.error = fd < 0 ? (uint32_t)errno : 0,
	    });
	chan_send(&w->proc->control, &packet, fd, fd >= 0);
	w->since = loop_now();
	if (fd < 0)
		loop_timer(&w->timer, backoff_next(&w->backoff, 0), try);
}

void
connect_add(struct proc *p, const char *path)
{
	struct wanted *w = xcalloc(1, sizeof(*w));

	w->proc = p;
	w->path = xstrdup(path);
	list_append(&all, &w->link);
	try(&w->timer);
}

bool
connect_again(struct proc *p, const char *path)
{
	LIST_EACH(struct wanted, w, &all, link) {
		if (w->proc != p || !str_eq(w->path, path))
			continue;
		loop_timer(&w->timer,
		    backoff_next(&w->backoff, loop_now() - w->since), try);
		return true;
	}
	return false;
}

void
connect_drop(const struct proc *p)
{
	LIST_EACH(struct wanted, w, &all, link) {
		if (w->proc != p)
			continue;
		loop_cancel(&w->timer);
		list_drop(&w->link);
		free(w->path);
		free(w);
	}
}
