/*
 * cleanup_peer: dialogues with feeders and qmgr over real channels, the disk
 * and its thread included. SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup_peer.h"
#include "cleanup_world.h"
#include "fd.h"
#include "loop.h"

/* A program at the other end. */
struct other {
	struct chan chan; /* cleanup's end */
	int sock;         /* ours */
};

static struct other smtpd, qmgr;

static void
ended(struct chan *c)
{
	cleanup_peer_calls.peer_ended(c);
}

static void
connect_as(struct other *o, enum role role)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(&o->chan, fds[0], role, role_name(role),
	    cleanup_peer_calls.rules, cleanup_peer_calls.n_rules, ended);
	o->sock = fds[1];
	cleanup_peer_calls.peer(&o->chan);
}

static void
open_all(void)
{
	cleanup_peer_open(world_queue());
	connect_as(&smtpd, ROLE_SMTPD);
	connect_as(&qmgr, ROLE_QMGR);
}

static void
start(void)
{
	world_start("", NULL);
	open_all();
}

static void
stop(void)
{
	chan_stop(&smtpd.chan);
	chan_stop(&qmgr.chan);
	close_fd(&smtpd.sock);
	close_fd(&qmgr.sock);
	world_stop();
}

/* ---- what the others say ---- */

static void
say(int sock, const struct buf *packet)
{
	ck_assert_int_eq(chan_send_now(sock, packet, -1), 0);
}

static struct queueid
id_of(uint32_t n)
{
	struct queueid id;

	(void)snprintf(id.text, sizeof(id.text), "1111112222%03u", n);
	return id;
}

static void
say_begin(uint32_t stream)
{
	CLEAN_BUF struct buf b = { 0 };
	struct queueid id = id_of(stream);
	struct msg_mail_begin m = { .stream = stream,
		.id = id.text,
		.sender = "a@example.net",
		.client_name = "client",
		.client_addr = "192.0.2.1",
		.protocol = "ESMTP" };

	msg_put_mail_begin(&b, &m);
	say(smtpd.sock, &b);
}

static void
say_rcpt(uint32_t stream, const char *address)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_rcpt m = { .stream = stream, .address = address };

	msg_put_mail_rcpt(&b, &m);
	say(smtpd.sock, &b);
}

static void
say_data(uint32_t stream, const char *text)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_data m = { .stream = stream, .bytes = slice_of(text) };

	msg_put_mail_data(&b, &m);
	say(smtpd.sock, &b);
}

static void
say_end(uint32_t stream)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_end m = { .stream = stream };

	msg_put_mail_end(&b, &m);
	say(smtpd.sock, &b);
}

static void
say_abort(uint32_t stream)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_abort m = { .stream = stream };

	msg_put_mail_abort(&b, &m);
	say(smtpd.sock, &b);
}

static void
say_message(uint32_t stream)
{
	say_begin(stream);
	say_rcpt(stream, "bob@example.org");
	say_data(stream, "Subject: x\r\n\r\nhello\r\n");
	say_end(stream);
}

/* ---- what cleanup says ---- */

/* Rounds of the loop until a packet has come, or a second has passed. */
static bool
hear(int sock, struct buf *packet, int *fd)
{
	for (int i = 0; i < 100; i++) {
		buf_reset(packet);
		if (chan_get_now(sock, packet, fd, 0) >= 0)
			return true;
		ck_assert_int_eq(errno, ETIMEDOUT);
		loop_once(10);
	}
	return false;
}

static bool
is(const struct buf *packet, uint32_t type)
{
	struct wire w = wire_open(buf_str(packet), packet->len);

	return wire_get_u32(&w) == type;
}

static void
hear_done(uint32_t stream, uint16_t code)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_FD int fd = -1;
	struct msg_mail_done m;

	ck_assert(hear(smtpd.sock, &b, &fd));
	ck_assert(is(&b, MSG_mail_done));
	ck_assert(msg_get_mail_done(&m, b.text + 4, b.len - 4));
	ck_assert_uint_eq(m.stream, stream);
	ck_assert_msg(m.code == code, "%u %s", m.code, m.text);
	ck_assert_int_eq(fd, -1);
}

