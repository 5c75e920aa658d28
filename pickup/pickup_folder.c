/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pickup_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "spool.h"

/* A sendmail that took longer than this to read a message is dead. */
#define DRAFT_MAX DAY

static int folder = -1;
static int news = -1; /* inotify */
static struct loop_watch watch;
static void (*on_came)(void);

void
pickup_folder_open(const char *queue_directory)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/%s", queue_directory,
	    spool_dir_name(SPOOL_MAILDROP));

	folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		log_fatal("%s: %m: run `posthouse setup'", path);
	news = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (news < 0 || inotify_add_watch(news, path, IN_MOVED_TO) < 0)
		log_fatal("%s: cannot be watched: %m", path);
}

static void
on_news(struct loop_watch *w, int what __attribute__((unused)))
{
	char events[4096];

	/* What came is found by looking; how much was said does not matter. */
	while (read(w->fd, events, sizeof(events)) > 0)
		;
	on_came();
}

void
pickup_folder_watch(void (*came)(void))
{
	on_came = came;
	loop_watch(&watch, news, LOOP_READ, on_news);
}

/* ---- looking ---- */

static void
remove_old_draft(const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    loop_wall() - (int64_t)st.st_mtime * SECOND < DRAFT_MAX)
		return;
	if (unlinkat(folder, name, 0) == 0)
		log_info("maildrop/%s: an old draft of uid %u: removed", name,
		    st.st_uid);
}

static void
close_dir(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

bool
pickup_folder_each(bool (*each)(const char *name))
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_dir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (dir == NULL) {
		close_fd(&fd);
		return false;
	}
	while ((e = readdir(dir)) != NULL) {
		if (maildrop_name_is_draft(e->d_name))
			remove_old_draft(e->d_name);
		else if (maildrop_name_is_whole(e->d_name) && !each(e->d_name))
			break;
	}
	return true;
}

/* ---- taking ---- */

static bool
is_passing(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == EIO || error == EINTR;
}

/* What no file has that sendmail wrote. */
static const char *
what_is_wrong(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is not a plain file";
	if (st->st_nlink != 1)
		return "it has more than one name";
	if ((st->st_mode & (S_IWGRP | S_IRWXO | S_ISUID)) != 0)
		return "others than its owner may change or read it";
	return NULL;
}

enum found
pickup_folder_take(struct arena *a, const char *name, struct pickup_file *out)
{
	CLEAN_FD int fd = openat(folder, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	const char *why = NULL;

	if (fd < 0 && errno == ENOENT)
		return FOUND_NONE;
	if (fd < 0 && is_passing(errno))
		return FOUND_FAILED;
	/* After a reload two of us are at work for a while: who has the file
	 * locked has it on its way. */
	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0))
		return FOUND_FAILED;
	if (fd >= 0 && st.st_nlink == 0)
		return FOUND_NONE;
	if (fd < 0)
		why = errno == ELOOP ? "it is a symbolic link"
				     : "it cannot be opened";
	else
		why = what_is_wrong(&st);
	if (why != NULL || !maildrop_read(fd, a, &out->mail, &why)) {
		pickup_folder_set_aside(name, why);
		return FOUND_NONE;
	}
	out->uid = st.st_uid;
	out->fd = TAKE_FD(fd);
	return FOUND_ONE;
}

void
pickup_folder_remove(const char *name)
{
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		log_warn("maildrop/%s: is in the queue, but cannot be removed: "
			 "%m: it will come once more",
		    name);
}

void
pickup_folder_set_aside(const char *name, const char *why)
{
	char aside[MAILDROP_NAME_MAX];

	(void)snprintf(aside, sizeof(aside), "b%s", name + 1);
	if (renameat(folder, name, folder, aside) < 0)
		log_warn("maildrop/%s: %s: it cannot be set aside either: %m",
		    name, why);
	else
		log_warn("maildrop/%s: %s: kept as maildrop/%s", name, why,
		    aside);
}
