/*
 * log - what the postmaster reads.
 *
 * A line is text, as Postfix writes it: "ID: key=value, key=value (text)".
 * Keys are parted with LOG_SEP instead of ", ", so that scribe can write JSON
 * as well as text; it becomes ", " in text.  Values that came from outside
 * pass str_printable() before they get here.
 *
 * Lines are collected and go to scribe as one packet (log_flush()): those of
 * some milliseconds, but a warning, or much, at the end of the round.  While
 * the way to scribe is full they wait in memory, up to LOG_WAIT_MAX bytes, and
 * what is lost beyond is counted and said.  Before log_open() lines go to
 * standard error: commands log there.
 *
 * info: an event that the postmaster wants.  warn: wrong, but we go on, and the
 * message says how.  fatal: the environment is at fault; exit 1, master retries
 * slowly.  panic: we are at fault; abort, core.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

#define LOG_SEP      "\x1f"
#define LOG_WAIT_MAX ((size_t)4 << 20)
#define LOG_LINE_MAX 8192 /* longer lines are cut and say so */

enum log_level {
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_FATAL,
	LOG_LEVEL_PANIC,
	LOG_LEVEL_DEBUG,
};

/* The name that stands in lines on standard error, and the packet socket to
 * scribe. */
void log_name(const char *program);
void log_open(int scribe_fd);

/* Whether something waits, and what is not to be collected any longer: a
 * warning, which may be the last word, or as much as fills a packet. */
bool log_waits(void);
bool log_is_urgent(void);

/* Sends what waits.  Returns false while something could not be sent: call
 * again when log_fd() can be written. */
bool log_flush(void);
int log_fd(void);

void log_info(const char *fmt, ...) PRINTFLIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTFLIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTFLIKE(1, 2);
NORETURN void log_fatal(const char *fmt, ...) PRINTFLIKE(1, 2);
NORETURN void log_panic(const char *fmt, ...) PRINTFLIKE(1, 2);

/* The same at the end of a process: waits a little for scribe to make room. */
void log_flush_last(void);

/* Lines go to standard error too, while a program starts. */
void log_echo(bool on);

/* log_debug() says nothing unless this is set. */
void log_verbose(bool on);

/* Tests take lines here instead; NULL ends it. */
typedef void log_sink_fn(enum log_level level, const char *line);
void log_sink(log_sink_fn *sink);

/* One record of a packet to scribe, and its reader (used by scribe). */
struct log_record {
	int64_t time; /* microseconds since 1970 */
	uint32_t level;
	uint32_t pid;
	const char *text; /* in the packet, ends in NUL */
};

/* The next record of a packet; false at the end, or where it is malformed
 * (then *at is NULL). */
bool log_next_record(const char **at, size_t *left, struct log_record *out);