static void
hear_new(int sock, uint32_t n)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = -1;
	struct msg_queue_new m;
	struct spool_message message;
	const char *why = "";

	ck_assert(hear(sock, &b, &fd));
	ck_assert(is(&b, MSG_queue_new));
	ck_assert(msg_get_queue_new(&m, b.text + 4, b.len - 4));
	ck_assert_str_eq(m.id, id_of(n).text);
	ck_assert_msg(spool_read(fd, &a, &message, true, &why), "%s", why);
	ck_assert_str_eq(message.env.id, m.id);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void
hear_nothing(int sock)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_FD int fd = -1;

	for (int i = 0; i < 5; i++)
		loop_once(5);
	ck_assert_int_eq(chan_get_now(sock, &b, &fd, 0), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
}

static void
hear_the_end(int sock)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_FD int fd = -1;

	for (int i = 0; i < 5; i++)
		loop_once(5);
	ck_assert_int_eq(chan_get_now(sock, &b, &fd, 0), -1);
	ck_assert_int_eq(errno, EPIPE);
}

static uint32_t
busy(void)
{
	return cleanup_peer_calls.busy();
}

/* ---- dialogues ---- */

START_TEST(a_message_is_safe_and_qmgr_hears_of_it)
{
	say_message(1);
	hear_done(1, 250);
	hear_new(qmgr.sock, 1);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	ck_assert_uint_eq(busy(), 0);
}
END_TEST

START_TEST(messages_may_be_mixed)
{
	for (uint32_t n = 1; n <= 20; n++)
		say_begin(n);
	for (uint32_t n = 1; n <= 20; n++)
		say_rcpt(n, "bob@example.org");
	for (uint32_t n = 1; n <= 20; n++)
		say_data(n, "Subject: x\r\n\r\nhello\r\n");
	for (uint32_t n = 20; n >= 1; n--)
		say_end(n);
	for (uint32_t n = 20; n >= 1; n--)
		hear_done(n, 250);
	for (uint32_t n = 20; n >= 1; n--)
		hear_new(qmgr.sock, n);
	ck_assert_int_eq(world_count(SPOOL_NEW), 20);
}
END_TEST

START_TEST(a_loss_is_said_at_once_and_the_rest_passed_over)
{
	say_begin(1);
	say_rcpt(1, "no domain@-");
	hear_done(1, 553);
	say_rcpt(1, "bob@example.org");
	say_data(1, "Subject: x\r\n\r\n");
	say_end(1);
	say_abort(1);
	hear_nothing(smtpd.sock);
	say_message(2);
	hear_done(2, 250);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
}
END_TEST

START_TEST(an_abort_leaves_nothing)
{
	say_begin(1);
	say_rcpt(1, "bob@example.org");
	say_data(1, "Subject: x\r\n\r\n");
	say_abort(1);
	say_end(1);
	hear_nothing(smtpd.sock);
	ck_assert_uint_eq(busy(), 0);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	ck_assert_int_eq(world_count(SPOOL_NEW), 0);
}
END_TEST

/* What comes for a message that waits for the disk is too late. */
START_TEST(after_the_end_nothing_changes)
{
	say_message(1);
	say_rcpt(1, "eve@example.org");
	say_data(1, "more\r\n");
	say_abort(1);
	hear_done(1, 250);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
}
END_TEST

START_TEST(a_feeder_that_dies_takes_its_open_messages_along)
{
	CLEAN_BUF struct buf big = { 0 };

	while (big.len < 70000)
		buf_adds(&big, "0123456789\r\n");
	say_message(1);
	say_begin(2);
	say_rcpt(2, "bob@example.org");
	say_data(2, "\r\n");
	say_data(2, buf_str(&big));
	close_fd(&smtpd.sock);
	hear_new(qmgr.sock, 1);
	hear_nothing(qmgr.sock);
	ck_assert_uint_eq(busy(), 0);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
}
END_TEST

