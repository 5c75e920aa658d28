/*
 * pump: a real socket pair, and an engine that speaks a small protocol of
 * lines: each line is echoed; some lines wish for something.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "pump.h"

static struct engine {
	struct port port;
	struct pump pump;
	struct buf heard; /* lines, parted by | */
	struct buf reply; /* what the peer has read */
	int file;
	int pieces; /* to give when drained */
	int ended, how, error;
	int connected;
	int64_t more_time;
	bool kill_self;
} e;
static int peer;

static void
obey(const char *line, size_t len)
{
	struct port *port = &e.port;

	buf_add(&e.heard, line, len);
	buf_addc(&e.heard, '|');
	if (len == 5 && memcmp(line, "pause", 5) == 0) {
		port->paused = true;
	} else if (len == 4 && memcmp(line, "quit", 4) == 0) {
		buf_adds(&port->out, "bye\n");
		port->closing = true;
	} else if (len == 4 && memcmp(line, "file", 4) == 0) {
		buf_adds(&port->out, "<");
		port->file = e.file;
		port->file_at = 2;
		port->file_left = (uint64_t)lseek(e.file, 0, SEEK_END) - 2;
		buf_adds(&port->out_tail, ">");
	} else if (len == 4 && memcmp(line, "long", 4) == 0) {
		e.pieces = 40;
		buf_adds(&port->out, "0");
	} else {
		buf_addf(&port->out, "[%.*s]", (int)len, line);
	}
}

static size_t
on_input(void *engine, const char *bytes, size_t n)
{
	size_t taken = 0;

	ck_assert_ptr_eq(engine, &e);
	ck_assert_uint_gt(n, 0);
	if (e.kill_self) {
		pump_abort(&e.pump);
		return n;
	}
	while (!e.port.paused && !e.port.closing) {
		const char *nl = memchr(bytes + taken, '\n', n - taken);

		if (nl == NULL)
			break;
		obey(bytes + taken, (size_t)(nl - bytes) - taken);
		taken = (size_t)(nl - bytes) + 1;
	}
	pump_kick(&e.pump); /* no re-entry */
	return taken;
}

static void
on_drained(void *engine __attribute__((unused)))
{
	if (e.pieces > 0) {
		e.pieces--;
		buf_adds(&e.port.out, "+");
	}
}

static void
on_timeout(void *engine __attribute__((unused)))
{
	if (e.more_time > 0) {
		e.port.deadline = loop_now() + e.more_time;
		e.more_time = -1;
	} else if (e.more_time == 0) {
		buf_adds(&e.port.out, "421 idle\n");
		e.port.closing = true;
	}
}

static void
on_ended(void *engine __attribute__((unused)), enum pump_end how, int error)
{
	e.ended++;
	e.how = (int)how;
	e.error = error;
}

static const struct pump_engine calls = {
	.input = on_input,
	.drained = on_drained,
	.timeout = on_timeout,
	.ended = on_ended,
};

static void
start(void)
{
	int fds[2];

	e = (struct engine){ .file = -1, .more_time = -1 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fds),
	    0);
	loop_start();
	peer = fds[1];
	pump_start(&e.pump, fds[0], &e.port, &calls, &e);
}

static void
stop(void)
{
	pump_abort(&e.pump);
	pump_abort(&e.pump);
	buf_free(&e.heard);
	buf_free(&e.reply);
	close_fd(&e.file);
	close_fd(&peer);
	loop_free();
}

static void
say(const char *text, size_t n)
{
	ck_assert_int_eq(write(peer, text, n), (ssize_t)n);
}

/* Runs the loop and reads all that comes, until nothing more happens. */
static void
hear(void)
{
	char room[100000];

	for (int quiet = 0; quiet < 3; quiet++) {
		ssize_t n;

		loop_once(0);
		while ((n = read(peer, room, sizeof(room))) > 0) {
			buf_add(&e.reply, room, (size_t)n);
			quiet = 0;
		}
	}
}

/* A file of n bytes, with two more in front. */
static void
make_file(size_t n)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_adds(&b, "##");
	for (size_t i = 0; i < n; i++)
		buf_addc(&b, (char)('a' + i % 23));
	e.file = memfd_create("message", 0);
	ck_assert_int_eq(write(e.file, b.text, b.len), (ssize_t)b.len);
}

static bool
right_letters(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != (char)('a' + i % 23))
			return false;
	return true;
}

START_TEST(input_may_be_cut_at_every_byte)
{
	static const char text[] = "one\ntwo\npause\nthree\n\nquit\n";
	size_t cut = (size_t)_i;

	say(text, cut);
	hear();
	e.port.paused = false;
	pump_kick(&e.pump);
	hear();
	say(text + cut, sizeof(text) - 1 - cut);
	hear();
	e.port.paused = false;
	pump_kick(&e.pump);
	hear();
	ck_assert_str_eq(buf_str(&e.heard), "one|two|pause|three||quit|");
	ck_assert_str_eq(buf_str(&e.reply), "[one][two][three][]bye\n");
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_CLOSED);
}
END_TEST

