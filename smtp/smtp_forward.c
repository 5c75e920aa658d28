/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_forward.h"

#include "clock.h"
#include "fd.h"
#include "forward.h"
#include "log.h"
#include "msg.h"

/* Time for seal to be started anew, and to sign. */
#define PATIENCE (10 * SECOND)

static smtp_forward_fn *go_on;

static void
on_failed(struct query *q, const char *why)
{
	go_on(container_of(q, struct job, query), why);
}

bool
smtp_forward_ask(struct job *j, smtp_forward_fn *then)
{
	CLEAN_BUF struct buf packet = { 0 };

	if (!j->forwarded || !forward_is_changed())
		return false;
	go_on = then;
	struct msg_forward m = {
		.stream = query_open(&j->query, PATIENCE, on_failed),
		.id = j->id,
		.sender = j->mail.sender,
		.data_at = j->mail.source.data_at,
		.data_len = j->mail.source.data_len,
		.head_at = j->head_at,
		.head_len = j->head_len,
	};
	msg_put_forward(&packet, &m);
	query_send(&j->query, ROLE_SIGN, &packet, j->fd);
	return true;
}

static void
take(struct job *j, const struct msg_forwarded *m)
{
	if (!str_eq(m->sender, j->mail.sender)) {
		j->mail.sender = arena_strdup(&j->arena, m->sender);
		log_info("%s: forwarded with sender <%s>", j->id,
		    j->mail.sender);
	}
	smtp_request_put_on_top(j, m->head);
	go_on(j, NULL);
}

bool
smtp_forward_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_forwarded m;

	close_fd(&fd);
	if (!msg_get_forwarded(&m, body, len))
		return false;
	struct query *q = query_take(c, m.stream);
	if (q == NULL)
		return true; /* its job is over */
	struct job *j = container_of(q, struct job, query);
	if (m.ok != 0)
		take(j, &m);
	else
		go_on(j, "the sender of forwarded mail cannot be said now");
	return true;
}