START_TEST(an_id_that_is_none_closes_the_channel)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_begin m = { .stream = 1, .id = "../../etc/x" };

	msg_put_mail_begin(&b, &m);
	say(smtpd.sock, &b);
	hear_the_end(smtpd.sock);
	ck_assert_uint_eq(busy(), 0);
}
END_TEST

START_TEST(a_number_in_use_closes_the_channel)
{
	say_begin(1);
	say_begin(1);
	hear_the_end(smtpd.sock);
	ck_assert_uint_eq(busy(), 0);
}
END_TEST

/* Each refused message is answered: the answers must not fill our memory. */
START_TEST(a_feeder_that_does_not_read_is_closed)
{
	CLEAN_BUF struct buf b = { 0 };
	struct queueid id = id_of(1);
	struct msg_mail_begin m = { .stream = 1,
		.id = id.text,
		.sender = "bad\x01@example.net" };

	msg_put_mail_begin(&b, &m);
	for (int i = 0; i < 300000 && smtpd.chan.open; i++) {
		say(smtpd.sock, &b);
		if (i % 16 == 0)
			loop_once(0);
	}
	ck_assert(!smtpd.chan.open);
	ck_assert_uint_eq(busy(), 0);
}
END_TEST

START_TEST(qmgr_may_not_send_mail)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_end m = { .stream = 1 };

	msg_put_mail_end(&b, &m);
	say(qmgr.sock, &b);
	hear_the_end(qmgr.sock);
}
END_TEST

/* Every prefix of every message, and one byte too many. */
START_TEST(a_malformed_message_closes_the_channel)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_rcpt m = { .stream = 1, .address = "a@b.c" };

	msg_put_mail_rcpt(&b, &m);
	buf_addc(&b, 'x');
	for (size_t n = 1; n <= b.len; n++) {
		CLEAN_BUF struct buf part = { 0 };

		if (n == b.len - 1)
			continue;
		buf_add(&part, buf_str(&b), n);
		say(smtpd.sock, &part);
		hear_the_end(smtpd.sock);
		close_fd(&smtpd.sock);
		connect_as(&smtpd, ROLE_SMTPD);
	}
}
END_TEST

START_TEST(without_qmgr_messages_are_safe_and_told_later)
{
	close_fd(&qmgr.sock);
	loop_once(10);
	say_message(1);
	hear_done(1, 250);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
	connect_as(&qmgr, ROLE_QMGR);
	hear_new(qmgr.sock, 1);
	hear_nothing(qmgr.sock);
}
END_TEST

/* The old one is dead, but cleanup hears of the new one first. */
START_TEST(what_a_dying_qmgr_was_told_is_told_to_the_next)
{
	struct other next;

	say_message(1);
	hear_done(1, 250);
	say_message(2);
	hear_done(2, 250);
	ck_assert_int_eq(unlinkat(world_queue(), "new/1111112222001", 0), 0);
	connect_as(&next, ROLE_QMGR);
	say_message(3);
	hear_done(3, 250);
	hear_new(next.sock, 3);
	close_fd(&qmgr.sock);
	hear_new(next.sock, 2);
	hear_nothing(next.sock);
	chan_stop(&next.chan);
	close_fd(&next.sock);
}
END_TEST

START_TEST(a_thousand_messages_share_flushes)
{
	uint32_t sent = 0, done = 0;

	while (done < 900) {
		CLEAN_BUF struct buf b = { 0 };
		CLEAN_FD int fd = -1;

		if (sent < 900)
			say_message(++sent);
		loop_once(0);
		while (chan_get_now(smtpd.sock, &b, &fd, 0) >= 0)
			done++;
	}
	ck_assert_int_eq(world_count(SPOOL_NEW), 900);
	ck_assert_uint_eq(busy(), 0);
}
END_TEST

