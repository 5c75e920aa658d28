/*
 * seal_dmarc - what the From domains of a message wish, asked of the DNS, and
 * what that means once it is known who is proved to have sent it.
 *
 *	struct seal_dmarc d = { 0 };
 *
 *	seal_dmarc_start(&d, header, done);
 *	in done, or later: seal_dmarc_judge(), then seal_dmarc_stop()
 *
 * The questions run while signatures are still being looked at.  All is known
 * within DMARC_PATIENCE; what is not by then is in doubt.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dmarc.h"
#include "dmarc_from.h"
#include "loop.h"

#define DMARC_PATIENCE ((int64_t)15000)

struct seal_dmarc;

/* One From domain. */
struct seal_dmarc_one {
	struct seal_dmarc *all;
	struct dmarc policy;
	struct dns_query *query; /* NULL: answered */
	bool asking;
};

struct seal_dmarc {
	struct arena arena;
	struct dmarc_from from;
	const char *malformed; /* From is, so; else NULL */
	struct seal_dmarc_one at[DMARC_FROM_MAX];
	size_t open; /* domains of which not all is known */
	struct loop_timer deadline;
	void (*done)(struct seal_dmarc *d);
};

/* The verdict about the From domain that is worst off. */
struct seal_dmarc_verdict {
	struct dmarc_verdict verdict;
	const struct dmarc *policy; /* NULL: there is no From domain */
	const char *domain;         /* that one, or "" */
};

/* Calls done once, perhaps before this returns.  header: the fields. */
void seal_dmarc_start(struct seal_dmarc *d, struct slice header,
    void (*done)(struct seal_dmarc *d));

void seal_dmarc_judge(const struct seal_dmarc *d,
    const struct dmarc_evidence *e, struct seal_dmarc_verdict *out);

/* Frees what it owns and never calls done any more; zero after. */
void seal_dmarc_stop(struct seal_dmarc *d);
