/*
 * Where lines go: the log file, or syslog.
 *
 * Lines are gathered and go out at the end of a round: to the file with one
 * write, to syslog with one call for many.  What cannot go out waits, up to
 * OUT_MAX bytes; what is lost beyond that is counted, and said as soon as there
 * is room again.  Trouble with the file is told to syslog.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "scribe_line.h"

#define OUT_MAX ((size_t)16 << 20)

/* Connects to /dev/log: before the chroot. */
void out_start(void);

/* Lines go to this file from now on. */
void out_file(int fd);

void out_record(const struct line_source *from, const struct log_record *r);

/* Sends what it can; false while something waits. */
bool out_flush(void);