/* ---- a disk that is full ---- */

/* Needs the right to mount; says nothing else. */
static void
start_small(void)
{
	world_start("", "size=256k");
	open_all();
}

/* As many lines as make so many bytes. */
static void
say_big_message(uint32_t stream, size_t bytes)
{
	CLEAN_BUF struct buf b = { 0 };

	while (b.len < 10000)
		buf_adds(&b, "0123456789012345678901234567890123456789\r\n");
	say_begin(stream);
	say_rcpt(stream, "bob@example.org");
	say_data(stream, "\r\n");
	for (size_t n = 0; n < bytes; n += b.len)
		say_data(stream, buf_str(&b));
	say_end(stream);
}

START_TEST(a_full_disk_loses_one_message_for_now)
{
	if (!world_mounted())
		return;
	say_big_message(1, 400000);
	hear_done(1, 452);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	say_message(2);
	hear_done(2, 250);
	hear_new(qmgr.sock, 2);
	ck_assert_int_eq(world_count(SPOOL_NEW), 1);
}
END_TEST

START_TEST(what_was_acknowledged_before_the_disk_was_full_is_whole)
{
	uint32_t good = 0, n = 0;
	uint16_t code = 250;

	if (!world_mounted())
		return;
	while (code == 250) {
		CLEAN_BUF struct buf b = { 0 };
		CLEAN_FD int fd = -1;
		struct msg_mail_done m;

		say_big_message(++n, 9000);
		ck_assert(hear(smtpd.sock, &b, &fd));
		ck_assert(msg_get_mail_done(&m, b.text + 4, b.len - 4));
		code = m.code;
		good += code == 250;
	}
	ck_assert_uint_eq(code, 452);
	ck_assert_uint_gt(good, 3);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	ck_assert_int_eq(world_count(SPOOL_NEW), (int)good);
	for (uint32_t i = 1; i <= good; i++)
		hear_new(qmgr.sock, i);
}
END_TEST

/* A process a case, whatever was asked for: what is tested lives as long as its
 * process. */
static Suite *
suite_of_cases(void)
{
	(void)setenv("CK_FORK", "yes", 1); /* fails without memory alone */
	Suite *s = suite_create("cleanup_peer");
	TCase *t = tcase_create("dialogues");
	TCase *full = tcase_create("full disk");

	tcase_add_checked_fixture(t, start, stop);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_message_is_safe_and_qmgr_hears_of_it);
	tcase_add_test(t, messages_may_be_mixed);
	tcase_add_test(t, a_loss_is_said_at_once_and_the_rest_passed_over);
	tcase_add_test(t, an_abort_leaves_nothing);
	tcase_add_test(t, after_the_end_nothing_changes);
	tcase_add_test(t, a_feeder_that_dies_takes_its_open_messages_along);
	tcase_add_test(t, an_id_that_is_none_closes_the_channel);
	tcase_add_test(t, a_number_in_use_closes_the_channel);
	tcase_add_test(t, a_feeder_that_does_not_read_is_closed);
	tcase_add_test(t, qmgr_may_not_send_mail);
	tcase_add_test(t, a_malformed_message_closes_the_channel);
	tcase_add_test(t, without_qmgr_messages_are_safe_and_told_later);
	tcase_add_test(t, what_a_dying_qmgr_was_told_is_told_to_the_next);
	tcase_add_test(t, a_thousand_messages_share_flushes);
	suite_add_tcase(s, t);

	tcase_add_checked_fixture(full, start_small, stop);
	tcase_add_test(full, a_full_disk_loses_one_message_for_now);
	tcase_add_test(full,
	    what_was_acknowledged_before_the_disk_was_full_is_whole);
	suite_add_tcase(s, full);
	return s;
}

#include "check_main.h"
