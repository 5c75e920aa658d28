/*
 * chan: packets and descriptors over real packet sockets, and their end.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chan.h"
#include "log.h"
#include "wire.h"

enum {
	NUMBER = 1,
	FILE_OF,
	FORBIDDEN,
	STOP
};

static struct peer {
	struct chan chan;
	uint32_t got, sum;
	int fd;
	int ended;
} * a, *b;

static char logged[4096];

static void
sink(enum log_level level, const char *line)
{
	ck_assert_int_eq(level, LOG_LEVEL_WARN);
	(void)snprintf(logged, sizeof(logged), "%s", line);
}

static struct peer *
peer_of(struct chan *c)
{
	return c->owner;
}

static bool
on_number(struct chan *c, const void *body, size_t len, int fd)
{
	struct wire w = wire_open(body, len);
	uint32_t n = wire_get_u32(&w);

	if (!wire_done(&w) || fd >= 0)
		return false;
	peer_of(c)->got++;
	peer_of(c)->sum += n;
	return true;
}

static bool
on_file(struct chan *c, const void *body __attribute__((unused)), size_t len,
    int fd)
{
	close_fd(&peer_of(c)->fd);
	peer_of(c)->fd = fd;
	peer_of(c)->got++;
	return len == 0;
}

static bool
on_stop(struct chan *c, const void *body __attribute__((unused)),
    size_t len __attribute__((unused)), int fd __attribute__((unused)))
{
	chan_stop(c);
	return true;
}

static const struct chan_rule rules[] = {
	{ NUMBER, 1u << 2, on_number },
	{ FILE_OF, 1u << 2, on_file },
	{ FORBIDDEN, 1u << 3, on_number },
	{ STOP, 1u << 2, on_stop },
};

static void
on_ended(struct chan *c)
{
	struct peer *p = peer_of(c);

	ck_assert(!c->open);
	p->ended++;
	ck_assert_int_eq(p->ended, 1);
}

static struct peer *
start_peer(int fd)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->fd = -1;
	p->chan.owner = p;
	chan_start(&p->chan, fd, 2, "other", rules, ARRAY_LEN(rules), on_ended);
	return p;
}

static void
start(void)
{
	int fds[2];

	logged[0] = '\0';
	log_sink(sink);
	loop_start();
	ck_assert_int_eq(chan_pair(fds), 0);
	a = start_peer(fds[0]);
	b = start_peer(fds[1]);
}

static void
stop_peer(struct peer **p)
{
	if (*p == NULL)
		return;
	chan_stop(&(*p)->chan);
	chan_stop(&(*p)->chan);
	close_fd(&(*p)->fd);
	free(*p);
	*p = NULL;
}

static void
stop(void)
{
	stop_peer(&a);
	stop_peer(&b);
	loop_free();
	log_sink(NULL);
}

static void
send_number(struct peer *p, uint32_t n, size_t padding)
{
	CLEAN_BUF struct buf packet = { 0 };

	wire_put_u32(&packet, NUMBER);
	wire_put_u32(&packet, n);
	for (size_t i = 0; i < padding; i++)
		buf_addc(&packet, 'x');
	chan_send(&p->chan, &packet, -1, false);
}

static void
send_type(struct peer *p, uint32_t type, int fd, bool give)
{
	CLEAN_BUF struct buf packet = { 0 };

	wire_put_u32(&packet, type);
	chan_send(&p->chan, &packet, fd, give);
}

static void
rounds(int n)
{
	for (int i = 0; i < n; i++)
		loop_once(0);
}

static ino_t
inode(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

START_TEST(packets_arrive_in_order_and_in_batches)
{
	for (uint32_t i = 1; i <= 40; i++)
		send_number(a, i, 0);
	ck_assert_uint_eq(chan_waiting(&a->chan), 40 * 8);
	ck_assert_uint_eq(b->got, 0);
	loop_once(0); /* 16 in one call */
	ck_assert_uint_eq(chan_waiting(&a->chan), 0);
	ck_assert_uint_eq(b->got, 16);
	rounds(2);
	ck_assert_uint_eq(b->got, 40);
	ck_assert_uint_eq(b->sum, 40 * 41 / 2);
}
END_TEST

