/*
 * spf_check - an SPF evaluation that asks the DNS itself.
 *
 *	struct spf_check c = { 0 };
 *
 *	spf_check_start(&c, &question, done);
 *	in done: use c->spf.verdict, then spf_check_stop()
 *
 * It ends within SPF_PATIENCE, whatever the DNS does.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "loop.h"
#include "spf.h"

struct spf_check;

/* A question to the DNS. */
struct spf_wait {
	struct spf_check *check;
	struct dns_query *query; /* NULL: answered */
	struct spf_need need;
};

struct spf_check {
	struct spf spf;
	struct spf_wait waits[SPF_NEEDS_MAX];
	size_t waiting; /* questions that are open */
	struct loop_timer deadline;
	void (*done)(struct spf_check *c);
	bool asking;
};

/* Calls done once, perhaps before this returns. */
void spf_check_start(struct spf_check *c, const struct spf_question *q,
    void (*done)(struct spf_check *c));

/* Frees what it owns and never calls done any more; zero after. */
void spf_check_stop(struct spf_check *c);
