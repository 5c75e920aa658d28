/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "query.h"

#include "map.h"
#include "program.h"

static struct map open_questions; /* number to struct query */

void
query_drop(struct query *q)
{
	(void)map_drop(&open_questions, &q->number, sizeof(q->number));
	loop_cancel(&q->timer);
	buf_free(&q->held);
	q->number = 0;
	q->to = NULL;
}

static void
fail(struct query *q, const char *why)
{
	query_drop(q);
	q->failed(q, why);
}

static void
timed_out(struct loop_timer *timer)
{
	fail(container_of(timer, struct query, timer),
	    "no answer in time from another program");
}

uint32_t
query_open(struct query *q, int64_t wait,
    void (*failed)(struct query *q, const char *why))
{
	static uint32_t last;

	do
		last++;
	while (last == 0 || map_get(&open_questions, &last, sizeof(last)));
	q->number = last;
	q->failed = failed;
	*map_put(&open_questions, &last, sizeof(last)) = q;
	loop_timer(&q->timer, wait, timed_out);
	return last;
}

static void
send_to(struct query *q, struct chan *to, const struct buf *packet)
{
	q->to = to;
	chan_send(to, packet, q->mail, false);
}

void
query_send(struct query *q, enum role role, const struct buf *packet, int mail)
{
	struct chan *to = program_peer(role);

	q->role = role;
	q->mail = mail;
	if (to != NULL)
		send_to(q, to, packet);
	else
		buf_add(&q->held, packet->text, packet->len);
}

struct query *
query_take(const struct chan *c, uint32_t number)
{
	struct query *q = map_get(&open_questions, &number, sizeof(number));

	if (q == NULL || q->to != c)
		return NULL;
	query_drop(q);
	return q;
}

void
query_peer(struct chan *c)
{
	MAP_EACH(&open_questions, e) {
		struct query *q = e->value;

		if (q->to != NULL || (uint32_t)q->role != c->role)
			continue;
		send_to(q, c, &q->held);
		buf_free(&q->held);
	}
}

void
query_peer_ended(struct chan *c)
{
	bool more = true;

	/* A failure may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		MAP_EACH(&open_questions, e) {
			struct query *q = e->value;

			if (q->to != c)
				continue;
			fail(q, "another program has ended");
			more = true;
			break;
		}
	}
}
