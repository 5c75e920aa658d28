/*
 * The lock is a flock(2) on the folder cur/: it ends with the process, however
 * that ends.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "clock.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "qmgr_mail.h"
#include "qmgr_take.h"

/* A predecessor that is told to drain says what it has at once, and mqueue has
 * the lock for a moment: who has it for longer is a stranger. */
#define WAIT_FOR_LOCK (30 * SECOND)
#define TRY_EVERY     ((int64_t)100)

#define IDS_ROOM ((size_t)65536)

static struct {
	int lock;
	bool ours;
	bool told; /* all that the predecessor keeps */
	bool begun;
	void (*begin)(void); /* NULL before handover_start() */
	struct map busy;     /* ids that the predecessor has */
	struct loop_timer timer;
	int64_t since; /* when it began to wait for the lock */
} handover;

static bool
try_lock(void)
{
	handover.ours = handover.ours ||
	    flock(handover.lock, LOCK_EX | LOCK_NB) == 0;
	return handover.ours;
}

void
handover_open(void)
{
	qmgr.dir = open(params.queue_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (qmgr.dir < 0)
		log_fatal("queue_directory %s: %s: run `posthouse setup'",
		    params.queue_directory, strerror(errno));
	handover.lock = openat(qmgr.dir, spool_dir_name(SPOOL_CUR),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (handover.lock < 0)
		log_fatal("queue_directory %s: %s: %s: run `posthouse setup'",
		    params.queue_directory, spool_dir_name(SPOOL_CUR),
		    strerror(errno));
	(void)try_lock(); /* handover_start() asks again */
}

static void
begin_once(void)
{
	if (handover.begun || handover.begin == NULL)
		return;
	handover.begun = true;
	loop_cancel(&handover.timer);
	handover.begin();
}

/* The predecessor is gone, if there was one: what it still had is on the disk,
 * where it is. */
static void
take_all(void)
{
	struct map busy = handover.busy;

	handover.busy = (struct map){ 0 };
	begin_once();
	MAP_EACH(&busy, e) {
		take_file(e->key, SPOOL_NEW, -1);
		take_file(e->key, SPOOL_CUR, -1);
		take_file(e->key, SPOOL_HOLD, -1);
	}
	map_free(&busy);
	qmgr_soon();
}

static void
on_try(struct loop_timer *t)
{
	if (try_lock())
		take_all();
	else if (loop_now() - handover.since < WAIT_FOR_LOCK)
		loop_timer(t, TRY_EVERY, on_try);
	else
		log_fatal("queue_directory %s: another queue manager has it: "
			  "stop the other instance, or give this one a queue "
			  "of its own",
		    params.queue_directory);
}

static void
wait_for_lock(void)
{
	handover.since = loop_now();
	on_try(&handover.timer);
}

void
handover_start(void (*begin)(void))
{
	handover.begin = begin;
	if (handover.told)
		begin_once();
	else
		wait_for_lock();
}

bool
handover_is_busy(const char *id)
{
	return handover.busy.len > 0 && map_gets(&handover.busy, id) != NULL;
}

static bool
hear_busy(const void *body, size_t len)
{
	struct msg_ctl_busy m;

	if (!msg_get_ctl_busy(&m, body, len))
		return false;
	struct wire w = wire_open(m.ids.at, m.ids.len);
	bool any = wire_more(&w);
	while (wire_more(&w)) {
		const char *id = wire_get_str(&w);

		if (queueid_valid(id) && sched_find(qmgr.sched, id) == NULL)
			*map_puts(&handover.busy, id) = &handover;
	}
	if (!any) {
		handover.told = true;
		begin_once();
	}
	return wire_done(&w);
}

bool
handover_control(struct chan *c, uint32_t type, const void *body, size_t len,
    int fd)
{
	(void)c; /* the control channel */
	close_fd(&fd);
	if (type == MSG_ctl_busy)
		return hear_busy(body, len);
	if (type != MSG_ctl_free || len != 0)
		return false;
	wait_for_lock();
	return true;
}

/* ---- as the old one ---- */

static void
send_ids(struct buf *ids)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_ctl_busy m = { .ids = { buf_str(ids), ids->len } };

	msg_put_ctl_busy(&packet, &m);
	chan_send(program_control(), &packet, -1, false);
	buf_reset(ids);
}

void
handover_tell(void)
{
	CLEAN_BUF struct buf ids = { 0 };

	LIST_EACH(struct mail, mail, &qmgr.loaded, link) {
		if (mail->jobs == 0 && mail->notice == 0)
			continue;
		wire_put_str(&ids, mail->msg->id.text);
		if (ids.len > IDS_ROOM)
			send_ids(&ids);
	}
	if (ids.len > 0)
		send_ids(&ids);
	send_ids(&ids);
}

void
handover_leave(const char *id)
{
	CLEAN_BUF struct buf ids = { 0 };

	wire_put_str(&ids, id);
	send_ids(&ids);
}
