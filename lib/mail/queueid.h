/*
 * queueid - names of messages.
 *
 * Letters and digits without vowels: six for the seconds, four for the
 * microseconds, three for the slot of the process, so that ids sort by time and
 * two processes never make the same one.  Within a process the time only goes
 * forward, whatever the clock does.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

#define QUEUEID_LEN 13

struct queueid {
	char text[QUEUEID_LEN + 1];
};

/* A new id; `slot` is program_slot(). */
struct queueid queueid_new(uint32_t slot);

/* True for 13 characters of the alphabet and nothing else: the only thing that
 * may become a file's name. */
bool queueid_valid(const char *text);

/* When it was made, in milliseconds since 1970; 0 of what is no id. */
int64_t queueid_time(const char *text);
