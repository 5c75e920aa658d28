/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_watch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"

#define LOOK SECOND

/* What tells one file from the next of the same name. */
struct face {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t written, changed; /* nanoseconds */
};

struct watched {
	struct list link;
	struct proc *proc;
	char *path;
	struct face given; /* as it was handed over; all zero: never */
	struct face seen;  /* at the last look */
};

static struct list all;
static struct loop_timer timer;

static int64_t
nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* All zero for a file that is not there. */
static struct face
face_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct face){ 0 };
	return (struct face){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = st.st_size,
		.written = nanoseconds(st.st_mtim),
		.changed = nanoseconds(st.st_ctim),
	};
}

static bool
same(const struct face *a, const struct face *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->written == b->written && a->changed == b->changed;
}

static void
hand_over(const struct watched *w)
{
	CLEAN_BUF struct buf packet = { 0 };
	int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	msg_put_ctl_file(&packet, &(struct msg_ctl_file){ .path = w->path });
	chan_send(&w->proc->control, &packet, fd, fd >= 0);
}

static void
look(struct watched *w)
{
	struct face now = face_of(w->path);
	bool still = same(&now, &w->seen);

	w->seen = now;
	if (!still || same(&now, &w->given))
		return;
	w->given = now;
	hand_over(w);
}

static void
on_look(struct loop_timer *t)
{
	LIST_EACH(struct watched, w, &all, link)
		look(w);
	if (!list_empty(&all))
		loop_timer(t, LOOK, on_look);
}

void
watch_add(struct proc *p, const char *path)
{
	struct watched *w = xcalloc(1, sizeof(*w));

	w->proc = p;
	w->path = xstrdup(path);
	if (list_empty(&all))
		loop_timer(&timer, LOOK, on_look);
	list_append(&all, &w->link);
}

void
watch_drop(const struct proc *p)
{
	LIST_EACH(struct watched, w, &all, link) {
		if (w->proc != p)
			continue;
		list_drop(&w->link);
		free(w->path);
		free(w);
	}
}
