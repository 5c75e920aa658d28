/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf_check.h"

static void go_on(struct spf_check *c);

static void
on_answer(void *owner, const struct dns_answer *answer)
{
	struct spf_wait *w = owner;
	struct spf_check *c = w->check;

	w->query = NULL;
	spf_tell(&c->spf, &w->need, answer);
	c->waiting--;
	if (c->waiting == 0 && !c->asking)
		go_on(c);
}

/* Asks for all that the last run needs; answers may come at once. */
static void
ask(struct spf_check *c)
{
	size_t n = c->spf.n_needs;

	c->asking = true;
	c->waiting = n;
	for (size_t i = 0; i < n; i++) {
		struct spf_wait *w = &c->waits[i];

		*w = (struct spf_wait){ .check = c, .need = c->spf.needs[i] };
		w->query = dns_ask(w->need.name, w->need.type, on_answer, w);
	}
	c->asking = false;
}

static void
drop_questions(struct spf_check *c)
{
	for (size_t i = 0; i < SPF_NEEDS_MAX; i++)
		dns_drop(&c->waits[i].query);
	c->waiting = 0;
}

static void
go_on(struct spf_check *c)
{
	while (!spf_run(&c->spf, loop_now())) {
		ask(c);
		if (c->waiting > 0)
			return;
	}
	loop_cancel(&c->deadline);
	c->done(c);
}

/* The run sees that the time is over. */
static void
on_deadline(struct loop_timer *t)
{
	struct spf_check *c = container_of(t, struct spf_check, deadline);

	drop_questions(c);
	go_on(c);
}

void
spf_check_start(struct spf_check *c, const struct spf_question *q,
    void (*done)(struct spf_check *c))
{
	*c = (struct spf_check){ .done = done };
	spf_start(&c->spf, q, loop_now());
	loop_timer(&c->deadline, SPF_PATIENCE, on_deadline);
	go_on(c);
}

void
spf_check_stop(struct spf_check *c)
{
	drop_questions(c);
	loop_cancel(&c->deadline);
	spf_free(&c->spf);
	*c = (struct spf_check){ 0 };
}
