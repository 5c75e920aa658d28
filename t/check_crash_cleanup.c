/*
 * cleanup dies at every call of the commit: what it has acknowledged is whole
 * in new/, and nothing there is half a message.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_conf.h"
#include "cleanup_peer.h"
#include "clock.h"
#include "crash/crash.h"
#include "fd.h"
#include "log.h"
#include "loop.h"
#include "route.h"
#include "spool.h"

#define MESSAGES 13

/* Sent together, then waited for: one by one the files are flushed, many
 * together the file system. */
static const struct phase {
	int first, last;
	size_t bytes;
} phases[] = {
	{ 0, 0, 10 },
	{ 1, 2, 10 },
	{ 3, 9, 3000 },
	{ 10, 10, 100000 },
	{ 11, 12, 70000 },
};

static int queue;
static int feeder[2], qmgr[2]; /* 0: the victim's end */
static bool safe[MESSAGES];    /* was acknowledged */
static int n_safe;

/* ---- the victim ---- */

static void
ignore(enum log_level level __attribute__((unused)),
    const char *line __attribute__((unused)))
{
}

static void
take_channel(struct chan *c, int fd, enum role role)
{
	chan_start(c, fd, role, role_name(role), cleanup_peer_calls.rules,
	    cleanup_peer_calls.n_rules, cleanup_peer_calls.peer_ended);
	cleanup_peer_calls.peer(c);
}

static void
run_cleanup(void)
{
	static struct chan from_feeder, to_qmgr;

	log_sink(ignore);
	loop_start();
	cleanup_peer_open(queue);
	take_channel(&from_feeder, feeder[0], ROLE_SMTPD);
	take_channel(&to_qmgr, qmgr[0], ROLE_QMGR);
	loop_run();
}

/* ---- its feeder ---- */

static struct queueid
id_of(int n)
{
	struct queueid id;

	(void)snprintf(id.text, sizeof(id.text), "11111122220%02d", n);
	return id;
}

static void
content_of(int n, size_t bytes, struct buf *out)
{
	buf_addf(out, "Subject: message %d\r\n\r\n", n);
	while (out->len < bytes)
		buf_addf(out, "%d %072zu\r\n", n % 10, out->len);
}

static void
say(const struct buf *packet)
{
	ck_assert_int_eq(chan_send_now(feeder[1], packet, -1), 0);
}

static void
say_content(int n, size_t bytes)
{
	CLEAN_BUF struct buf content = { 0 };

	content_of(n, bytes, &content);
	while (content.len > 0) {
		CLEAN_BUF struct buf b = { 0 };
		size_t len = MIN(content.len, (size_t)40000);
		struct msg_mail_data m = { .stream = (uint32_t)n,
			.bytes = { buf_str(&content), len } };

		msg_put_mail_data(&b, &m);
		say(&b);
		buf_drop(&content, len);
	}
}

static void
say_message(int n, size_t bytes)
{
	CLEAN_BUF struct buf b = { 0 };
	struct queueid id = id_of(n);
	struct msg_mail_begin begin = { .stream = (uint32_t)n,
		.id = id.text,
		.sender = "a@example.net",
		.client_addr = "192.0.2.1",
		.protocol = "ESMTP" };
	struct msg_mail_rcpt rcpt = { .stream = (uint32_t)n,
		.address = "bob@example.org" };
	struct msg_mail_end end = { .stream = (uint32_t)n };

	msg_put_mail_begin(&b, &begin);
	say(&b);
	buf_reset(&b);
	msg_put_mail_rcpt(&b, &rcpt);
	say(&b);
	say_content(n, bytes);
	buf_reset(&b);
	msg_put_mail_end(&b, &end);
	say(&b);
}

/* What has been answered so far; also after the death, for what was said before
 * it counts. */
static void
hear(void)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_done m;
	int fd = -1;

	while (chan_get_now(feeder[1], &b, &fd, 0) >= 0) {
		ck_assert(msg_get_mail_done(&m, b.text + 4, b.len - 4));
		ck_assert_msg(m.code == 250, "%u %s", m.code, m.text);
		ck_assert_uint_lt(m.stream, MESSAGES);
		ck_assert(!safe[m.stream]);
		safe[m.stream] = true;
		n_safe++;
		buf_reset(&b);
	}
	while (chan_get_now(qmgr[1], &b, &fd, 0) >= 0) {
		close_fd(&fd);
		buf_reset(&b);
	}
}

