/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "master_listen.h"
#include "str.h"

#define BACKLOG 4096

static struct listener *
find(const char *address)
{
	LIST_EACH(struct listener, l, &master.listeners, link)
		if (str_eq(l->address, address))
			return l;
	return NULL;
}

static void
add(const char *address, const char *path, int fd)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->address = xstrdup(address);
	l->path = path != NULL ? xstrdup(path) : NULL;
	l->fd = fd;
	list_append(&master.listeners, &l->link);
}

static void
drop(struct listener *l)
{
	list_drop(&l->link);
	close_fd(&l->fd);
	if (l->path != NULL && unlink(l->path) < 0 && errno != ENOENT)
		log_warn("%s: cannot be removed: %m", l->path);
	free(l->path);
	free(l->address);
	free(l);
}

/* ---- binding ---- */

static int
bind_inet(const struct listen_addr *a)
{
	CLEAN_FD int fd = socket(a->sa.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -1;
	if (a->sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -1;
	/* What is accepted inherits it: replies are whole packets. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -1;
	return TAKE_FD(fd);
}

int
socket_unix(const char *path, int type, mode_t mode)
{
	CLEAN_FD int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -1;
	if (!str_copy(sun.sun_path, sizeof(sun.sun_path), path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* The instance is locked: whatever lies there is a dead one's. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;

	mode_t old = umask(0177);
	int failed = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	(void)umask(old);
	if (failed < 0 || chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* ---- a service's sockets ---- */

static void
add_address(struct unit *u, const char *address)
{
	size_t n = 0;

	while (u->listens != NULL && u->listens[n] != NULL)
		n++;
	u->listens = xrealloc(u->listens, n + 2, sizeof(*u->listens));
	u->listens[n] = xstrdup(address);
	u->listens[n + 1] = NULL;
}

static void
complain(const struct unit *u, const char *what, const char *why,
    struct buf *errors)
{
	buf_addf(errors, "master.conf: [%s]: listen: %s: %s\n", u->name, what,
	    why);
}

static bool
open_inet(struct unit *u, const struct listen_item *item, struct buf *errors)
{
	const struct conf *c = &u->gen->conf;
	struct listen_addrs addrs = { 0 };
	const char *why = NULL;
	bool ok = true;

	if (!listen_expand(item, c->inet_interfaces, c->inet_protocols, &addrs,
		&why)) {
		complain(u, "inet_interfaces", why, errors);
		ok = false;
	}
	for (size_t i = 0; ok && i < addrs.n; i++) {
		const struct listen_addr *a = &addrs.at[i];
		struct listener *l = find(a->text);
		int fd = l != NULL ? l->fd : bind_inet(a);

		if (fd < 0 && a->may_miss &&
		    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
			continue;
		if (fd < 0) {
			complain(u, a->text, strerror(errno), errors);
			ok = false;
			continue;
		}
		if (l == NULL)
			add(a->text, NULL, fd);
		add_address(u, a->text);
	}
	listen_addrs_free(&addrs);
	return ok;
}

static bool
open_unix(struct unit *u, const struct listen_item *item, struct buf *errors)
{
	int type = u->role == ROLE_QMGR ? SOCK_SEQPACKET : SOCK_STREAM;
	CLEAN_BUF struct buf address = { 0 };
	CLEAN_BUF struct buf path = { 0 };

	if (u->role == ROLE_SMTP || u->role == ROLE_LOCAL)
		return true;
	buf_addf(&address, "unix:%s", item->name);
	buf_addf(&path, "%s/%s", u->gen->conf.run_directory, item->name);
	if (find(buf_str(&address)) == NULL) {
		int fd = socket_unix(buf_str(&path), type, 0666);

		if (fd < 0) {
			complain(u, buf_str(&path), strerror(errno), errors);
			return false;
		}
		add(buf_str(&address), buf_str(&path), fd);
	}
	add_address(u, buf_str(&address));
	return true;
}

bool
sockets_open(struct unit *u, const struct service *s, struct buf *errors)
{
	struct slice rest = slice_of(s->listen);
	struct slice text;
	bool ok = true;

	while (slice_next_item(&rest, &text)) {
		struct listen_item item;
		const char *why;

		if (!listen_parse(text, &item, &why)) {
			complain(u, s->listen, why, errors);
			ok = false;
		} else if (item.name[0] != '\0') {
			ok &= open_unix(u, &item, errors);
		} else {
			ok &= open_inet(u, &item, errors);
		}
	}
	return ok;
}

static void
mark_wanted(const struct unit *u)
{
	for (char **a = u->listens; a != NULL && *a != NULL; a++) {
		struct listener *l = find(*a);

		if (l != NULL)
			l->wanted = true;
	}
}

void
sockets_sweep(void)
{
	LIST_EACH(struct listener, l, &master.listeners, link)
		l->wanted = false;
	LIST_EACH(struct generation, g, &master.generations, link)
		if (g->state != GEN_DRAINING && g->state != GEN_FAILED)
			LIST_EACH(struct unit, u, &g->units, link)
				mark_wanted(u);
	LIST_EACH(struct listener, old, &master.listeners, link)
		if (!old->wanted)
			drop(old);
}

void
sockets_close(void)
{
	LIST_EACH(struct listener, l, &master.listeners, link)
		drop(l);
}

void
sockets_tell(struct proc *p)
{
	CLEAN_BUF struct buf packet = { 0 };

	for (char **a = p->unit->listens; a != NULL && *a != NULL; a++) {
		struct listener *l = find(*a);

		if (l == NULL)
			continue;
		buf_reset(&packet);
		msg_put_ctl_listen(&packet,
		    &(struct msg_ctl_listen){ .address = l->address });
		chan_send(&p->control, &packet, l->fd, false);
	}
}
