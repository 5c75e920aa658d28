/*
 * The file has a line for each span: its begin and its end, milliseconds since
 * 1970.  One that has not ended is written anew every minute.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_stood.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "num.h"

#define SPANS_MAX 256 /* the oldest is forgotten then */
#define LINE_ROOM 48

#define STOOD_FILE "cur/stood"
#define STOOD_NEXT "cur/stood.next"

static struct {
	struct span {
		int64_t from, to;
	} spans[SPANS_MAX];
	size_t n;
	int64_t open; /* sched.frozen of the last one, while it lasts */
	int64_t save; /* when it is written next */
} stood;

static void
add_span(int64_t from, int64_t to)
{
	if (stood.n == SPANS_MAX) {
		memmove(stood.spans, stood.spans + 1,
		    sizeof(stood.spans) - sizeof(stood.spans[0]));
		stood.n--;
	}
	stood.spans[stood.n++] = (struct span){ from, to };
}

static bool
read_line(const char *line, size_t len)
{
	const char *gap = memchr(line, ' ', len);
	int64_t from, to;

	if (gap == NULL ||
	    !num_parse_len(line, (size_t)(gap - line), 0, INT64_MAX, &from) ||
	    !num_parse_len(gap + 1, len - (size_t)(gap + 1 - line), from,
		INT64_MAX, &to))
		return false;
	add_span(from, to);
	return true;
}

static bool
read_lines(const struct buf *text)
{
	const char *at = buf_str(text), *end = at + text->len;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		if (eol == NULL || !read_line(at, (size_t)(eol - at)))
			return false;
		at = eol + 1;
	}
	return true;
}

void
stood_open(void)
{
	CLEAN_BUF struct buf text = { 0 };

	memset(&stood, 0, sizeof(stood));
	CLEAN_FD int fd = openat(qmgr.dir, STOOD_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd >= 0 && fd_read_all(fd, &text, SPANS_MAX * LINE_ROOM) >= 0 &&
	    read_lines(&text))
		return;
	log_warn("queue folder %s: cannot be read, or is damaged: mail has its "
		 "time as if the resolver had never been away",
	    STOOD_FILE);
	stood.n = 0;
}

static bool
write_file(const struct buf *text)
{
	CLEAN_FD int fd = openat(qmgr.dir, STOOD_NEXT,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 && fd_write_all(fd, buf_str(text), text->len) >= 0 &&
	    fsync(fd) == 0 &&
	    renameat(qmgr.dir, STOOD_NEXT, qmgr.dir, STOOD_FILE) == 0;
}

static void
save(void)
{
	CLEAN_BUF struct buf text = { 0 };

	for (size_t i = 0; i < stood.n; i++)
		buf_addf(&text, "%lld %lld\n", (long long)stood.spans[i].from,
		    (long long)stood.spans[i].to);
	if (!write_file(&text))
		log_warn("queue folder %s: cannot be written: %s: after a "
			 "restart mail may expire too early",
		    STOOD_FILE, strerror(errno));
	stood.save = loop_now() + MINUTE;
}

void
stood_note(void)
{
	int64_t frozen = qmgr.sched->frozen;
	int64_t lasts = loop_now() - frozen;

	if (frozen == 0 && stood.open != 0) {
		stood.open = 0;
		save();
	}
	if (frozen == 0 || lasts < MINUTE)
		return;
	if (stood.open != frozen) {
		add_span(loop_wall() - lasts, loop_wall());
		stood.open = frozen;
		save();
		return;
	}
	struct span *last = &stood.spans[stood.n - 1];
	last->to = MAX(last->to, loop_wall());
	if (loop_now() >= stood.save)
		save();
}

int64_t
stood_since(int64_t arrived)
{
	int64_t sum = 0;

	for (size_t i = 0; i < stood.n; i++) {
		int64_t from = MAX(stood.spans[i].from, arrived);
		int64_t to = MIN(stood.spans[i].to, loop_wall());

		sum += MAX(to - from, 0);
	}
	return sum;
}
