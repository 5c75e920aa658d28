/*
 * delivery - the line that a delivery agent writes for each recipient, as
 * Postfix writes it, so that what reads Postfix's log reads ours:
 *
 *	ID: to=<a@b>, orig_to=<c>, relay=h[1.2.3.4]:25, delay=1.2,
 *	delays=0.1/0/0.4/0.7, dsn=2.0.0, status=sent (250 Ok)
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dsn.h"

struct delivery {
	const char *id;
	const char *to, *orig_to; /* orig_to "" where it is the same */
	const char *relay;        /* NULL: none */
	/* Milliseconds of the wall clock; each but the first and the last may
	 * be 0, for "did not come to it". */
	int64_t arrived;
	int64_t queued;  /* in the queue manager's hands */
	int64_t started; /* in the agent's hands */
	int64_t ready;   /* the way was open, the delivery began */
	int64_t over;
	const struct dsn *fate;
};

/* Adds the line, as log_info() takes it. */
void delivery_show(struct buf *out, const struct delivery *d);

/* Writes it to the log. */
void delivery_log(const struct delivery *d);

/* A time in seconds with two digits that count, and no more than two behind the
 * point: "0.05", "1.2", "12", "345". */
void delivery_show_time(struct buf *out, int64_t ms);
