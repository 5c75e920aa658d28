/*
 * What is said comes from the file, or from memory where the message is loaded,
 * and from the scheduler: when it is tried next, and whether its destination is
 * down.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_list.h"

#include <string.h>

#include "qmgr_mail.h"
#include "qmgr_parts.h"
#include "str.h"

#define RCPTS_ROOM ((size_t)65536) /* of one line */

struct line {
	bool hidden;
	list_fn *say;
	void *arg;
};

static const char *
queue_name(const struct sched_msg *m)
{
	if ((m->flags & SCHED_HELD) != 0)
		return "hold";
	if (sched_settled(m) ||
	    (m->loaded == NULL && (m->owner & OWNER_CUR) != 0))
		return "deferred";
	return m->loaded != NULL ? "active" : "incoming";
}

/* The part that a recipient is in.  Where the message is not loaded and has
 * several, its route tells; NULL where that has changed. */
static const struct sched_part *
part_of(struct mail *mail, const struct sched_msg *m, uint32_t i)
{
	if (m->loaded == mail)
		return mail->places[i].part;
	if (m->parts == NULL || m->parts->next == NULL)
		return m->parts;

	const struct dest *d = parts_find(mail, i);
	for (const struct sched_part *p = m->parts; p != NULL; p = p->next)
		if (p->dest == d)
			return p;
	return NULL;
}

static struct qline_where
where(struct mail *mail, const struct sched_msg *m, uint32_t i)
{
	const struct sched_part *p = part_of(mail, m, i);
	struct qline_where w = {
		.transport = "",
		.nexthop = "",
		.reason = "",
		.attempts = m->attempts,
	};

	if (p == NULL)
		return w;
	w.transport = p->dest->transport->name;
	const char *at = strchr(p->dest->nexthop, '@');
	w.nexthop = at != NULL ? at + 1 : p->dest->nexthop;
	if (p->dest->transport->room == 0)
		w.reason = "mail transport unavailable";
	else if (p->dest->down != 0 && p->dest->reason != NULL)
		w.reason = p->dest->reason;
	if (p->dest->down != 0)
		w.down = loop_wall() - (qmgr.sched->now - p->dest->down);
	int64_t retry = sched_retry(qmgr.sched, p);
	if (retry > 0)
		w.next_retry = loop_wall() + retry;
	return w;
}

static void
say_rcpts(const struct line *l, struct mail *mail, const struct sched_msg *m)
{
	CLEAN_BUF struct buf fields = { 0 };

	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		if (!qline_listed(&mail->m.rcpts[i]))
			continue;
		struct qline_where w = where(mail, m, i);
		qline_put_rcpt(&fields, &mail->m.rcpts[i], &w, l->hidden);
		if (fields.len < RCPTS_ROOM)
			continue;
		l->say(l->arg, QLINE_RCPT, &fields);
		buf_reset(&fields);
	}
	if (fields.len > 0)
		l->say(l->arg, QLINE_RCPT, &fields);
}

bool
list_mail(const struct sched_msg *m, bool hidden, list_fn *say, void *arg)
{
	const struct line l = { hidden, say, arg };
	CLEAN_BUF struct buf fields = { 0 };
	enum mail_read how;
	struct mail *mail = m->loaded;

	if (mail == NULL)
		mail = mail_read(m->id.text, mail_dir(m), -1, false, &how);
	if (mail == NULL)
		return false;
	qline_put_mail(&fields, &mail->m, queue_name(m), hidden);
	say(arg, QLINE_MAIL, &fields);
	say_rcpts(&l, mail, m);
	if (m->loaded != mail)
		mail_drop(mail);
	return true;
}
