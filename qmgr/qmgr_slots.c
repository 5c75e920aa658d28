/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_slots.h"

#include <assert.h>

uint32_t
slots_put(struct slots *s, void *what)
{
	assert(what != NULL);
	if (s->n_free > 0) {
		uint32_t number = s->free[--s->n_free];

		s->at[number - 1] = what;
		return number;
	}
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		s->at = xrealloc(s->at, s->room, sizeof(s->at[0]));
		s->free = xrealloc(s->free, s->room, sizeof(s->free[0]));
	}
	s->at[s->n++] = what;
	return s->n;
}

void *
slots_get(const struct slots *s, uint32_t number)
{
	return number > 0 && number <= s->n ? s->at[number - 1] : NULL;
}

void
slots_drop(struct slots *s, uint32_t number)
{
	assert(slots_get(s, number) != NULL);
	s->at[number - 1] = NULL;
	s->free[s->n_free++] = number;
}
