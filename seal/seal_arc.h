/*
 * seal_arc - the ARC chain of a message, its keys asked of the DNS.
 *
 *	struct seal_arc a = { 0 };
 *
 *	seal_arc_start(&a, header, done);
 *	arc_body(&a.arc, ...), at any time
 *	after done: arc_end(&a.arc, ...), use a.arc, seal_arc_stop(&a)
 *
 * All keys have come, or will not come any more, within ARC_PATIENCE.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arc.h"
#include "loop.h"

#define ARC_PATIENCE ((int64_t)15000)

struct seal_arc;

/* One key. */
struct seal_arc_key {
	struct seal_arc *all;
	struct dns_query *query; /* NULL: none is open */
};

struct seal_arc {
	struct arc arc;
	struct seal_arc_key keys[ARC_SETS_MAX + 1];
	struct loop_timer deadline;
	void (*done)(struct seal_arc *a);
	bool asking;
};

/* Calls done once, when no key is waited for; perhaps before this returns.  The
 * header is borrowed until the end; it may have no chain at all. */
void seal_arc_start(struct seal_arc *a, struct slice header,
    void (*done)(struct seal_arc *a));

/* Frees what it owns and never calls done any more; zero after. */
void seal_arc_stop(struct seal_arc *a);
