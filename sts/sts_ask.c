/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_ask.h"

#include <stdlib.h>

#include "dns_answer.h"
#include "fd.h"
#include "msg.h"
#include "sts_find.h"

struct question {
	struct list link; /* among all */
	struct sts_asker asker;
	struct chan *from;
	uint32_t stream;
};

static struct list questions;

static void
on_told(struct sts_asker *a, const struct sts_known *k)
{
	struct question *q = container_of(a, struct question, asker);
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_sts_said m = {
		.stream = q->stream,
		.known = k->known,
		.mode = (uint8_t)k->policy.mode,
		.id = k->id,
		.max_age = (uint64_t)k->policy.max_age,
		.mx = k->policy.mx,
		.fault = (uint8_t)k->fault,
		.why = k->why,
	};

	msg_put_sts_said(&packet, &m);
	chan_send(q->from, &packet, -1, false);
	list_drop(&q->link);
	free(q);
}

bool
sts_ask(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_sts_ask m;

	close_fd(&fd);
	if (!msg_get_sts_ask(&m, body, len) || !dns_name_valid(m.domain))
		return false;
	CLEAN_STR char *domain = xstrdup(m.domain);
	str_lower(domain);
	struct question *q = xcalloc(1, sizeof(*q));
	q->from = c;
	q->stream = m.stream;
	list_append(&questions, &q->link);
	sts_find(&q->asker, domain, on_told); /* q may be gone */
	return true;
}

void
sts_ask_peer_ended(struct chan *c)
{
	LIST_EACH(struct question, q, &questions, link) {
		if (q->from != c)
			continue;
		sts_find_stop(&q->asker);
		list_drop(&q->link);
		free(q);
	}
}
