/*
 * seal_line - so many at one time, and the others in line.
 *
 * Where the DNS is slow, more questions come than are answered, and all of them
 * would be in doubt that come when the most are open.  So who comes then waits,
 * in the order of coming; and is turned away where the line is full, or its
 * patience is over.
 *
 *	static struct seal_line line = { .most = 500, .length_max = 5000,
 *		.patience = 20000, .serve = serve, .refuse = refuse };
 *
 *	seal_line_enter(&line, &r->place);
 *	in serve and in refuse: r is served or refused, also at once
 *	seal_line_leave(&line, &r->place);
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "loop.h"

/* All zero: not in the line. */
struct seal_place {
	struct list link; /* while it waits */
	int64_t until;
	bool served;
};

struct seal_line {
	uint32_t most;       /* that are served at one time */
	uint32_t length_max; /* that wait */
	int64_t patience;    /* milliseconds that each waits */
	void (*serve)(struct seal_place *p);
	void (*refuse)(struct seal_place *p);

	struct list waiting;
	uint32_t length;
	uint32_t open; /* are being served */
	struct loop_timer turn, due;
};

/* Calls serve or refuse, at once or later, unless the place is left before. */
void seal_line_enter(struct seal_line *l, struct seal_place *p);

/* In whatever state it is. */
void seal_line_leave(struct seal_line *l, struct seal_place *p);
