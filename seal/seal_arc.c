/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_arc.h"

static void go_on(struct seal_arc *a);

static void
on_key(void *owner, const struct dns_answer *answer)
{
	struct seal_arc_key *key = owner;
	struct seal_arc *a = key->all;

	key->query = NULL;
	arc_key(&a->arc, (size_t)(key - a->keys), answer);
	if (!a->asking)
		go_on(a);
}

/* Asks for what is needed and was not asked for; an answer at once may be the
 * end of it, or make more keys necessary: then true. */
static bool
ask(struct seal_arc *a)
{
	bool answered = false;

	for (size_t i = 0; i <= a->arc.n; i++) {
		const char *name = arc_need(&a->arc, i);
		struct seal_arc_key *key = &a->keys[i];

		if (name == NULL || key->query != NULL)
			continue;
		key->all = a;
		key->query = dns_ask(name, DNS_TXT, on_key, key);
		answered |= key->query == NULL;
	}
	return answered;
}

static void
drop_questions(struct seal_arc *a)
{
	for (size_t i = 0; i < ARRAY_LEN(a->keys); i++)
		dns_drop(&a->keys[i].query);
}

static void
finish(struct seal_arc *a)
{
	drop_questions(a);
	loop_cancel(&a->deadline);
	a->done(a);
}

static void
go_on(struct seal_arc *a)
{
	a->asking = true;
	while (ask(a))
		continue;
	a->asking = false;
	if (a->arc.open == 0)
		finish(a);
}

static void
on_deadline(struct loop_timer *t)
{
	finish(container_of(t, struct seal_arc, deadline));
}

void
seal_arc_start(struct seal_arc *a, struct slice header,
    void (*done)(struct seal_arc *a))
{
	*a = (struct seal_arc){ .done = done };
	arc_start(&a->arc, header, loop_wall());
	loop_timer(&a->deadline, ARC_PATIENCE, on_deadline);
	go_on(a);
}

void
seal_arc_stop(struct seal_arc *a)
{
	drop_questions(a);
	loop_cancel(&a->deadline);
	arc_free(&a->arc);
	*a = (struct seal_arc){ 0 };
}
