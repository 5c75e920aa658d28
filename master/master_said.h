/*
 * master_said - lines of a program's standard error.
 *
 * A line that grows too long is cut.  One call hears as much as a pipe holds
 * and no more: who never stops talking must not keep us from the others.
 *
 * All zero is one that nobody talks to.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "loop.h"

#define SAID_LINE_MAX  1024
#define SAID_HEARS_MAX 65536

struct said {
	struct loop_watch watch;
	struct buf begun;                                  /* a line */
	void (*line)(struct said *said, const char *text); /* printable */
};

/* Takes the end of a pipe over, which does not block. */
void said_start(struct said *said, int fd,
    void (*line)(struct said *said, const char *text));

/* What stands in the pipe, when it is not the loop that says so. */
void said_hear(struct said *said);

void said_stop(struct said *said);
