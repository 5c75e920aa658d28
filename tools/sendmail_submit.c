/*
 * The client here is a short one: it talks to our own server, one command
 * group at a time.  What the server cannot do now, and everything that looks
 * like no reply of a server, is SUBMIT_LATER: the message goes to maildrop
 * instead.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sendmail_submit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd.h"
#include "num.h"
#include "param.h"

#define REPLY_TIME 330   /* seconds; above what the server allows itself */
#define REPLY_MAX  65536 /* bytes of one reply */
#define GROUP      50    /* recipients whose replies may wait */
#define CHUNK      65536

/* A dialogue; `broken` sticks. */
struct dialogue {
	int sock;
	struct buf in;    /* not yet read */
	struct buf reply; /* the text of the last, its lines parted by blanks */
	bool broken;
};

void
submit_free(struct submit *s)
{
	buf_free(&s->text);
}

int
submit_connect(void)
{
	CLEAN_FD int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval time = { .tv_sec = REPLY_TIME };
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/submit",
	    params.run_directory);

	if (n < 0 || (size_t)n >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) <
		0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) <
		0 ||
	    connect(sock, (const void *)&to, sizeof(to)) < 0)
		return -1;
	return TAKE_FD(sock);
}

/* ---- the dialogue ---- */

static void
say(struct dialogue *d, const struct buf *bytes)
{
	if (!d->broken && fd_write_all(d->sock, buf_str(bytes), bytes->len) < 0)
		d->broken = true;
}

static void
say_line(struct dialogue *d, const char *line)
{
	CLEAN_BUF struct buf bytes = { 0 };

	buf_addf(&bytes, "%s\r\n", line);
	say(d, &bytes);
}

/* One more line of the server's in d->in; gives its length with LF, 0 where
 * none comes. */
static size_t
hear_line(struct dialogue *d)
{
	for (;;) {
		const char *lf = memchr(buf_str(&d->in), '\n', d->in.len);

		if (lf != NULL)
			return (size_t)(lf - d->in.text) + 1;
		if (d->in.len > REPLY_MAX)
			return 0;
		ssize_t n = read(d->sock, buf_room(&d->in, CHUNK), CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		buf_grown(&d->in, (size_t)n);
	}
}

/* The code of the next reply; 0 where there is none, from then on. */
static int
hear(struct dialogue *d)
{
	int64_t code = 0;
	bool more = true;

	buf_reset(&d->reply);
	while (more && !d->broken) {
		size_t n = hear_line(d);
		const char *line = buf_str(&d->in);

		if (n < 5 || !num_parse_len(line, 3, 200, 599, &code) ||
		    (line[3] != ' ' && line[3] != '-' && line[3] != '\r') ||
		    d->reply.len > REPLY_MAX) {
			d->broken = true;
			return 0;
		}
		more = line[3] == '-';
		if (d->reply.len > 0)
			buf_addc(&d->reply, ' ');
		str_printable(&d->reply, line + MIN(n, (size_t)4),
		    n - MIN(n, (size_t)4) - (line[n - 2] == '\r' ? 2 : 1),
		    REPLY_MAX);
		buf_drop(&d->in, n);
	}
	return d->broken ? 0 : (int)code;
}

static bool
is_good(int code)
{
	return code >= 200 && code < 400;
}

/* Ends a submission that the server did not let pass. */
static void
stop(struct submit *s, const struct dialogue *d, int code)
{
	s->result = code >= 500 ? SUBMIT_REFUSED : SUBMIT_LATER;
	buf_reset(&s->text);
	if (code > 0)
		buf_addf(&s->text, "%d %s", code, buf_str(&d->reply));
	else
		buf_adds(&s->text, "the connection was lost");
}

/* ---- stages ---- */

static bool
open_dialogue(struct submit *s, struct dialogue *d,
    const struct sendmail_mail *m, size_t size)
{
	CLEAN_BUF struct buf line = { 0 };
	int code = hear(d);

	if (is_good(code)) {
		buf_addf(&line, "EHLO %s", params.myhostname);
		say_line(d, buf_str(&line));
		code = hear(d);
	}
	if (!is_good(code)) {
		stop(s, d, code);
		s->result = SUBMIT_LATER; /* it is no fault of the mail */
		return false;
	}

	buf_reset(&line);
	buf_adds(&line, "MAIL FROM:<");
	addr_put_internal(&line, m->sender);
	buf_addf(&line, "> SIZE=%zu%s", size,
	    m->lines.high ? " BODY=8BITMIME" : "");
	say_line(d, buf_str(&line));
	code = hear(d);
	if (!is_good(code))
		stop(s, d, code);
	return is_good(code);
}

static void
say_rcpts(struct dialogue *d, const struct sendmail_mail *m, size_t from,
    size_t to)
{
	CLEAN_BUF struct buf lines = { 0 };

	for (size_t i = from; i < to; i++) {
		buf_adds(&lines, "RCPT TO:<");
		addr_put_internal(&lines, m->rcpts[i]);
		buf_adds(&lines, ">\r\n");
	}
	say(d, &lines);
}

/* Names all recipients; false where one can be told only later. */
static bool
name_rcpts(struct submit *s, struct dialogue *d, const struct sendmail_mail *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++) {
		if (i % GROUP == 0)
			say_rcpts(d, m, i, MIN(i + GROUP, m->n_rcpts));
		int code = hear(d);
		if (is_good(code))
			continue;
		if (code < 500) {
			stop(s, d, code);
			return false;
		}
		s->refused++;
		buf_addf(&s->text, "%s%s: %d %s", s->text.len > 0 ? "\n" : "",
		    m->rcpts[i], code, buf_str(&d->reply));
	}
	return true;
}

