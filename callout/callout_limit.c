/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "callout_limit.h"

#include "clock.h"

#define ONE    1000 /* question */
#define MINUTE (60 * SECOND)

static int64_t
burst(int64_t per_minute)
{
	return MAX(per_minute / 4, 5) * ONE;
}

/* Tokens come with time, up to the burst; all zero is a full one. */
static void
fill(struct callout_limit *l, int64_t per_minute, int64_t now)
{
	int64_t most = burst(per_minute);
	int64_t passed = l->filled == 0 ? MINUTE : MIN(now - l->filled, MINUTE);
	int64_t more = passed * per_minute * ONE / MINUTE;

	if (l->filled == 0) {
		l->tokens = most;
		l->filled = now;
	} else if (more > 0) {
		l->tokens = MIN(l->tokens + more, most);
		l->filled = now;
	}
}

enum callout_leave
callout_limit_ask(struct callout_limit *l, int64_t per_minute, int64_t now)
{
	if (now < l->rest_until)
		return LEAVE_RESTING;
	if (l->in_flight >= LIMIT_AT_A_TIME)
		return LEAVE_WAIT;
	if (per_minute > 0) {
		fill(l, per_minute, now);
		if (l->tokens < ONE)
			return LEAVE_TOO_MUCH;
		l->tokens -= ONE;
	}
	l->in_flight++;
	return LEAVE_ASK;
}

void
callout_limit_over(struct callout_limit *l, bool answered, int64_t now)
{
	l->in_flight--;
	l->rest_until = answered ? 0 : now + LIMIT_REST;
}

void
callout_limit_slow(struct callout_limit *l, int64_t now)
{
	l->rest_until = now + LIMIT_REST;
}

bool
callout_limit_idle(const struct callout_limit *l, int64_t per_minute,
    int64_t now)
{
	struct callout_limit copy = *l;

	if (per_minute > 0)
		fill(&copy, per_minute, now);
	return l->in_flight == 0 && now >= l->rest_until &&
	    (per_minute == 0 || copy.tokens >= burst(per_minute));
}