START_TEST(one_byte_at_a_time)
{
	static const char text[] = "one\ntwo\nquit\n";

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		say(text + i, 1);
		loop_once(0);
	}
	hear();
	ck_assert_str_eq(buf_str(&e.heard), "one|two|quit|");
	ck_assert_int_eq(e.ended, 1);
	ck_assert_uint_eq(e.pump.got, sizeof(text) - 1);
}
END_TEST

START_TEST(an_idle_connection_keeps_no_memory)
{
	CLEAN_BUF struct buf b = { 0 };

	for (int i = 0; i < 20000; i++)
		buf_adds(&b, "line\n");
	buf_adds(&b, "rest");
	say(b.text, b.len);
	hear();
	ck_assert_uint_eq(e.pump.kept.len, 4);
	ck_assert_uint_le(e.pump.kept.room, 4096);
	say("\n", 1);
	hear();
	ck_assert_uint_eq(e.pump.kept.room, 0);
	ck_assert_ptr_null(e.port.out.text);
	ck_assert_uint_eq(e.reply.len, 20001 * 6);
}
END_TEST

START_TEST(output_of_one_call_is_one_send)
{
	char room[100];

	say("a\nb\nc\n", 6);
	loop_once(0);
	ck_assert_int_eq(recv(peer, room, 9, MSG_DONTWAIT), 9);
	ck_assert_mem_eq(room, "[a][b][c]", 9);
}
END_TEST

START_TEST(partial_writes_are_carried_on)
{
	CLEAN_BUF struct buf line = { 0 };

	for (int i = 0; i < 3000; i++)
		buf_adds(&line, "0123456789");
	buf_addc(&line, '\n');
	/* The peer reads only when nothing more fits. */
	for (int i = 0; i < 12; i++) {
		say(line.text, line.len);
		loop_once(0);
		loop_once(0);
	}
	hear();
	ck_assert_uint_eq(e.reply.len, 12 * (line.len + 1));
	ck_assert_uint_eq(e.pump.sent, e.reply.len);
	ck_assert_int_eq(e.ended, 0);
}
END_TEST

static const size_t file_sizes[] = { 0, 1, 4096, 16384, 16385, 65536, 3000000 };

START_TEST(a_file_goes_out_between_out_and_tail)
{
	size_t n = file_sizes[_i];

	make_file(n);
	say("a\nfile\n", 7);
	hear();
	ck_assert_uint_eq(e.reply.len, 3 + 1 + n + 1);
	ck_assert_mem_eq(e.reply.text, "[a]<", 4);
	ck_assert_int_eq(e.reply.text[e.reply.len - 1], '>');
	ck_assert(right_letters(e.reply.text + 4, n));
	ck_assert_int_eq(e.ended, 0);
}
END_TEST

START_TEST(a_file_that_is_too_short_ends_with_an_error)
{
	make_file(file_sizes[_i]);
	e.port.file = e.file;
	e.port.file_left = file_sizes[_i] + 3;
	pump_kick(&e.pump);
	hear();
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_ERROR);
	ck_assert_int_eq(e.error, EIO);
}
END_TEST

START_TEST(drained_gives_piece_by_piece)
{
	say("long\n", 5);
	hear();
	ck_assert_uint_eq(e.reply.len, 41);
	ck_assert_int_eq(e.pieces, 0);
}
END_TEST

START_TEST(the_deadline_lets_the_engine_speak)
{
	e.more_time = 0;
	e.port.deadline = loop_now() + 10;
	pump_kick(&e.pump);
	for (int i = 0; i < 50 && e.ended == 0; i++)
		loop_once(20);
	hear();
	ck_assert_str_eq(buf_str(&e.reply), "421 idle\n");
	ck_assert_int_eq(e.how, PUMP_END_CLOSED);
}
END_TEST

START_TEST(a_deadline_that_is_not_heeded_ends)
{
	int64_t from = clock_mono();

	e.port.deadline = loop_now() + 60000;
	pump_kick(&e.pump);
	e.port.deadline = loop_now() + 10; /* earlier */
	pump_kick(&e.pump);
	e.port.deadline = from + 40; /* and put off, without a word */
	for (int i = 0; i < 50 && e.ended == 0; i++)
		loop_once(20);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TIMEOUT);
	ck_assert_int_ge(clock_mono() - from, 40);
}
END_TEST

START_TEST(an_engine_may_take_more_time)
{
	int64_t from = loop_now();

	e.more_time = 40;
	e.port.deadline = from + 5;
	pump_kick(&e.pump);
	for (int i = 0; i < 50 && e.ended == 0; i++)
		loop_once(20);
	ck_assert_int_eq(e.how, PUMP_END_TIMEOUT);
	ck_assert_int_ge(loop_now() - from, 45);
}
END_TEST

START_TEST(the_peer_gets_its_answers_after_its_end)
{
	say("a\npause\nb\n", 10);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	hear();
	ck_assert_int_eq(e.ended, 0);
	e.port.paused = false;
	pump_kick(&e.pump);
	hear();
	ck_assert_str_eq(buf_str(&e.reply), "[a][b]");
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_PEER);
}
END_TEST

