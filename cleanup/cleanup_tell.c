/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "list.h"
#include "log.h"
#include "msg.h"
#include "spool.h"

/* How long before its end a qmgr may have been deaf without our knowing: a few
 * rounds of the loop, with room for a slow disk. */
#define DOUBT (30 * SECOND)

struct told {
	struct list link;
	struct queueid id;
	struct chan *to; /* NULL: nobody */
	int64_t when;
};

static int queue = -1;
static struct chan *newest;
static struct list told; /* oldest first */

void
cleanup_tell_open(int queue_fd)
{
	queue = queue_fd;
}

static void
forget(struct told *t)
{
	list_drop(&t->link);
	free(t);
}

/* Those that nobody was told of stay. */
static void
forget_old(void)
{
	LIST_EACH(struct told, t, &told, link) {
		if (t->to == NULL)
			continue;
		if (loop_now() - t->when <= DOUBT)
			return;
		forget(t);
	}
}

static void
send_new(struct told *t, int fd)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_queue_new m = { .id = t->id.text };

	t->to = newest;
	t->when = loop_now();
	if (newest == NULL) {
		close_fd(&fd);
		return;
	}
	msg_put_queue_new(&packet, &m);
	chan_send(newest, &packet, fd, true);
}

void
cleanup_tell(const struct queueid *id, int fd)
{
	struct told *t = xcalloc(1, sizeof(*t));

	forget_old();
	t->id = *id;
	list_append(&told, &t->link);
	send_new(t, fd);
}

/* Once more, unless it was dealt with: then it lies in new/ no longer. */
static void
tell_again(struct told *t)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, SPOOL_NEW, t->id.text);
	int fd = openat(queue, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			log_warn("%s: cannot be opened for qmgr: %m: it will "
				 "be found at the next start",
			    t->id.text);
		forget(t);
		return;
	}
	list_drop(&t->link);
	list_append(&told, &t->link);
	send_new(t, fd);
}

/* Each once: what is told again moves behind the last. */
static void
tell_all_again(void)
{
	struct list again = { 0 };
	struct list *link;

	LIST_EACH(struct told, t, &told, link) {
		if (t->to == NULL) {
			list_drop(&t->link);
			list_append(&again, &t->link);
		}
	}
	while ((link = list_take(&again)) != NULL)
		tell_again(container_of(link, struct told, link));
}

void
cleanup_tell_begin(struct chan *qmgr)
{
	newest = qmgr;
	tell_all_again();
}

void
cleanup_tell_end(struct chan *qmgr)
{
	forget_old();
	LIST_EACH(struct told, t, &told, link)
		if (t->to == qmgr)
			t->to = NULL;
	if (newest == qmgr)
		newest = NULL;
	else if (newest != NULL)
		tell_all_again();
}
