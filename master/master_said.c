/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_said.h"

#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"

static void
say_line(struct said *said, const char *line, size_t len)
{
	CLEAN_BUF struct buf text = { 0 };

	str_printable(&text, line, len, SAID_LINE_MAX);
	if (text.len > 0)
		said->line(said, buf_str(&text));
}

static void
say_lines(struct said *said)
{
	for (;;) {
		const char *text = buf_str(&said->begun);
		const char *end = memchr(text, '\n', said->begun.len);

		if (end == NULL && said->begun.len < SAID_LINE_MAX)
			return;
		size_t len = end != NULL ? (size_t)(end - text)
					 : said->begun.len;
		say_line(said, text, len);
		buf_drop(&said->begun, len + (end != NULL));
	}
}

void
said_hear(struct said *said)
{
	char room[SAID_LINE_MAX];
	ssize_t n = -1;

	for (int i = 0; i < SAID_HEARS_MAX / SAID_LINE_MAX; i++) {
		n = read(said->watch.fd, room, sizeof(room));
		if (n <= 0)
			break;
		buf_add(&said->begun, room, (size_t)n);
		say_lines(said);
	}
	if (n == 0)
		loop_unwatch(&said->watch);
}

static void
on_said(struct loop_watch *w, int what __attribute__((unused)))
{
	said_hear(container_of(w, struct said, watch));
}

void
said_start(struct said *said, int fd,
    void (*line)(struct said *said, const char *text))
{
	said->line = line;
	loop_watch(&said->watch, fd, LOOP_READ, on_said);
}

void
said_stop(struct said *said)
{
	if (said->watch.fd > 0) {
		loop_unwatch(&said->watch);
		close_fd(&said->watch.fd);
	}
	buf_free(&said->begun);
	*said = (struct said){ 0 };
}
