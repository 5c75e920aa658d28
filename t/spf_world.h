/*
 * spf_world - a DNS of a few lines for tests of SPF, and cases on it.
 *
 * Lines of fields parted by tabs:
 *
 *	zone  TITLE                                   forgets what was before
 *	rr    NAME  TYPE  DATA          A AAAA MX PTR TXT CNAME; TIMEOUT: all
 *	                                types that have no record fail
 *	case  ID  CLIENT  HELO  SENDER  RESULT[,RESULT]  EXPLANATION
 *
 * EXPLANATION "-" is none, "*" any.  \xNN is a byte.  "#" begins a comment.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "spf.h"

struct spf_rr {
	const char *name, *type;
	struct slice data; /* and a NUL behind it */
};

struct spf_case {
	const char *id, *client, *helo, *sender, *results, *explanation;
	size_t first_rr, end_rr; /* its zone */
};

struct spf_world {
	struct arena arena;
	struct spf_rr *rrs;
	struct spf_case *cases;
	size_t n_rrs, n_cases;
};

/* Reads all lines; ends the test where one is wrong. */
void spf_world_read(struct spf_world *w, const char *text);
void spf_world_free(struct spf_world *w);

/* What the zone of a case says. */
void spf_world_answer(const struct spf_world *w, const struct spf_case *c,
    const struct spf_need *need, struct arena *a, struct dns_answer *out);

/* Evaluates a case to its end; e is the caller's to free.  Gives the number of
 * questions. */
size_t spf_world_run(const struct spf_world *w, const struct spf_case *c,
    struct spf *e);

/* NULL where the verdict is what the case wants, else a text in the arena. */
const char *spf_world_judge(const struct spf_case *c,
    const struct spf_verdict *v, struct arena *a);
