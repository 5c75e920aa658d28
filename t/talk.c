/*
 * talk - plays a dialogue of t/dialogue against a server.
 *
 *	talk HOST PORT FILE
 *
 * Lines of the file:
 *
 *	# a comment
 *	C: what the client says, with CRLF behind it
 *	c: the same without CRLF; in both \r \n \0 \\ are escapes
 *	S: pattern       the next line that the server says, as fnmatch(3)
 *	END              the server has closed the connection
 *	WAIT 1500        milliseconds
 *
 * What the client says is sent when the server is expected to speak, so that
 * several C lines in a row are one packet, and a client that talks out of turn
 * can be played too.  Exit 1 with the line where the server said something
 * else.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fnmatch.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"
#include "str.h"

#define PATIENCE 20000 /* milliseconds for one line */

static const char *file;
static int line_number;
static int sock = -1;
static struct buf say, heard;

static NORETURN void
fail(const char *what, const char *text)
{
	fprintf(stderr, "%s:%d: %s: %s\n", file, line_number, what, text);
	exit(EXIT_FAILURE);
}

static int
connect_to(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *at;

	int e = getaddrinfo(host, port, &hints, &at);
	if (e != 0)
		fail(host, gai_strerror(e));
	int fd = socket(at->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) < 0)
		fail(host, strerror(errno));
	freeaddrinfo(at);
	return fd;
}

static void
add_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\\' || text[1] == '\0') {
			buf_addc(&say, *text);
			continue;
		}
		text++;
		buf_addc(&say,
		    *text == 'r'       ? '\r'
			: *text == 'n' ? '\n'
			: *text == '0' ? '\0'
				       : *text);
	}
}

/* A server that has closed the connection is heard of when it is read. */
static void
send_all(void)
{
	size_t at = 0;

	while (at < say.len) {
		ssize_t n = send(sock, say.text + at, say.len - at,
		    MSG_NOSIGNAL);
		if (n < 0)
			break;
		at += (size_t)n;
	}
	buf_reset(&say);
}

/* False at the end of the connection. */
static bool
hear_more(void)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	if (poll(&p, 1, PATIENCE) == 0)
		fail("the server says nothing", buf_str(&heard));
	ssize_t n = recv(sock, buf_room(&heard, 4096), 4096, 0);
	if (n > 0)
		buf_grown(&heard, (size_t)n);
	return n > 0;
}

static void
expect(const char *pattern)
{
	CLEAN_BUF struct buf line = { 0 };
	const char *end;

	send_all();
	while ((end = strstr(buf_str(&heard), "\r\n")) == NULL)
		if (!hear_more())
			fail("the server has closed", pattern);
	buf_add(&line, heard.text, (size_t)(end - heard.text));
	buf_drop(&heard, line.len + 2);
	if (fnmatch(pattern, buf_str(&line), 0) != 0)
		fail(pattern, buf_str(&line));
}

static void
expect_end(void)
{
	send_all();
	while (hear_more())
		;
	if (heard.len > 0)
		fail("the server says more", buf_str(&heard));
}

static void
play(const char *line)
{
	if (str_starts(line, "C: ") || str_eq(line, "C:")) {
		add_escaped(line + MIN(strlen(line), 3));
		buf_adds(&say, "\r\n");
	} else if (str_starts(line, "c: ")) {
		add_escaped(line + 3);
	} else if (str_starts(line, "S: ")) {
		expect(line + 3);
	} else if (str_starts(line, "WAIT ")) {
		send_all();
		poll(NULL, 0, (int)strtol(line + 5, NULL, 10));
	} else if (str_eq(line, "END")) {
		expect_end();
	} else if (line[0] != '#' && line[0] != '\0') {
		fail("not a line of a dialogue", line);
	}
}

int
main(int argc, char **argv)
{
	CLEAN_BUF struct buf script = { 0 };

	if (argc != 4) {
		fputs("usage: talk HOST PORT FILE\n", stderr);
		return EXIT_FAILURE;
	}
	file = argv[3];
	CLEAN_FD int fd = fd_open_regular(file);
	if (fd < 0 || fd_read_all(fd, &script, 1 << 20) < 0)
		fail("cannot be read", strerror(errno));
	sock = connect_to(argv[1], argv[2]);

	struct slice rest = { buf_str(&script), script.len }, part;
	while (slice_next_part(&rest, '\n', &part)) {
		CLEAN_BUF struct buf line = { 0 };

		line_number++;
		buf_add(&line, part.at, part.len);
		play(buf_str(&line));
	}
	buf_free(&say);
	buf_free(&heard);
	return EXIT_SUCCESS;
}
