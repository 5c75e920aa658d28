/*
 * qmgr dies at every call of its journal, its moves and its unlinks, and is
 * started again: every recipient is reached at least once, or its sender told.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_conf.h"
#include "clock.h"
#include "crash/crash.h"
#include "log.h"
#include "program.h"
#include "qmgr.h"
#include "qmgr_agent.h"
#include "qmgr_notice.h"
#include "qmgr_scan.h"
#include "route.h"

struct qmgr qmgr;

/* What the agent answers says the first letter: s sent, d deferred once and
 * then sent, n never, l a list, which becomes its members. */
static const struct message {
	const char *sender;
	const char *rcpts[4];
} messages[] = {
	{ "a@x.test", { "s1@y.test" } },
	{ "a@x.test", { "s2@y.test", "d2@y.test", "n2@z.test" } },
	{ "a@x.test", { "l3@y.test" } },
	{ "a@x.test", { "d4@y.test", "d5@z.test" } },
	{ "a@x.test", { "l4@y.test", "d6@y.test", "s6@z.test" } },
	{ "", { "n7@y.test", "s7@z.test" } },
};

#define MESSAGES ARRAY_LEN(messages)

/* What each must come to, lists' members included: sent, or told of. */
static struct goal {
	const char *address;
	int tries, reached;
} goals[] = {
	{ .address = "s1@y.test" },
	{ .address = "s2@y.test" },
	{ .address = "d2@y.test" },
	{ .address = "n2@z.test" },
	{ .address = "s3m@y.test" },
	{ .address = "d3m@z.test" },
	{ .address = "d4@y.test" },
	{ .address = "d5@z.test" },
	{ .address = "s4m@y.test" },
	{ .address = "d4m@z.test" },
	{ .address = "d6@y.test" },
	{ .address = "s6@z.test" },
	{ .address = "s7@z.test" },
};

static int agent[2], bounce[2]; /* 0: the victim's end */
static struct chan to_agent, to_bounce;

/* ---- in the place of program.c ---- */

struct chan *
program_peer(enum role role)
{
	return role == ROLE_BOUNCE && to_bounce.open ? &to_bounce : NULL;
}

struct chan *
program_next_peer(enum role role, struct chan *after)
{
	(void)role; /* nobody is there to watch for anyone */
	(void)after;
	return NULL;
}

struct chan *
program_control(void)
{
	return NULL;
}

/* ---- the victim ---- */

static const struct chan_rule rules[] = {
	{ MSG_job_result, 1u << ROLE_LOCAL, agent_result },
	{ MSG_job_expand, 1u << ROLE_LOCAL, agent_expand },
	{ MSG_job_done, 1u << ROLE_LOCAL, agent_done },
	{ MSG_notice_done, 1u << ROLE_BOUNCE, notice_answer },
};

static void
ignore(enum log_level level __attribute__((unused)),
    const char *line __attribute__((unused)))
{
}

static void
look(struct loop_timer *t)
{
	qmgr_soon();
	loop_timer(t, 2, look);
}

static void
run_qmgr(void)
{
	static struct loop_timer often;
	const struct sched_config config = {
		.min_backoff = 1,
		.max_backoff = 2,
		.lifetime = HOUR,
		.bounce_lifetime = HOUR,
		.probe_time = 1,
		.probe_max = 2,
	};

	log_sink(ignore);
	loop_start();
	qmgr.sched = sched_create(&config, 1);
	sched_time(qmgr.sched, clock_mono());
	list_init(&qmgr.loaded);
	qmgr.at_work = true;
	chan_start(&to_agent, agent[0], ROLE_LOCAL, "smtp", rules,
	    ARRAY_LEN(rules), agent_gone);
	agent_come(&to_agent);
	chan_start(&to_bounce, bounce[0], ROLE_BOUNCE, "bounce", rules,
	    ARRAY_LEN(rules), notice_lost);
	scan_start();
	look(&often);
	loop_run();
}

/* ---- the agent and bounce ---- */

static struct goal *
goal_of(const char *address)
{
	for (size_t i = 0; i < ARRAY_LEN(goals); i++)
		if (strcmp(goals[i].address, address) == 0)
			return &goals[i];
	return NULL;
}

static void
say(int sock, const struct buf *packet)
{
	/* It may be dead already. */
	if (chan_send_now(sock, packet, -1) < 0)
		ck_assert_int_eq(errno, EPIPE);
}

static void
say_result(uint32_t stream, uint32_t index, enum outcome outcome)
{
	static const char *const status[] = { "", "2.0.0", "4.0.0", "5.0.0" };
	CLEAN_BUF struct buf b = { 0 };
	struct msg_job_result m = {
		.stream = stream,
		.index = index,
		.outcome = (uint8_t)outcome,
		.fault = outcome == OUTCOME_DEFER ? FAULT_MESSAGE : FAULT_NONE,
		.status = status[outcome],
		.text = "said the test",
		.relay = "relay.test",
	};

	msg_put_job_result(&b, &m);
	say(agent[1], &b);
}

