/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qline.h"

#define HIDDEN "(hidden)"

bool
qline_listed(const struct spool_rcpt *r)
{
	return r->state == RCPT_QUEUED || r->state == RCPT_FAILED;
}

void
qline_put_mail(struct buf *out, const struct spool_message *m,
    const char *queue, bool hidden)
{
	struct rec_q_mail rec = {
		.queue = queue,
		.id = m->env.id,
		.arrived = m->env.arrived,
		.size = m->env.size,
		.sender = hidden ? HIDDEN : m->env.sender,
	};

	for (size_t i = 0; i < m->n_rcpts; i++)
		rec.n_rcpts += qline_listed(&m->rcpts[i]);
	rec_put_q_mail(out, &rec);
}

void
qline_put_rcpt(struct buf *out, const struct spool_rcpt *r,
    const struct qline_where *where, bool hidden)
{
	bool tried = r->last_attempt != 0;
	/* What its next hop says now is newer than what it heard itself. */
	bool newer = where->down != 0 && where->reason[0] != '\0' &&
	    r->last.fault == FAULT_DESTINATION;
	struct rec_q_rcpt rec = {
		.address = hidden ? HIDDEN : r->env.address,
		.orig = hidden ? "" : r->env.orig,
		.transport = where->transport,
		.nexthop = hidden ? "" : where->nexthop,
		.reason = tried && !newer ? r->last.text : where->reason,
		.dsn = r->last.status,
		.relay = r->relay,
		.attempts = where->attempts,
		.next_retry = where->next_retry,
		.down = where->down,
	};

	if (hidden)
		rec.reason = rec.relay = "";
	rec_put_q_rcpt(out, &rec);
}
