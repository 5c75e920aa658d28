/*
 * local: a job that is called off, with the test in the place of qmgr and of
 * deliver, and without a lookup.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "check_conf.h"
#include "clock.h"
#include "delivery.h"
#include "local_job.h"
#include "log.h"
#include "msg.h"
#include "program.h"
#include "query.h"

static struct chan qmgr, deliver;
static int qmgr_end, deliver_end;

/* ---- in the place of program.c ---- */

struct chan *
program_peer(enum role role)
{
	return role == ROLE_DELIVER ? &deliver : NULL;
}

/* ---- the world ---- */

static const struct chan_rule rules[] = {
	{ MSG_job, 1u << ROLE_QMGR, local_job_start },
	{ MSG_job_cancel, 1u << ROLE_QMGR, local_job_cancel },
	{ MSG_delivered, 1u << ROLE_DELIVER, local_job_delivered },
};

static void
keep_quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line;
}

static int
connect_as(struct chan *c, enum role role)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(c, fds[0], role, "", rules, ARRAY_LEN(rules),
	    local_job_peer_ended);
	return fds[1];
}

static void
setup(void)
{
	load_conf("myhostname = here.test\n");
	log_sink(keep_quiet);
	clock_start();
	loop_start();
	qmgr_end = connect_as(&qmgr, ROLE_QMGR);
	deliver_end = connect_as(&deliver, ROLE_DELIVER);
}

static void
teardown(void)
{
	chan_stop(&qmgr);
	chan_stop(&deliver);
	(void)close(qmgr_end);
	(void)close(deliver_end);
	loop_free();
	log_sink(NULL);
}

static void
put_rcpt(struct buf *rcpts, uint32_t index, enum rcpt_kind kind)
{
	struct rec_job_rcpt r = {
		.index = index,
		.address = kind == RCPT_COMMAND ? "cat" : "u@here.test",
		.orig = "",
		.orcpt = "",
		.kind = (uint8_t)kind,
		.via = "u@here.test",
		.user = "u",
	};

	rec_put_job_rcpt(rcpts, &r);
}

static void
give(int end, const struct buf *packet)
{
	ck_assert_int_eq(chan_send_now(end, packet, -1), 0);
	loop_once(0);
	loop_once(0);
}

/* The first to a mailbox, for which lookup is missing; the second to this. */
static void
start(uint32_t stream, enum rcpt_kind second)
{
	CLEAN_BUF struct buf rcpts = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	put_rcpt(&rcpts, 0, RCPT_MAILBOX);
	put_rcpt(&rcpts, 1, second);
	msg_put_job(&packet,
	    &(struct msg_job){
		.stream = stream,
		.id = "0000000000001",
		.transport = "local",
		.nexthop = "here.test",
		.sender = "s@x.test",
		.envid = "",
		.client_addr = "",
		.rcpts = { buf_str(&rcpts), rcpts.len },
	    });
	give(qmgr_end, &packet);
	ck_assert_uint_eq(local_job_busy(), 1);
}

static void
call_off(uint32_t stream)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_job_cancel(&packet,
	    &(struct msg_job_cancel){ .stream = stream });
	give(qmgr_end, &packet);
}

/* The next packet, of this type; its stream. */
static uint32_t
hear(int end, uint32_t type, struct buf *packet)
{
	int fd = -1;

	buf_reset(packet);
	loop_once(0);
	ck_assert_int_ge(chan_get_now(end, packet, &fd, 5000), 0);
	close_fd(&fd);
	struct wire w = wire_open(buf_str(packet), packet->len);
	ck_assert_uint_eq(wire_get_u32(&w), type);
	return wire_get_u32(&w);
}

static void
hear_result(uint32_t stream, uint32_t index, enum outcome outcome)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_job_result m;

	ck_assert_uint_eq(hear(qmgr_end, MSG_job_result, &packet), stream);
	ck_assert(msg_get_job_result(&m, packet.text + 4, packet.len - 4));
	ck_assert_uint_eq(m.index, index);
	ck_assert_uint_eq(m.outcome, outcome);
}

/* ---- the cases ---- */

START_TEST(a_job_that_only_asks_ends_at_once)
{
	CLEAN_BUF struct buf packet = { 0 };

	start(7, RCPT_MAILBOX);
	call_off(8);
	ck_assert_uint_eq(local_job_busy(), 1);
	call_off(7);
	hear_result(7, 0, OUTCOME_DEFER);
	hear_result(7, 1, OUTCOME_DEFER);
	ck_assert_uint_eq(hear(qmgr_end, MSG_job_done, &packet), 7);
	ck_assert_uint_eq(local_job_busy(), 0);
}
END_TEST

START_TEST(a_delivery_that_has_begun_is_waited_for)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_delivered m = {
		.outcome = OUTCOME_SENT,
		.status = "2.0.0",
		.text = "delivered to command",
	};

	start(7, RCPT_COMMAND);
	m.stream = hear(deliver_end, MSG_deliver, &packet);
	call_off(7);
	hear_result(7, 0, OUTCOME_DEFER);
	ck_assert_uint_eq(local_job_busy(), 1);
	buf_reset(&packet);
	msg_put_delivered(&packet, &m);
	give(deliver_end, &packet);
	hear_result(7, 1, OUTCOME_SENT);
	ck_assert_uint_eq(hear(qmgr_end, MSG_job_done, &packet), 7);
	ck_assert_uint_eq(local_job_busy(), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("local_job");
	TCase *t = tcase_create("local_job");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_job_that_only_asks_ends_at_once);
	tcase_add_test(t, a_delivery_that_has_begun_is_waited_for);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
