/*
 * sts_find - the policy of a domain: from the cache, the DNS, and the domain's
 * HTTPS server.
 *
 * A policy that was had holds for its max_age, whatever the DNS or the server
 * say meanwhile, unless they say another one.  A domain's record is looked at
 * with every question (the DNS answers that from memory for as long as it may),
 * but for some seconds after the last time; another id there, or age, makes the
 * policy be fetched again.  What could not be fetched is not tried again for
 * FIND_RETRY.  Who asks has an answer within a time that is longer where no
 * policy is known: until then the domain is taken to have none (RFC 8461 5.1).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "loop.h"
#include "msg.h"
#include "sts_entry.h"

#define FIND_LOOK         (10 * (int64_t)1000) /* milliseconds */
#define FIND_RETRY        (300 * (int64_t)1000)
#define FIND_FETCH_TIME   (60 * (int64_t)1000) /* RFC 8461 3.3 */
#define FIND_PATIENCE     (65 * (int64_t)1000) /* nothing is known */
#define FIND_PATIENCE_OLD (5 * (int64_t)1000)  /* an old policy is */

struct sts_domain;

/* What is known of a domain; strings until the callback returns. */
struct sts_known {
	bool known;               /* false: too much is going on; ask later */
	struct sts_policy policy; /* STS_NONE: none, or nothing of it */
	const char *id;           /* "": no policy */
	enum sts_fault fault;     /* a policy is announced and cannot be had */
	const char *why;          /* of a fault */
};

/* Part of what asks; zero is one that does not. */
struct sts_asker {
	struct list link;    /* in the domain's */
	struct list in_time; /* among all of the same patience */
	struct sts_domain *domain;
	int64_t deadline;
	void (*told)(struct sts_asker *a, const struct sts_known *known);
};

/* told is called once, maybe before this returns. */
void sts_find(struct sts_asker *a, const char *domain,
    void (*told)(struct sts_asker *a, const struct sts_known *known));

/* told is not called any more. */
void sts_find_stop(struct sts_asker *a);

/* From now on policies that are in use are fetched again before they end. */
void sts_find_refresh(void);

/* Askers, and fetches under way. */
size_t sts_find_open(void);
