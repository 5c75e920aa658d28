/*
 * sts_look - the MTA-STS policy that a domain publishes at this moment, for
 * commands that show it: no cache, one look at the record and one request.
 *
 * Needs dns_start(), https_open() and the loop.  Zero is one that was not
 * started.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "https.h"
#include "sts_policy.h"

typedef void sts_look_fn(void *owner);

struct sts_look {
	enum found found; /* a policy; NONE: none is announced; FAILED: one
			       is, or may be, and why says what is wrong */
	const char *why;
	char id[STS_ID_MAX + 1];
	struct sts_policy policy;

	struct arena arena;
	const char *domain;
	struct dns_query *query;
	struct https fetch;
	int64_t time;
	sts_look_fn *done;
	void *owner;
};

/* Takes so many milliseconds for the request at most.  done is called once,
 * maybe before this returns. */
void sts_look_start(struct sts_look *l, const char *domain, int64_t time,
    sts_look_fn *done, void *owner);
void sts_look_free(struct sts_look *l);

/* What an answer to the request says, and why it is no policy: the one place
 * that judges it. */
MUST_CHECK bool sts_look_judge(struct arena *a, const struct https *fetch,
    struct sts_policy *out, const char **why);
