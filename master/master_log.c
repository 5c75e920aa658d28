/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "master_proc.h"
#include "str.h"

#define LOG_GROUP "ph-scribe"
#define OUTPUT    "/dev/stdout" /* what we were started with: a pipe, ... */

static struct {
	char *path; /* NULL: none */
	int fd;
	dev_t dev;
	ino_t ino;
} file;

/* ---- sockets ---- */

struct logpipe *
logpipe_get(const char *service, const char *label)
{
	int fds[2];

	LIST_EACH(struct logpipe, l, &master.logpipes, link)
		if (str_eq(l->service, service)) {
			free(l->label);
			l->label = xstrdup(label);
			return l;
		}
	if (chan_pair(fds) < 0)
		return NULL;

	struct logpipe *l = xcalloc(1, sizeof(*l));
	l->service = xstrdup(service);
	l->label = xstrdup(label);
	l->reader = fds[0];
	l->writer = fds[1];
	list_append(&master.logpipes, &l->link);
	return l;
}

void
logpipes_free(void)
{
	struct list *link;

	while ((link = list_take(&master.logpipes)) != NULL) {
		struct logpipe *l = container_of(link, struct logpipe, link);

		close_fd(&l->reader);
		close_fd(&l->writer);
		free(l->service);
		free(l->label);
		free(l);
	}
	free_str(&file.path);
	close_fd(&file.fd);
}

/* ---- the file ---- */

/* Every folder above the path, as far as it is missing. */
static int
make_parents(const char *path)
{
	CLEAN_STR char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (fd_make_dir(copy, 0755, 0, 0) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

#define FLAGS \
	(O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* A new file is root's, readable by scribe's group.  It is made with that group
 * rather than given to it: the service may lack the right to give. */
static int
make_file(const char *path)
{
	const struct group *g = getgrnam(LOG_GROUP);
	gid_t own = getegid();

	if (g != NULL && setegid(g->gr_gid) < 0)
		return -1;
	CLEAN_FD int fd = open(path, FLAGS | O_CREAT | O_EXCL, 0640);
	int saved = errno;
	if (setegid(own) < 0)
		log_fatal("the group cannot be had back: %m");
	if (fd >= 0 && fchmod(fd, 0640) < 0)
		return -1;
	errno = saved;
	return TAKE_FD(fd);
}

/* One that is there keeps what its administrator gave it. */
static int
open_file(const char *path)
{
	if (str_eq(path, OUTPUT))
		return master.detached
		    ? -1
		    : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

	CLEAN_FD int fd = make_file(path);
	struct stat st;

	if (fd < 0 && errno == EEXIST)
		fd = open(path, FLAGS);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return TAKE_FD(fd);
}

bool
logfile_open(const char *path, struct buf *errors)
{
	struct stat st;

	if (path[0] == '\0') {
		free_str(&file.path);
		close_fd(&file.fd);
		return true;
	}

	CLEAN_FD int fd = make_parents(path) < 0 ? -1 : open_file(path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		buf_addf(errors, "main.conf: maillog_file: %s: %s\n", path,
		    str_eq(path, OUTPUT)  ? "is for start --foreground alone"
			: errno == EINVAL ? "not a file"
					  : strerror(errno));
		return false;
	}
	if (file.path != NULL)
		close_fd(&file.fd);
	free(file.path);
	file.path = xstrdup(path);
	file.fd = TAKE_FD(fd);
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	return true;
}

static void
tell_file(struct proc *scribe)
{
	CLEAN_BUF struct buf packet = { 0 };

	if (file.path == NULL)
		return;
	msg_put_ctl_logfile(&packet,
	    &(struct msg_ctl_logfile){ .path = file.path });
	chan_send(&scribe->control, &packet, fcntl(file.fd, F_DUPFD_CLOEXEC, 0),
	    true);
}

static void
each_scribe(void (*fn)(struct proc *scribe))
{
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				if (u->role == ROLE_SCRIBE && p->pid != 0)
					fn(p);
}

void
logfile_check(void)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct stat st;

	if (file.path == NULL || str_eq(file.path, OUTPUT))
		return;
	if (lstat(file.path, &st) == 0 && st.st_dev == file.dev &&
	    st.st_ino == file.ino)
		return;

	CLEAN_STR char *path = xstrdup(file.path);
	if (logfile_open(path, &errors))
		each_scribe(tell_file);
	else
		log_warn("the log goes on in the old file: %.*s",
		    (int)strcspn(buf_str(&errors), "\n"), buf_str(&errors));
}

void
log_tell(struct proc *scribe)
{
	CLEAN_BUF struct buf packet = { 0 };

	tell_file(scribe);
	LIST_EACH(struct logpipe, l, &master.logpipes, link) {
		buf_reset(&packet);
		msg_put_ctl_logpipe(&packet,
		    &(struct msg_ctl_logpipe){ .program = l->label });
		chan_send(&scribe->control, &packet, l->reader, false);
	}
}
