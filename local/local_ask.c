/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_ask.h"

#include "map.h"
#include "program.h"

static struct map open_questions; /* number to struct local_ask */

void
local_ask_drop(struct local_ask *q)
{
	(void)map_drop(&open_questions, &q->number, sizeof(q->number));
	loop_cancel(&q->timer);
	buf_free(&q->held);
	q->number = 0;
	q->to = NULL;
}

static void
fail(struct local_ask *q, const char *why)
{
	local_ask_drop(q);
	q->failed(q, why);
}

static void
timed_out(struct loop_timer *timer)
{
	fail(container_of(timer, struct local_ask, timer),
	    "no answer in time from another program");
}

uint32_t
local_ask_open(struct local_ask *q, int64_t wait,
    void (*failed)(struct local_ask *q, const char *why))
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
send_to(struct local_ask *q, struct chan *to, const struct buf *packet)
{
	q->to = to;
	chan_send(to, packet, q->mail, false);
}

void
local_ask_send(struct local_ask *q, enum role role, const struct buf *packet,
    int mail)
{
	struct chan *to = program_peer(role);

	q->role = role;
	q->mail = mail;
	if (to != NULL)
		send_to(q, to, packet);
	else
		buf_add(&q->held, packet->text, packet->len);
}

struct local_ask *
local_ask_take(const struct chan *c, uint32_t number)
{
	struct local_ask *q = map_get(&open_questions, &number, sizeof(number));

	if (q == NULL || q->to != c)
		return NULL;
	local_ask_drop(q);
	return q;
}

void
local_ask_peer(struct chan *c)
{
	MAP_EACH(&open_questions, e) {
		struct local_ask *q = e->value;

		if (q->to != NULL || (uint32_t)q->role != c->role)
			continue;
		send_to(q, c, &q->held);
		buf_free(&q->held);
	}
}

void
local_ask_peer_ended(struct chan *c)
{
	MAP_EACH(&open_questions, e) {
		struct local_ask *q = e->value;

		if (q->to == c)
			fail(q, "another program has ended");
	}
}
