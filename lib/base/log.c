/*
 * Lines become records behind one another in one buf; a flush cuts it into
 * packets of whole records.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "wire.h"

#define PACKET_MAX ((size_t)65536)
#define GATHER_MAX ((size_t)16384) /* more is not collected */
#define LAST_WAIT  2000 /* ms that a dying process waits for scribe */

/* What stands before the text on standard error; an error of a command is said
 * plainly. */
static const char *const words[] = {
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_FATAL] = "",
	[LOG_LEVEL_PANIC] = "panic: ",
	[LOG_LEVEL_DEBUG] = "debug: ",
};

static struct {
	const char *name;
	log_sink_fn *sink;
	struct buf waiting; /* records */
	uint64_t lost;      /* lines that had no room, not yet said */
	int fd;             /* to scribe; 0 before log_open() */
	uint32_t pid; /* ours at log_open(): asked once, not for each line */
	bool urgent;  /* among what waits is more than info */
	bool verbose;
	bool echo;
} the_log;

void
log_name(const char *program)
{
	the_log.name = program;
}

void
log_open(int scribe_fd)
{
	the_log.fd = scribe_fd;
	the_log.pid = (uint32_t)getpid();
}

int
log_fd(void)
{
	return the_log.fd > 0 ? the_log.fd : -1;
}

void
log_verbose(bool on)
{
	the_log.verbose = on;
}

void
log_echo(bool on)
{
	the_log.echo = on;
}

void
log_sink(log_sink_fn *sink)
{
	the_log.sink = sink;
}

/* One line, whatever came in: cut at the limit, and nothing in it that would
 * begin another one. */
static void PRINTFLIKE(2, 0)
    make_line(struct buf *out, const char *fmt, va_list ap)
{
	static const char cut[] = "... (line cut)";

	buf_vaddf(out, fmt, ap);
	if (out->len > LOG_LINE_MAX) {
		buf_cut(out, LOG_LINE_MAX - (sizeof(cut) - 1));
		buf_adds(out, cut);
	}
	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)out->text[i];

		if ((c < ' ' && c != LOG_SEP[0]) || c == 0x7f)
			out->text[i] = '?';
	}
}

/* LOG_SEP as a person reads it. */
static void
add_plain(struct buf *out, const char *line)
{
	for (; *line != '\0'; line++)
		if (*line == LOG_SEP[0])
			buf_adds(out, ", ");
		else
			buf_addc(out, *line);
}

static void
add_record(struct buf *out, enum log_level level, const char *line)
{
	wire_put_time(out, clock_wall_us());
	wire_put_u32(out, level);
	wire_put_u32(out, the_log.pid);
	wire_put_str(out, line);
}

/* Says how many lines are missing, as soon as there is room to say it. */
static void
add_lost(void)
{
	CLEAN_BUF struct buf line = { 0 };

	if (the_log.lost == 0 ||
	    the_log.waiting.len + LOG_LINE_MAX > LOG_WAIT_MAX)
		return;
	buf_addf(&line,
	    "%" PRIu64 " log lines are missing here: scribe did not"
	    " take them in time",
	    the_log.lost);
	the_log.lost = 0;
	add_record(&the_log.waiting, LOG_LEVEL_WARN, buf_str(&line));
}

static void
add_line(enum log_level level, const char *line)
{
	if (the_log.waiting.len + 2 * LOG_LINE_MAX > LOG_WAIT_MAX)
		(void)log_flush(); /* what cannot go is counted below */
	add_lost();
	if (the_log.lost > 0 ||
	    the_log.waiting.len + LOG_LINE_MAX > LOG_WAIT_MAX)
		the_log.lost++;
	else
		add_record(&the_log.waiting, level, line);
	the_log.urgent |= level != LOG_LEVEL_INFO;
}

static void PRINTFLIKE(2, 0)
    say(enum log_level level, const char *fmt, va_list ap)
{
	CLEAN_BUF struct buf line = { 0 };
	CLEAN_BUF struct buf plain = { 0 };

	make_line(&line, fmt, ap);
	if (the_log.sink == NULL && the_log.fd > 0) {
		add_line(level, buf_str(&line));
		if (!the_log.echo)
			return;
	}
	add_plain(&plain, buf_str(&line));
	if (the_log.sink != NULL)
		the_log.sink(level, buf_str(&plain));
	else
		fprintf(stderr, "%s: %s%s\n",
		    the_log.name != NULL ? the_log.name : "posthouse",
		    words[level], buf_str(&plain));
}

bool
log_next_record(const char **at, size_t *left, struct log_record *out)
{
	if (*left == 0)
		return false;

	struct wire w = wire_open(*at, *left);
	out->time = wire_get_time(&w);
	out->level = wire_get_u32(&w);
	out->pid = wire_get_u32(&w);
	out->text = wire_get_str(&w);
	if (w.bad || out->level > LOG_LEVEL_DEBUG) {
		*at = NULL;
		*left = 0;
		return false;
	}
	*at = (const char *)w.at;
	*left = w.left;
	return true;
}

/* The bytes of as many whole records as one packet takes. */
static size_t
packet_len(const char *from, size_t len)
{
	const char *at = from;
	size_t left = len;
	size_t n = 0;
	struct log_record r;

	while (log_next_record(&at, &left, &r)) {
		if (n > 0 && (size_t)(at - from) > PACKET_MAX)
			break;
		n = (size_t)(at - from);
	}
	return n;
}

bool
log_waits(void)
{
	return the_log.fd > 0 && (the_log.waiting.len > 0 || the_log.lost > 0);
}

bool
log_is_urgent(void)
{
	return the_log.urgent || the_log.waiting.len >= GATHER_MAX;
}

static bool
must_wait(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM ||
	    error == EINTR;
}

/* Nobody will ever take them: counted, so that a next log_open() can say it. */
static void
lose_all(void)
{
	const char *at = buf_str(&the_log.waiting);
	size_t left = the_log.waiting.len;
	struct log_record r;

	while (log_next_record(&at, &left, &r))
		the_log.lost++;
	buf_free(&the_log.waiting);
}

bool
log_flush(void)
{
	size_t sent = 0;
	bool full = false;

	if (the_log.fd <= 0)
		return true;
	add_lost();
	while (!full && sent < the_log.waiting.len) {
		const char *at = the_log.waiting.text + sent;
		size_t n = packet_len(at, the_log.waiting.len - sent);

		if (send(the_log.fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			sent += n;
			continue;
		}
		full = must_wait(errno);
		if (!full) {
			lose_all();
			return true;
		}
	}
	buf_drop(&the_log.waiting, sent);
	the_log.urgent = the_log.urgent && full;
	return !full;
}

/* The last lines of a process that is about to end: worth a wait. */
void
log_flush_last(void)
{
	struct pollfd p = { .fd = the_log.fd, .events = POLLOUT };
	int64_t until = clock_mono() + LAST_WAIT;

	while (!log_flush()) {
		int64_t left = until - clock_mono();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return;
	}
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_WARN, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!the_log.verbose)
		return;
	va_start(ap, fmt);
	say(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_FATAL, fmt, ap);
	va_end(ap);
	log_flush_last();
	exit(1);
}

void
log_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_PANIC, fmt, ap);
	va_end(ap);
	log_flush_last();
	abort();
}