static void
send_content(struct submit *s, struct dialogue *d, const struct buf *content)
{
	CLEAN_BUF struct buf out = { 0 };

	say_line(d, "DATA");
	int code = hear(d);
	if (code != 354) {
		stop(s, d, code);
		return;
	}
	lines_stuff(&out, (struct slice){ buf_str(content), content->len });
	buf_adds(&out, ".\r\n");
	say(d, &out);
	code = hear(d);
	if (!is_good(code)) {
		stop(s, d, code);
		return;
	}
	s->result = SUBMIT_TAKEN;
}

static void
close_dialogue(struct dialogue *d)
{
	if (!d->broken) {
		say_line(d, "QUIT");
		(void)hear(d); /* nothing depends on it */
	}
	buf_free(&d->in);
	buf_free(&d->reply);
	close_fd(&d->sock);
}

void
submit_mail(struct submit *s, int sock, const struct sendmail_mail *m,
    const struct buf *content)
{
	struct dialogue d = { .sock = sock };

	*s = (struct submit){ 0 };
	if (open_dialogue(s, &d, m, content->len) && name_rcpts(s, &d, m)) {
		if (s->refused == m->n_rcpts)
			s->result = SUBMIT_REFUSED;
		else
			send_content(s, &d, content);
	}
	close_dialogue(&d);
}

/* ---- -bs ---- */

/* A terminal, and many a program, ends lines with LF alone, of which a server
 * wants to hear nothing. */
static void
add_lines(struct buf *out, const char *chunk, size_t n, char *last)
{
	for (size_t i = 0; i < n; i++) {
		if (chunk[i] == '\n' && *last != '\r')
			buf_addc(out, '\r');
		buf_addc(out, chunk[i]);
		*last = chunk[i];
	}
}

/* One read and its write; 0 at the end, -1 on failure.  With `last`, the last
 * byte before, lines get whole ends. */
static ssize_t
carry(int from, int to, char *last)
{
	CLEAN_BUF struct buf out = { 0 };
	char chunk[CHUNK];
	ssize_t n = read(from, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return 1;
	if (n <= 0)
		return n;
	if (last != NULL)
		add_lines(&out, chunk, (size_t)n, last);
	else
		buf_add(&out, chunk, (size_t)n);
	return fd_write_all(to, buf_str(&out), out.len) < 0 ? -1 : n;
}

int
submit_relay(int sock)
{
	CLEAN_FD int to = sock;
	char last = '\0';
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = to, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (fds[1].revents != 0) {
			ssize_t n = carry(to, STDOUT_FILENO, NULL);

			if (n <= 0)
				return (int)n;
		}
		if (fds[0].revents != 0 &&
		    carry(STDIN_FILENO, to, &last) <= 0) {
			fds[0].fd = -1;
			(void)shutdown(to, SHUT_WR); /* it may be gone */
		}
	}
}