/* "l3@y.test" becomes "s3m@y.test" and "d3m@z.test". */
static void
say_members(uint32_t stream, const struct rec_job_rcpt *rcpt)
{
	CLEAN_BUF struct buf members = { 0 }, b = { 0 };
	char address[2][16];

	for (size_t i = 0; i < 2; i++) {
		struct rec_job_member member = { .address = address[i],
			.via = rcpt->address };

		(void)snprintf(address[i], sizeof(address[i]), "%c%cm@%c.test",
		    i == 0 ? 's' : 'd', rcpt->address[1], i == 0 ? 'y' : 'z');
		rec_put_job_member(&members, &member);
	}
	struct msg_job_expand m = { .stream = stream,
		.index = rcpt->index,
		.members = { buf_str(&members), members.len } };
	msg_put_job_expand(&b, &m);
	say(agent[1], &b);
}

static void
deliver(uint32_t stream, const struct rec_job_rcpt *rcpt)
{
	struct goal *goal = goal_of(rcpt->address);

	switch (rcpt->address[0]) {
	case 'l':
		say_members(stream, rcpt);
		return;
	case 'n':
		say_result(stream, rcpt->index, OUTCOME_BOUNCE);
		return;
	case 'd':
		ck_assert_ptr_nonnull(goal);
		if (goal->tries++ == 0) {
			say_result(stream, rcpt->index, OUTCOME_DEFER);
			return;
		}
		break;
	default:
		ck_assert_ptr_nonnull(goal);
	}
	goal->reached++;
	say_result(stream, rcpt->index, OUTCOME_SENT);
}

static void
answer_job(const char *body, size_t len)
{
	CLEAN_BUF struct buf b = { 0 };
	struct rec_job_rcpt rcpt;
	struct msg_job job;

	ck_assert(msg_get_job(&job, body, len));
	struct wire w = wire_open(job.rcpts.at, job.rcpts.len);
	while (wire_more(&w)) {
		ck_assert(rec_get_job_rcpt(&rcpt, &w));
		deliver(job.stream, &rcpt);
	}
	msg_put_job_done(&b, &(struct msg_job_done){ .stream = job.stream });
	say(agent[1], &b);
}

/* Before its sender is told that a recipient failed, the disk knows it: else a
 * later success would contradict. */
static void
assert_failed(const char *id, const char *address)
{
	CLEAN_ARENA struct arena a = { 0 };
	char path[SPOOL_PATH_MAX];
	struct spool_message m;
	const char *why = "";

	spool_path(path, SPOOL_NEW, id);
	CLEAN_FD int fd = openat(qmgr.dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		spool_path(path, SPOOL_CUR, id);
		fd = openat(qmgr.dir, path, O_RDONLY | O_CLOEXEC);
	}
	ck_assert_msg(fd >= 0, "%s is gone, and its sender not told", id);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s: %s", id, why);
	for (size_t i = 0; i < m.n_rcpts; i++)
		if (strcmp(m.rcpts[i].env.address, address) == 0)
			ck_assert_msg(m.rcpts[i].state == RCPT_FAILED,
			    "%s: the disk does not know that %s failed", id,
			    address);
}

static void
answer_notice(const char *body, size_t len)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_notice m;
	struct rec_notice_rcpt rcpt;

	ck_assert(msg_get_notice(&m, body, len));
	struct wire w = wire_open(m.rcpts.at, m.rcpts.len);
	while (wire_more(&w)) {
		ck_assert(rec_get_notice_rcpt(&rcpt, &w));
		struct goal *goal = goal_of(rcpt.address);
		if (goal != NULL)
			goal->reached++;
		assert_failed(m.id, rcpt.address);
	}
	struct msg_notice_done done = { .stream = m.stream,
		.ok = 1,
		.notice_id = "1" };
	msg_put_notice_done(&b, &done);
	say(bounce[1], &b);
}

static void
hear(void)
{
	CLEAN_BUF struct buf b = { 0 };
	int fd = -1;

	while (chan_get_now(agent[1], &b, &fd, 0) >= 0) {
		close_fd(&fd);
		if (b.text[3] == MSG_job)
			answer_job(b.text + 4, b.len - 4);
		buf_reset(&b);
	}
	while (chan_get_now(bounce[1], &b, &fd, 0) >= 0) {
		close_fd(&fd);
		answer_notice(b.text + 4, b.len - 4);
		buf_reset(&b);
	}
}

/* ---- the queue ---- */

static struct queueid
id_of(size_t n)
{
	struct queueid id;

	(void)snprintf(id.text, sizeof(id.text), "111111222200%zu", n);
	return id;
}

