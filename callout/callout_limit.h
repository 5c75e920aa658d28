/*
 * callout_limit - how much may be asked of one destination.
 *
 * A stranger who guesses names here must not so guess them there: questions
 * to a destination are bounded in a minute (backup_verify_rate_limit, with a
 * burst of a quarter of it) and at a time.  A destination that does not answer
 * is left alone for a while.  Pure: the clock is passed in.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

#define LIMIT_AT_A_TIME 10
#define LIMIT_REST      ((int64_t)15000) /* after no answer */

struct callout_limit {
	int64_t filled;     /* when the tokens were counted */
	int64_t tokens;     /* in thousandths of a question */
	int64_t rest_until; /* it did not answer */
	size_t in_flight;
};

enum callout_leave {
	LEAVE_ASK,
	LEAVE_WAIT,     /* until one of those at a time is over; ask again */
	LEAVE_TOO_MUCH, /* the limit in a minute */
	LEAVE_RESTING,  /* it did not answer a moment ago */
};

/* With LEAVE_ASK the question counts. */
enum callout_leave callout_limit_ask(struct callout_limit *l,
    int64_t per_minute, int64_t now);

/* A question that counted is over; answered: some host came to RCPT. */
void callout_limit_over(struct callout_limit *l, bool answered, int64_t now);

/* One takes too long. */
void callout_limit_slow(struct callout_limit *l, int64_t now);

/* Nothing would be lost if it were forgotten. */
bool callout_limit_idle(const struct callout_limit *l, int64_t per_minute,
    int64_t now);