START_TEST(a_descriptor_goes_along)
{
	int fd = open("/dev/null", O_RDONLY);
	int given = dup(fd);

	send_type(a, FILE_OF, fd, false);
	send_type(a, FILE_OF, given, true);
	rounds(2);
	ck_assert_uint_eq(b->got, 2);
	ck_assert_int_ge(b->fd, 0);
	ck_assert_uint_eq(inode(b->fd), inode(fd));
	ck_assert_int_ne(fcntl(b->fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(given, F_GETFD), -1);
	close_fd(&fd);
}
END_TEST

START_TEST(a_full_socket_is_waited_for)
{
	int fd = open("/dev/null", O_RDONLY);
	int file = fd;
	uint32_t n = 0;

	loop_want(&b->chan.watch, LOOP_NOTHING); /* b reads nothing */
	while (chan_waiting(&a->chan) < 300000) {
		send_number(a, ++n, 0);
		for (int i = 0; i < 3000; i++)
			send_number(a, 0, 0);
		loop_once(0);
	}
	ck_assert(a->chan.full);
	send_type(a, FILE_OF, fd, false);
	loop_once(0);
	send_type(a, FILE_OF, fd, false);
	loop_once(0);
	loop_want(&b->chan.watch, LOOP_READ);
	for (int i = 0; i < 100000 && chan_waiting(&a->chan) > 0; i++)
		loop_once(0);
	rounds(20000);
	ck_assert_uint_eq(b->got, n * 3001 + 2);
	ck_assert_uint_eq(b->sum, n * (n + 1) / 2);
	ck_assert_uint_eq(inode(b->fd), inode(file));
	close_fd(&fd);
	ck_assert_int_eq(a->ended + b->ended, 0);
}
END_TEST

/* A borrowed descriptor may be closed after the round, sent or not. */
START_TEST(a_borrowed_descriptor_is_kept_while_waiting)
{
	int fd = open("/dev/null", O_RDONLY);
	ino_t ino = inode(fd);

	loop_want(&b->chan.watch, LOOP_NOTHING);
	while (!a->chan.full) {
		send_number(a, 0, 0);
		chan_flush(&a->chan);
	}
	send_type(a, FILE_OF, fd, false);
	chan_send(&a->chan, &(struct buf){ 0 }, -1, false); /* stays behind */
	loop_once(0);
	a->chan.full = false; /* what the kernel would say now: still full */
	chan_flush(&a->chan);
	close_fd(&fd);
	loop_want(&b->chan.watch, LOOP_READ);
	for (int i = 0; i < 100000 && b->fd < 0; i++)
		loop_once(0);
	ck_assert_uint_eq(inode(b->fd), ino);
}
END_TEST

static const struct bad {
	const char *bytes;
	size_t len;
	const char *says;
} bad[] = {
	{ "\0", 1, "short" },
	{ "\0\0\0", 3, "short" },
	{ "\0\0\0\1", 4, "malformed" },
	{ "\0\0\0\1\0\0\0", 7, "malformed" },
	{ "\0\0\0\1\0\0\0\1\0", 9, "malformed" },
	{ "\0\0\0\3\0\0\0\1", 8, "not permitted" },
	{ "\0\0\0\7\0\0\0\1", 8, "not permitted" },
	{ "\377\377\377\377", 4, "not permitted" },
};

START_TEST(a_bad_message_closes_only_its_chan)
{
	CLEAN_BUF struct buf packet = { 0 };
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	struct peer *c = start_peer(fds[0]), *d = start_peer(fds[1]);
	int file = open("/dev/null", O_RDONLY);

	send_number(a, 1, 0);
	buf_add(&packet, bad[_i].bytes, bad[_i].len);
	chan_send(&a->chan, &packet, file, false);
	send_number(a, 100, 0);
	rounds(3);
	ck_assert_uint_eq(b->sum, 1);
	ck_assert_int_eq(b->ended, 1);
	ck_assert_int_eq(a->ended, 1);
	ck_assert_ptr_nonnull(strstr(logged, bad[_i].says));

	send_number(c, 5, 0);
	rounds(2);
	ck_assert_uint_eq(d->sum, 5);
	ck_assert_int_eq(c->ended + d->ended, 0);
	stop_peer(&c);
	stop_peer(&d);
	close_fd(&file);
}
END_TEST

START_TEST(what_a_dead_peer_had_sent_is_handled_first)
{
	/* Its own unread packets make the kernel report a reset. */
	send_number(b, 9, 0);
	chan_flush(&b->chan);
	for (uint32_t i = 1; i <= 20; i++)
		send_number(a, i, 0);
	chan_flush(&a->chan);
	stop_peer(&a);
	send_number(b, 9, 0);
	rounds(5);
	ck_assert_uint_eq(b->sum, 210);
	ck_assert_int_eq(b->ended, 1);
	send_number(b, 1, 0); /* to nobody: no harm */
	ck_assert_uint_eq(chan_waiting(&b->chan), 0);
	rounds(2);
	ck_assert_int_eq(b->ended, 1);
}
END_TEST

static void
free_in_ended(struct chan *c)
{
	struct peer *p = peer_of(c);

	ck_assert_ptr_eq(p, b);
	chan_stop(c);
	close_fd(&p->fd);
	free(p);
	b = NULL;
}

START_TEST(the_owner_may_free_in_ended)
{
	b->chan.ended = free_in_ended;
	if (_i == 0)
		stop_peer(&a);
	else
		send_type(a, FORBIDDEN, -1, false);
	send_number(b, 1, 0);
	rounds(3);
	ck_assert_ptr_null(b);
}
END_TEST

START_TEST(a_handler_may_stop_its_chan)
{
	send_number(a, 1, 0);
	send_type(a, STOP, -1, false);
	send_type(a, FILE_OF, open("/dev/null", O_RDONLY), true);
	send_number(a, 2, 0);
	rounds(3);
	ck_assert_uint_eq(b->sum, 1);
	ck_assert_int_eq(b->ended, 0);
	ck_assert_int_eq(a->ended, 1);
}
END_TEST

START_TEST(without_a_free_descriptor_the_message_still_comes)
{
	struct rlimit old, none;
	int fd = open("/dev/null", O_RDONLY);

	send_type(a, FILE_OF, fd, true);
	chan_flush(&a->chan);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 3, old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	rounds(2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(b->got, 1);
	ck_assert_int_eq(b->fd, -1);
	ck_assert_int_eq(b->ended, 0);
}
END_TEST

START_TEST(the_biggest_packet_fits)
{
	CLEAN_BUF struct buf packet = { 0 };

	wire_put_u32(&packet, STOP);
	while (packet.len < CHAN_PACKET_MAX)
		buf_addc(&packet, 'x');
	chan_send(&a->chan, &packet, -1, false);
	rounds(3);
	ck_assert_str_eq(logged, "");
	ck_assert(!b->chan.open); /* it was obeyed */
}
END_TEST

START_TEST(blocking_use)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	CLEAN_FD int file = open("/dev/null", O_RDONLY);
	int fds[2];
	int fd;

	ck_assert_int_eq(chan_pair(fds), 0);
	buf_adds(&packet, "hello");
	ck_assert_int_eq(chan_send_now(fds[0], &packet, -1), 0);
	ck_assert_int_eq(chan_send_now(fds[0], &packet, file), 0);
	ck_assert_int_eq(chan_get_now(fds[1], &got, &fd, 1000), 0);
	ck_assert_str_eq(buf_str(&got), "hello");
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(chan_get_now(fds[1], &got, &fd, 1000), 0);
	ck_assert_uint_eq(inode(fd), inode(file));
	close_fd(&fd);
	ck_assert_int_eq(chan_get_now(fds[1], &got, &fd, 5), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	close_fd(&fds[0]);
	ck_assert_int_eq(chan_get_now(fds[1], &got, &fd, 5), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(chan_send_now(fds[1], &packet, -1), -1);
	ck_assert_int_eq(errno, EPIPE);
	close_fd(&fds[1]);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("chan");
	TCase *t = tcase_create("chan");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, packets_arrive_in_order_and_in_batches);
	tcase_add_test(t, a_descriptor_goes_along);
	tcase_add_test(t, a_full_socket_is_waited_for);
	tcase_add_test(t, a_borrowed_descriptor_is_kept_while_waiting);
	tcase_add_loop_test(t, a_bad_message_closes_only_its_chan, 0,
	    (int)ARRAY_LEN(bad));
	tcase_add_test(t, what_a_dead_peer_had_sent_is_handled_first);
	tcase_add_loop_test(t, the_owner_may_free_in_ended, 0, 2);
	tcase_add_test(t, a_handler_may_stop_its_chan);
	tcase_add_test(t, without_a_free_descriptor_the_message_still_comes);
	tcase_add_test(t, the_biggest_packet_fits);
	tcase_add_test(t, blocking_use);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
