/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_line.h"

/* The first one in line, out of it. */
static struct seal_place *
take(struct seal_line *l)
{
	struct list *first = list_take(&l->waiting);

	l->length--;
	return container_of(first, struct seal_place, link);
}

static void
serve(struct seal_line *l, struct seal_place *p)
{
	l->open++;
	p->served = true;
	l->serve(p);
}

/* Who is served at once leaves at once: this is no recursion, however long the
 * line is. */
static void
on_turn(struct loop_timer *t)
{
	struct seal_line *l = container_of(t, struct seal_line, turn);

	while (l->open < l->most && l->length > 0)
		serve(l, take(l));
}

/* All wait equally long, so it is the first ones whose time is over. */
static void
on_due(struct loop_timer *t)
{
	struct seal_line *l = container_of(t, struct seal_line, due);

	while (l->length > 0) {
		struct seal_place *first = container_of(l->waiting.next,
		    struct seal_place, link);
		int64_t left = first->until - loop_now();

		if (left > 0) {
			loop_timer(&l->due, left, on_due);
			return;
		}
		l->refuse(take(l));
	}
}

void
seal_line_enter(struct seal_line *l, struct seal_place *p)
{
	*p = (struct seal_place){ .until = loop_now() + l->patience };
	if (l->open < l->most && l->length == 0) {
		serve(l, p);
		return;
	}
	if (l->length >= l->length_max) {
		l->refuse(p);
		return;
	}
	list_append(&l->waiting, &p->link);
	if (l->length++ == 0)
		loop_timer(&l->due, l->patience, on_due);
}

void
seal_line_leave(struct seal_line *l, struct seal_place *p)
{
	if (list_linked(&p->link)) {
		list_drop(&p->link);
		l->length--;
	} else if (p->served) {
		p->served = false;
		l->open--;
		if (l->length > 0)
			loop_timer(&l->turn, 0, on_turn);
	}
}
