/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_vet.h"

#include <stdlib.h>

#include "list.h"
#include "map.h"
#include "param.h"
#include "program.h"

/* Beyond callout's own patience, in which it answers. */
#define SPARE ((int64_t)5000)

struct question {
	struct list link; /* oldest first: all have the same patience */
	const struct chan *to;
	smtpd_vet_fn *fn;
	void *owner;
	int64_t deadline;
	uint32_t number;
};

static struct list questions;
static struct map by_number;
static struct loop_timer timer;
static uint32_t last_number;

static void
drop(struct question *q)
{
	list_drop(&q->link);
	(void)map_drop(&by_number, &q->number, sizeof(q->number));
	free(q);
}

static void
tell(struct question *q, const struct msg_vetted *said)
{
	smtpd_vet_fn *fn = q->fn;
	void *owner = q->owner;

	drop(q);
	fn(owner, said);
}

static void
tell_nothing(struct question *q)
{
	struct msg_vetted nothing = {
		.verdict = VETTED_UNKNOWN,
		.status = "",
		.text = "its host could not be asked",
	};

	tell(q, &nothing);
}

static void
on_due(struct loop_timer *t)
{
	while (!list_empty(&questions)) {
		struct question *q = container_of(questions.next,
		    struct question, link);

		if (q->deadline > loop_now()) {
			loop_timer(t, q->deadline - loop_now(), on_due);
			return;
		}
		tell_nothing(q);
	}
}

static int64_t
patience(void)
{
	return params.address_verify_poll_count *
	    params.address_verify_poll_delay +
	    SPARE;
}

static struct question *
add_question(const struct chan *c, smtpd_vet_fn *fn, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));

	if (++last_number == 0)
		last_number = 1;
	q->number = last_number;
	q->to = c;
	q->fn = fn;
	q->owner = owner;
	q->deadline = loop_now() + patience();
	*map_put(&by_number, &q->number, sizeof(q->number)) = q;
	if (list_empty(&questions))
		loop_timer(&timer, patience(), on_due);
	list_append(&questions, &q->link);
	return q;
}

uint32_t
smtpd_vet(const char *address, const struct route *route, smtpd_vet_fn *fn,
    void *owner)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *c = program_peer(ROLE_CALLOUT);

	if (c == NULL)
		return 0;
	struct question *q = add_question(c, fn, owner);
	struct msg_vet m = {
		.stream = q->number,
		.address = address,
		.transport = route->transport,
		.nexthop = route->nexthop,
	};
	msg_put_vet(&packet, &m);
	chan_send(c, &packet, -1, false);
	return q->number;
}

void
smtpd_vet_drop(uint32_t *question)
{
	struct question *q = map_get(&by_number, question, sizeof(*question));

	if (q != NULL)
		drop(q);
	*question = 0;
}

/* An answer to a question that was dropped is no fault of the program's. */
bool
smtpd_vet_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_vetted m;

	(void)c;
	close_fd(&fd);
	if (!msg_get_vetted(&m, body, len) || m.verdict > VETTED_LIMITED)
		return false;
	struct question *q = map_get(&by_number, &m.stream, sizeof(m.stream));
	if (q != NULL)
		tell(q, &m);
	return true;
}

void
smtpd_vet_peer_ended(const struct chan *c)
{
	bool more = true;

	/* An answer may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		LIST_EACH(struct question, q, &questions, link) {
			if (q->to != c)
				continue;
			tell_nothing(q);
			more = true;
			break;
		}
	}
}
