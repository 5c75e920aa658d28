/*
 * Fresh mail and mail found on the disk go the same way: what the file says is
 * all that there is.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_take.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "msg.h"
#include "qmgr_fate.h"
#include "qmgr_handover.h"
#include "qmgr_limited.h"
#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "qmgr_scan.h"
#include "qmgr_stood.h"
#include "str.h"

static void
count_books(const struct mail *mail, bool fresh)
{
	uint64_t n = 0;

	for (size_t i = 0; i < mail->m.n_rcpts; i++)
		n += mail->m.rcpts[i].state == RCPT_QUEUED ||
		    mail->m.rcpts[i].state == RCPT_FAILED;
	if (fresh)
		qmgr.books.accepted += n;
	else
		qmgr.books.found += n;
}

static uint16_t
flags_of(const struct spool_message *m)
{
	uint16_t flags = 0;

	if (m->env.sender[0] == '\0')
		flags |= SCHED_NULL_SENDER;
	if (m->warned)
		flags |= SCHED_WARNED;
	return flags;
}

/* A clock that jumped must not expire anything: an arrival that lies ahead is
 * now. */
static struct sched_msg *
make_known(const struct mail *mail, const char *id, enum spool_dir dir)
{
	const struct spool_message *m = &mail->m;
	int64_t now = loop_wall();
	int64_t age = MAX(now - m->env.arrived, 0);
	uint16_t attempts = (uint16_t)MIN(m->attempts, UINT16_MAX);

	sched_time(qmgr.sched, loop_now());
	struct sched_msg *known = sched_add(qmgr.sched, id, age, flags_of(m));
	sched_stood(qmgr.sched, known, stood_since(m->env.arrived));
	sched_resume(qmgr.sched, known, attempts, m->next_retry - now);
	if (dir == SPOOL_CUR)
		known->owner |= OWNER_CUR;
	if (dir == SPOOL_HOLD) {
		known->owner |= OWNER_HOLD;
		known->flags |= SCHED_HELD;
		qmgr.held++;
	}
	return known;
}

static void
say_active(const struct mail *mail)
{
	CLEAN_BUF struct buf sender = { 0 };
	const char *text = mail->m.env.sender;

	str_printable(&sender, text, strlen(text), LOG_LINE_MAX / 4);
	log_info("%s: from=<%s>" LOG_SEP "size=%llu" LOG_SEP
		 "nrcpt=%u (queue active)",
	    mail->msg->id.text, buf_str(&sender),
	    (unsigned long long)mail->m.env.size, sched_count(mail->msg));
}

/* Once for each domain, and no more than a few. */
static void
say_backup(const struct mail *mail)
{
	const char *said[4];
	size_t n = 0;

	for (size_t i = 0; i < mail->m.n_rcpts && n < ARRAY_LEN(said); i++) {
		const char *at = strrchr(mail->m.rcpts[i].env.address, '@');
		size_t k = 0;

		if (!mail->places[i].backup || at == NULL)
			continue;
		while (k < n && !str_eq_nocase(said[k], at + 1))
			k++;
		if (k < n)
			continue;
		said[n++] = at + 1;
		log_info("%s: accepted as backup for %s", mail->msg->id.text,
		    at + 1);
	}
}

/* A message of that id is known.  Another file may have it too, if a
 * program that makes ids does not as it should: nobody's mail is lost by
 * that. */
static void
look_at_twin(const struct sched_msg *known, const char *id, enum spool_dir dir)
{
	char path[SPOOL_PATH_MAX];

	if (mail_dir(known) == dir)
		return;
	spool_path(path, dir, id);
	if (faccessat(qmgr.dir, path, F_OK, 0) < 0)
		return; /* it was moved from there */
	log_warn("%s: there is another message of this id in %s: it waits for "
		 "the end of the first",
	    id, path);
	scan_again();
}

/* It came to be kept back; once it lies in hold/ that is over. */
static void
hold_at_once(const struct mail *mail)
{
	if ((mail->m.env.flags & MAIL_HOLD) == 0)
		return;
	sched_hold(qmgr.sched, mail->msg);
	log_info("%s: placed on hold", mail->msg->id.text);
}

void
take_file(const char *id, enum spool_dir dir, int fd)
{
	CLEAN_FD int file = fd;
	enum mail_read how;

	struct sched_msg *m = sched_find(qmgr.sched, id);
	if (m != NULL)
		look_at_twin(m, id, dir);
	if (m != NULL || handover_is_busy(id))
		return;
	struct mail *mail = mail_read(id, dir, TAKE_FD(file),
	    dir == SPOOL_NEW && fd < 0, &how);
	if (mail == NULL) {
		if (how == MAIL_LATER)
			scan_again();
		return;
	}
	m = make_known(mail, id, dir);
	count_books(mail, fd >= 0);
	mail_attach(mail, m);
	parts_sort(mail);
	if (dir == SPOOL_NEW)
		hold_at_once(mail);
	/* Read again when its turn comes, and said to be active then: what is
	 * not fresh, and what is too much. */
	bool keep = fd >= 0 && qmgr.n_loaded <= LOADED_MAX;
	if (dir == SPOOL_NEW)
		say_backup(mail);
	if (dir == SPOOL_NEW && limited_is(mail))
		limited_hold(mail);
	else if (dir == SPOOL_NEW && (m->flags & SCHED_HELD) == 0 &&
	    (keep || sched_settled(m)))
		say_active(mail);
	fate_progress(mail);
	m = sched_find(qmgr.sched, id);
	if (!keep && m != NULL && (mail = m->loaded) != NULL &&
	    mail->jobs == 0 && mail->notice == 0 && mail->journal.len == 0)
		mail_unload(mail);
}

/* What lies in new/ at the start is taken up from there, perhaps before cleanup
 * tells of it; and may be delivered and gone by then. */
static bool
is_gone(const char *id, int fd)
{
	struct stat st;

	return scan_may_have(id) && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

bool
take_new(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int file = fd;
	struct msg_queue_new m;

	(void)c; /* only cleanup may send it */
	if (!msg_get_queue_new(&m, body, len) || !queueid_valid(m.id))
		return false;
	if (qmgr.draining) {
		handover_leave(m.id);
		return true;
	}
	if (file >= 0 && is_gone(m.id, file))
		return true;
	take_file(m.id, SPOOL_NEW, TAKE_FD(file));
	return true;
}