START_TEST(what_the_peer_said_before_it_went_is_read)
{
	say("last\n", 5);
	close_fd(&peer);
	buf_adds(&e.port.out, "hello");
	pump_kick(&e.pump);
	for (int i = 0; i < 5; i++)
		loop_once(0);
	ck_assert_str_eq(buf_str(&e.heard), "last|");
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_ERROR);
	ck_assert_int_eq(e.error, EPIPE);
}
END_TEST

START_TEST(a_pause_holds_what_comes)
{
	say("pause\n", 6);
	loop_once(0);
	ck_assert_int_eq(e.pump.watch.want, LOOP_READ); /* costs nothing */
	say("one\n", 4);
	loop_once(0);
	ck_assert_int_eq(e.pump.watch.want, LOOP_NOTHING);
	say("two\n", 4);
	hear();
	ck_assert_str_eq(buf_str(&e.heard), "pause|");
	e.port.paused = false;
	pump_kick(&e.pump);
	hear();
	ck_assert_str_eq(buf_str(&e.reply), "[one][two]");
}
END_TEST

START_TEST(closing_lingers_where_the_peer_still_talks)
{
	say("quit\nmore\n", 10);
	hear();
	ck_assert_str_eq(buf_str(&e.reply), "bye\n");
	ck_assert_int_eq(e.ended, 0);
	say("even more\n", 10);
	hear();
	ck_assert_int_eq(e.ended, 0);
	close_fd(&peer);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_CLOSED);
	ck_assert_str_eq(buf_str(&e.heard), "quit|");
}
END_TEST

START_TEST(closing_at_once_where_the_peer_is_silent)
{
	say("quit\n", 5);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_CLOSED);
}
END_TEST

START_TEST(an_engine_that_keeps_everything_is_ended)
{
	CLEAN_BUF struct buf b = { 0 };

	for (int i = 0; i < 50000; i++)
		buf_addc(&b, 'x');
	for (int i = 0; i < 30 && e.ended == 0; i++) {
		say(b.text, b.len);
		loop_once(0);
	}
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.error, EMSGSIZE);
}
END_TEST

START_TEST(an_engine_may_abort_inside_its_call)
{
	e.kill_self = true;
	say("x\n", 2);
	hear();
	ck_assert_int_eq(e.ended, 0);
	ck_assert_int_eq(read(peer, &(char){ 0 }, 1), 0);
}
END_TEST

/* ---- connecting ---- */

static void
on_connected(void *engine __attribute__((unused)))
{
	e.connected++;
	buf_adds(&e.port.out, "EHLO\n");
}

START_TEST(a_connection_begins_with_connected)
{
	int fds[2];

	pump_abort(&e.pump);
	close_fd(&peer);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fds),
	    0);
	peer = fds[1];
	pump_start_connecting(&e.pump, fds[0], &e.port, &calls, &e,
	    on_connected);
	ck_assert_int_eq(e.connected, 0);
	hear();
	ck_assert_int_eq(e.connected, 1);
	ck_assert_str_eq(buf_str(&e.reply), "EHLO\n");
}
END_TEST

START_TEST(closing_while_connecting_ends_at_once)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	pump_abort(&e.pump);
	pump_start_connecting(&e.pump, fd, &e.port, &calls, &e, on_connected);
	e.port.closing = true;
	pump_kick(&e.pump);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.connected, 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("pump");
	TCase *t = tcase_create("pump");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_loop_test(t, input_may_be_cut_at_every_byte, 0, 26);
	tcase_add_loop_test(t, a_file_goes_out_between_out_and_tail, 0,
	    (int)ARRAY_LEN(file_sizes));
	tcase_add_loop_test(t, a_file_that_is_too_short_ends_with_an_error, 0,
	    (int)ARRAY_LEN(file_sizes));
	tcase_add_test(t, one_byte_at_a_time);
	tcase_add_test(t, an_idle_connection_keeps_no_memory);
	tcase_add_test(t, output_of_one_call_is_one_send);
	tcase_add_test(t, partial_writes_are_carried_on);
	tcase_add_test(t, drained_gives_piece_by_piece);
	tcase_add_test(t, the_deadline_lets_the_engine_speak);
	tcase_add_test(t, a_deadline_that_is_not_heeded_ends);
	tcase_add_test(t, an_engine_may_take_more_time);
	tcase_add_test(t, the_peer_gets_its_answers_after_its_end);
	tcase_add_test(t, what_the_peer_said_before_it_went_is_read);
	tcase_add_test(t, a_pause_holds_what_comes);
	tcase_add_test(t, closing_lingers_where_the_peer_still_talks);
	tcase_add_test(t, closing_at_once_where_the_peer_is_silent);
	tcase_add_test(t, an_engine_that_keeps_everything_is_ended);
	tcase_add_test(t, an_engine_may_abort_inside_its_call);
	tcase_add_test(t, a_connection_begins_with_connected);
	tcase_add_test(t, closing_while_connecting_ends_at_once);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
