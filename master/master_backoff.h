/*
 * How long to wait before a program that died is started again: not at all, and
 * if it died within a minute of its start 1, 2, 4 ... up to 60 seconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <stdint.h>

struct backoff {
	int64_t delay; /* milliseconds, of the last time */
};

/* The delay after a process that ran for so many milliseconds. */
int64_t backoff_next(struct backoff *b, int64_t ran);