static void
write_message(size_t n)
{
	static const struct buf none;
	const struct message *m = &messages[n];
	struct queueid id = id_of(n);
	CLEAN_DRAFT struct spool_draft d = { 0 };
	struct rec_env env = { .arrived = clock_wall(), .sender = m->sender };
	struct rec_env_rcpt rcpts[ARRAY_LEN(m->rcpts)] = { 0 };
	size_t n_rcpts = 0;

	for (size_t i = 0; i < ARRAY_LEN(m->rcpts) && m->rcpts[i] != NULL; i++)
		rcpts[n_rcpts++].address = m->rcpts[i];
	spool_draft_start(&d, qmgr.dir, id.text);
	spool_draft_data(&d, "Subject: x\r\n\r\nhello\r\n", 21);
	ck_assert_int_eq(spool_draft_finish(&d, &none, &env, rcpts, n_rcpts,
			     SPOOL_NEW),
	    0);
	int fd = spool_draft_take(&d);
	close_fd(&fd);
}

static void
fill_queue(void)
{
	for (size_t n = 0; n < MESSAGES; n++)
		write_message(n);
	ck_assert_int_eq(syncfs(qmgr.dir), 0);
	for (size_t i = 0; i < ARRAY_LEN(goals); i++)
		goals[i].tries = goals[i].reached = 0;
}

/* Looks for the message; it is whole wherever it lies, and in cur/ only with
 * what was learned of it. */
static bool
is_there(const char *id, enum spool_dir dir, uint64_t at)
{
	CLEAN_ARENA struct arena a = { 0 };
	char path[SPOOL_PATH_MAX];
	struct spool_message m;
	const char *why = "";

	spool_path(path, dir, id);
	CLEAN_FD int fd = openat(qmgr.dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ck_assert_int_eq(errno, ENOENT);
		return false;
	}
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "call %llu: %s: %s",
	    (unsigned long long)at, path, why);
	if (dir == SPOOL_CUR)
		ck_assert_msg(m.journal_end > m.head.journal_at,
		    "call %llu: %s says nothing", (unsigned long long)at, path);
	return true;
}

static size_t
count_messages(uint64_t at)
{
	size_t found = 0;

	for (size_t n = 0; n < MESSAGES; n++) {
		struct queueid id = id_of(n);
		bool fresh = is_there(id.text, SPOOL_NEW, at);
		bool old = is_there(id.text, SPOOL_CUR, at);

		ck_assert_msg(!fresh || !old, "call %llu: %s lies twice",
		    (unsigned long long)at, id.text);
		found += fresh || old;
	}
	return found;
}

static bool
all_reached(void)
{
	for (size_t i = 0; i < ARRAY_LEN(goals); i++)
		if (goals[i].reached == 0)
			return false;
	return true;
}

/* ---- the test ---- */

/* Until the queue is empty, or it is dead. */
static bool
run_until_death(uint64_t at)
{
	int64_t until = clock_mono() + MINUTE;
	struct crash c;

	ck_assert_int_eq(chan_pair(agent), 0);
	ck_assert_int_eq(chan_pair(bounce), 0);
	crash_start(&c, at, run_qmgr);
	close_fd(&agent[0]);
	close_fd(&bounce[0]);
	do {
		hear();
		ck_assert_msg(clock_mono() < until,
		    "call %llu: %zu messages are stuck", (unsigned long long)at,
		    count_messages(at));
		if (all_reached() && count_messages(at) == 0) {
			crash_end(&c);
			break;
		}
	} while (crash_step(&c));
	close_fd(&agent[1]);
	close_fd(&bounce[1]);
	return c.crashed;
}

static void
assert_all_reached(uint64_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(goals); i++)
		ck_assert_msg(goals[i].reached > 0, "call %llu: %s is lost",
		    (unsigned long long)at, goals[i].address);
}

static void
restart(void)
{
	close_fd(&qmgr.dir);
	qmgr.dir = crash_restart();
}

static void
make_folders(void)
{
	static const char *const names[] = { "tmp", "new", "cur", "hold",
		"corrupt" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(qmgr.dir, names[i], 0700) < 0)
			ck_assert_int_eq(errno, EEXIST);
	scan_check_folders();
	ck_assert_int_eq(syncfs(qmgr.dir), 0);
}

START_TEST(every_recipient_is_reached_after_a_death_at_every_call)
{
	const char *why = "";
	bool crashed = true;
	uint64_t deaths = 0;

	load_conf("myhostname = mx.example.org\nmydestination =\n"
		  "alias_maps =\nlocal_recipient_maps =\n"
		  "notify_classes =\n");
	ck_assert_msg(route_open(&why), "%s", why);
	clock_start();
	qmgr.dir = crash_world();
	make_folders();
	for (uint64_t at = 1; crashed; at += crash_stride()) {
		fill_queue();
		crashed = run_until_death(at);
		deaths += crashed;
		restart();
		(void)count_messages(at);
		if (crashed)
			ck_assert(!run_until_death(0));
		assert_all_reached(at);
		crash_clean(qmgr.dir);
		qmgr.dir = crash_restart();
	}
	ck_assert_uint_ge(deaths, 20 / crash_stride());
	printf("# %llu deaths\n", (unsigned long long)deaths);
	close_fd(&qmgr.dir);
	crash_world_end();
	route_close();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("crash_qmgr");
	TCase *t = tcase_create("crash_qmgr");

	tcase_set_timeout(t, 3600);
	tcase_add_test(t,
	    every_recipient_is_reached_after_a_death_at_every_call);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
