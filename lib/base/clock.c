/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "clock.h"

#include <stdlib.h>
#include <time.h>

#include "num.h"

static int64_t shift_us; /* what tests add to the wall clock */

#ifdef PH_DEVELOPER
/* A century either way keeps all times within their range. */
#define SHIFT_MAX (36500 * DAY / SECOND)

static void
read_shift(void)
{
	const char *text = getenv("POSTHOUSE_TEST_CLOCK_SHIFT");
	int64_t seconds;

	if (text != NULL && num_parse(text, -SHIFT_MAX, SHIFT_MAX, &seconds))
		shift_us = seconds * 1000000;
}
#endif

void
clock_start(void)
{
	time_t now = time(NULL);
	struct tm tm;

	/* Without TZ every use would look at /etc/localtime again. */
	if (getenv("TZ") == NULL)
		(void)setenv("TZ", ":/etc/localtime", 1); /* else: UTC */
	tzset();
	(void)localtime_r(&now, &tm); /* reads the zone's file now */
#ifdef PH_DEVELOPER
	read_shift();
#endif
}

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these clocks */
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono(void)
{
	int64_t ms = read_us(CLOCK_MONOTONIC) / 1000;

	return ms > 0 ? ms : 1;
}

int64_t
clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME) + shift_us;
}

int64_t
clock_wall(void)
{
	return clock_wall_us() / 1000;
}
