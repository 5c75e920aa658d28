/*
 * Where lines go: the log file, syslog, or both.
 *
 * Lines are gathered and go out at the end of a round: to the file with one
 * write, to syslog with one call for many.  What cannot go out waits, up to
 * OUT_MAX bytes; what is lost beyond that is counted, and said as soon as there
 * is room again.  Trouble with the file is told to syslog.
 *
 * master connects to syslog, at our start and whenever we say that the
 * connection is lost: lines wait until it stands.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "scribe_line.h"

#define OUT_MAX ((size_t)16 << 20)

/* While we start: reads the parameters and names /dev/log to master. */
void out_start(void);

/* What master says of that path: connected, or fd is -1. */
void out_syslog(const char *path, int fd);

/* Lines go to this file from now on. */
void out_file(int fd);

void out_record(const struct line_source *from, const struct log_record *r);

/* Sends what it can; false while something waits. */
bool out_flush(void);
