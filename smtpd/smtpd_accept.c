/*
 * The processes of a service share its sockets, and all of them wake for a new
 * client; each takes a few at a time, so that a crowd spreads over them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "param.h"
#include "smtpd_conn.h"

#define AT_A_TIME 16

/* How long no more is accepted where the system has no descriptor left. */
#define BREATH SECOND

struct listener {
	struct list link;
	struct loop_watch watch;
	struct loop_timer breath;
	int fd;
	bool local;
};

static struct list listeners;
static size_t limit = SIZE_MAX;

/* The reply needs no session, and the client may not wait for it. */
static void
turn_away(int fd)
{
	CLEAN_BUF struct buf reply = { 0 };

	buf_addf(&reply, "421 4.3.2 %s All server ports are busy\r\n",
	    params.myhostname);
	(void)send(fd, reply.text, reply.len, MSG_NOSIGNAL);
	close_fd(&fd);
}

static void
open_local(int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0) {
		log_warn("client of the submission socket: %m: turned away");
		close_fd(&fd);
		return;
	}
	smtpd_conn_open_local(fd, cred.uid);
}

static void on_ready(struct loop_watch *w, int what);

static void
on_breath(struct loop_timer *t)
{
	struct listener *l = container_of(t, struct listener, breath);

	loop_watch(&l->watch, l->fd, LOOP_READ, on_ready);
}

/* Gives false where there is nothing more to accept for now. */
static bool
accept_failed(struct listener *l)
{
	if (errno == EAGAIN)
		return false;
	/* The client has gone again (accept(2) lists what it may leave). */
	if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO ||
	    errno == ENETDOWN || errno == EHOSTUNREACH)
		return true;
	log_warn("accept: %m: trying again in a second");
	loop_unwatch(&l->watch);
	loop_timer(&l->breath, BREATH, on_breath);
	return false;
}

static bool
accept_one(struct listener *l)
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof(from);
	int fd = accept4(l->fd, (struct sockaddr *)&from, &size,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return accept_failed(l);
	if (smtpd_conn_count() >= limit)
		turn_away(fd);
	else if (l->local)
		open_local(fd);
	else
		smtpd_conn_open(fd, fd_address_of(&from));
	return true;
}

static void
on_ready(struct loop_watch *w, int what)
{
	struct listener *l = container_of(w, struct listener, watch);

	(void)what;
	for (int i = 0; i < AT_A_TIME && accept_one(l); i++)
		;
}

void
smtpd_accept_listen(int fd, const char *address)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	int yes = 1;

	l->fd = fd;
	l->local = str_starts(address, "unix:");
	/* What is accepted inherits it: a reply that had to wait for an answer
	 * goes out at once. */
	if (!l->local &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0)
		log_warn("%s: TCP_NODELAY: %m: replies may be late", address);
	list_append(&listeners, &l->link);
	loop_watch(&l->watch, fd, LOOP_READ, on_ready);
}

void
smtpd_accept_limit(size_t connections)
{
	limit = connections;
}

void
smtpd_accept_stop(void)
{
	LIST_EACH(struct listener, l, &listeners, link) {
		loop_unwatch(&l->watch);
		loop_cancel(&l->breath);
		close_fd(&l->fd);
		list_drop(&l->link);
		free(l);
	}
}
