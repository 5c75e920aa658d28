/*
 * clock - time, read once a round.
 *
 * Deadlines use the monotonic clock and survive a clock that jumps; times that
 * are written to disk or shown use the wall clock.  Both in milliseconds.
 *
 * Tests shift the wall clock with POSTHOUSE_TEST_CLOCK_SHIFT (seconds), read
 * once at clock_start(); it is heeded in developer builds alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Loads the time zone, so that it works after a chroot. */
void clock_start(void);

/* Milliseconds of the monotonic clock, never 0. */
int64_t clock_mono(void);

/* Milliseconds since 1970, and microseconds. */
int64_t clock_wall(void);
int64_t clock_wall_us(void);