/* Until all is safe, or it is dead. */
static bool
run_until_death(uint64_t at)
{
	struct crash c;
	size_t next = 0;

	ck_assert_int_eq(chan_pair(feeder), 0);
	ck_assert_int_eq(chan_pair(qmgr), 0);
	memset(safe, 0, sizeof(safe));
	n_safe = 0;
	crash_start(&c, at, run_cleanup);
	close_fd(&feeder[0]);
	close_fd(&qmgr[0]);
	do {
		hear();
		if (n_safe == MESSAGES) {
			crash_end(&c);
			break;
		}
		if (next < ARRAY_LEN(phases) && n_safe == phases[next].first) {
			const struct phase *p = &phases[next++];

			for (int n = p->first; n <= p->last; n++)
				say_message(n, p->bytes);
		}
	} while (crash_step(&c));
	hear();
	close_fd(&feeder[1]);
	close_fd(&qmgr[1]);
	return c.crashed;
}

/* ---- what it left ---- */

static void
assert_content(int fd, const struct spool_head *h, int n)
{
	CLEAN_BUF struct buf want = { 0 }, got = { 0 };
	size_t len = (size_t)h->data_len;

	content_of(n, len, &want);
	ck_assert_uint_eq(want.len, len);
	ck_assert_int_eq(fd_pread_all(fd, buf_room(&got, len), len,
			     (off_t)h->data_at),
	    0);
	ck_assert_mem_eq(got.text, want.text, len);
}

static void
assert_whole(const char *id, uint64_t at)
{
	CLEAN_ARENA struct arena a = { 0 };
	char path[SPOOL_PATH_MAX];
	struct spool_message m;
	const char *why = "";

	spool_path(path, SPOOL_NEW, id);
	CLEAN_FD int fd = openat(queue, path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "call %llu: %s is lost", (unsigned long long)at,
	    id);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "call %llu: %s: %s",
	    (unsigned long long)at, id, why);
	ck_assert_str_eq(m.env.id, id);
	ck_assert_uint_eq(m.n_rcpts, 1);
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@example.org");
	assert_content(fd, &m.head, (id[11] - '0') * 10 + id[12] - '0');
}

/* A process that dies leaves the file system well: then all in new/ is whole,
 * acknowledged or not.  After a power cut that holds for what was acknowledged;
 * the rest may have a name and no bytes. */
static void
assert_all_whole(uint64_t at)
{
	int fd = openat(queue, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	for (int n = 0; n < MESSAGES; n++)
		if (safe[n])
			assert_whole(id_of(n).text, at);
	ck_assert_ptr_nonnull(dir);
	while (!crash_has_disk() && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			assert_whole(e->d_name, at);
	(void)closedir(dir);
}

static void
make_folders(void)
{
	ck_assert_int_ge(queue, 0);
	if (mkdirat(queue, "tmp", 0700) < 0)
		ck_assert_int_eq(errno, EEXIST);
	if (mkdirat(queue, "new", 0700) < 0)
		ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(syncfs(queue), 0);
}

START_TEST(what_was_acknowledged_survives_a_death_at_every_call)
{
	const char *why = "";
	bool crashed = true;
	uint64_t deaths = 0;

	load_conf("myhostname = mx.example.org\nalias_maps =\n"
		  "local_recipient_maps =\nqueue_minfree = 1\n");
	ck_assert_msg(route_open(&why), "%s", why);
	clock_start();
	queue = crash_world();
	make_folders();
	for (uint64_t at = 1; crashed; at += crash_stride()) {
		crashed = run_until_death(at);
		deaths += crashed;
		close_fd(&queue);
		queue = crash_restart();
		assert_all_whole(at);
		crash_clean(queue);
		queue = crash_restart();
	}
	ck_assert_int_eq(n_safe, MESSAGES);
	ck_assert_uint_ge(deaths, 60 / crash_stride());
	printf("# %llu deaths\n", (unsigned long long)deaths);
	close_fd(&queue);
	crash_world_end();
	route_close();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("crash_cleanup");
	TCase *t = tcase_create("crash_cleanup");

	tcase_set_timeout(t, 3600);
	tcase_add_test(t, what_was_acknowledged_survives_a_death_at_every_call);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
