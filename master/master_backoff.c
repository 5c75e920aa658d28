/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_backoff.h"

#include "clock.h"
#include "util.h"

#define FIRST  SECOND
#define LAST   (60 * SECOND)
#define HEALTH MINUTE /* who ran so long is well */

int64_t
backoff_next(struct backoff *b, int64_t ran)
{
	if (ran >= HEALTH)
		b->delay = 0;
	else
		b->delay = b->delay == 0 ? FIRST : MIN(b->delay * 2, LAST);
	return b->delay;
}
