/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_world.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_conf.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "loop.h"
#include "route.h"

static char folder[64];
static int queue = -1;
static bool mounted;
static struct buf logged;

static const enum spool_dir dirs[] = { SPOOL_TMP, SPOOL_NEW };

static void
sink(enum log_level level __attribute__((unused)), const char *line)
{
	buf_adds(&logged, line);
	buf_addc(&logged, '\n');
}

const char *
world_log(void)
{
	static struct buf last;

	buf_reset(&last);
	buf_add(&last, buf_str(&logged), logged.len);
	buf_reset(&logged);
	return buf_str(&last);
}

/* In a namespace of this process, so that nothing stays.  That is not to be had
 * in a container without the right, nor below a root that is no mount. */
static void
mount_queue(const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, options), 0);
	mounted = true;
}

bool
world_mounted(void)
{
	return mounted;
}

void
world_start(const char *more, const char *tmpfs)
{
	CLEAN_BUF struct buf conf = { 0 };
	const char *why = "";

	buf_adds(&conf,
	    "myhostname = mx.example.org\n"
	    "alias_maps =\n"
	    "local_recipient_maps =\n"
	    "message_size_limit = 1000000\n"
	    "queue_minfree = 1\n");
	buf_adds(&conf, more);
	load_conf(buf_str(&conf));
	ck_assert_msg(route_open(&why), "%s", why);

	clock_start();
	loop_start();
	log_sink(sink);
	(void)snprintf(folder, sizeof(folder), "/tmp/check_cleanup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	if (tmpfs != NULL)
		mount_queue(tmpfs);
	queue = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(queue, 0);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		ck_assert_int_eq(mkdirat(queue, spool_dir_name(dirs[i]), 0700),
		    0);
}

/* Counts the files of a folder, and removes them where that is wished. */
static int
walk(enum spool_dir which, bool remove)
{
	int fd = openat(queue, spool_dir_name(which),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (remove)
			ck_assert_int_eq(unlinkat(fd, e->d_name, 0), 0);
	}
	(void)closedir(dir);
	return n;
}

void
world_stop(void)
{
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		(void)walk(dirs[i], true);
		ck_assert_int_eq(unlinkat(queue, spool_dir_name(dirs[i]),
				     AT_REMOVEDIR),
		    0);
	}
	close_fd(&queue);
	if (mounted)
		ck_assert_int_eq(umount(folder), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	buf_free(&logged);
	log_sink(NULL);
	route_close();
	loop_free();
}

int
world_queue(void)
{
	return queue;
}

int
world_count(enum spool_dir dir)
{
	return walk(dir, false);
}

void
world_read(struct arena *a, enum spool_dir dir, const char *id,
    struct spool_message *m, struct buf *text)
{
	char path[SPOOL_PATH_MAX];
	const char *why = "";

	spool_path(path, dir, id);
	CLEAN_FD int fd = openat(queue, path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_msg(spool_read(fd, a, m, true, &why), "%s", why);

	size_t n = (size_t)(m->head.data_len + m->head.head_len);
	char *at = buf_room(text, n);
	ck_assert_int_eq(fd_pread_all(fd, at, (size_t)m->head.head_len,
			     (off_t)m->head.head_at),
	    0);
	ck_assert_int_eq(fd_pread_all(fd, at + m->head.head_len,
			     (size_t)m->head.data_len, (off_t)m->head.data_at),
	    0);
	buf_grown(text, n);
}
