/*
 * mqueue on the files of a queue whose manager is down.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "check_conf.h"
#include "mqueue.h"
#include "tool.h"

#define ID "1111112222000"

static char dir[] = "/tmp/check_mqueue.XXXXXX";
static int at;

static void
setup(void)
{
	static const char *const names[] = { "tmp", "new", "cur", "hold",
		"corrupt" };
	static const struct tool tool = { .name = "mqueue", .letters = "" };
	char conf[200];

	tool_start(&tool);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_int_eq(mkdirat(at, names[i], 0700), 0);
	(void)snprintf(conf, sizeof(conf),
	    "myhostname = here.test\nalias_maps =\nqueue_directory = %s\n",
	    dir);
	load_conf(conf);
	files_open();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
teardown(void)
{
	(void)close(at);
	ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void
put(enum spool_dir where, const char *text)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, where, ID);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	(void)mkdirat(at, path, 0700); /* it may be there */
	*slash = '/';
	CLEAN_FD int fd = openat(at, path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* What the file there says; "" where there is none. */
static const char *
there(enum spool_dir where)
{
	static char text[20];
	char path[SPOOL_PATH_MAX];

	spool_path(path, where, ID);
	memset(text, 0, sizeof(text));
	CLEAN_FD int fd = openat(at, path, O_RDONLY);
	if (fd >= 0)
		ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
	return text;
}

static uint64_t
does(const char *verb)
{
	char *const args[] = { (char[]){ ID } };
	uint64_t done = 99;

	ck_assert_int_eq(files_do(verb, args, 1, &done), EX_OK);
	return done;
}

START_TEST(new_mail_is_held_and_released)
{
	put(SPOOL_NEW, "a");
	ck_assert_uint_eq(does("hold"), 1);
	ck_assert_str_eq(there(SPOOL_HOLD), "a");
	ck_assert_str_eq(there(SPOOL_NEW), "");
	ck_assert_uint_eq(does("hold"), 0);
	ck_assert_uint_eq(does("release"), 1);
	ck_assert_str_eq(there(SPOOL_CUR), "a");
	ck_assert_str_eq(there(SPOOL_HOLD), "");
	ck_assert_uint_eq(does("hold"), 1);
	ck_assert_str_eq(there(SPOOL_HOLD), "a");
	ck_assert_uint_eq(does("delete"), 1);
	ck_assert_str_eq(there(SPOOL_HOLD), "");
}
END_TEST

/* No file takes the place of another message's of the same id. */
START_TEST(a_file_never_takes_the_place_of_another)
{
	static const struct {
		enum spool_dir from, to;
		const char *verb;
	} cases[] = {
		{ SPOOL_NEW, SPOOL_HOLD, "hold" },
		{ SPOOL_CUR, SPOOL_HOLD, "hold" },
		{ SPOOL_HOLD, SPOOL_CUR, "release" },
	};

	put(cases[_i].from, "mine");
	put(cases[_i].to, "another's");
	ck_assert_uint_eq(does(cases[_i].verb), 0);
	ck_assert_str_eq(there(cases[_i].from), "mine");
	ck_assert_str_eq(there(cases[_i].to), "another's");
}
END_TEST

/* ---- what the queue manager is to do when it starts ---- */

#define WHOLE "11111122223BC"

/* A whole message in new/ for two recipients, the first of whom has it. */
static void
put_whole(void)
{
	static const struct rec_env_rcpt rcpts[] = {
		{ .address = "one@a.test",
		    .orig = "",
		    .orcpt = "",
		    .via = "",
		    .user = "",
		    .sender = "" },
		{ .address = "two@b.test",
		    .orig = "",
		    .orcpt = "",
		    .via = "",
		    .user = "",
		    .sender = "" },
	};
	static const struct rec_env env = {
		.id = "",
		.sender = "s@x.test",
		.client_name = "",
		.client_addr = "",
		.helo = "",
		.protocol = "",
		.auth_user = "",
		.tls = "",
		.user = "",
		.message_id = "",
		.envid = "",
		.notice_of = "",
	};
	CLEAN_BUF struct buf headers = { 0 };
	CLEAN_BUF struct buf journal = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_DRAFT struct spool_draft d = { 0 };
	struct dsn sent = { .outcome = OUTCOME_SENT, .status = "2.0.0" };
	struct spool_message m;
	const char *why;

	spool_draft_start(&d, at, WHOLE);
	spool_draft_data(&d, "A: b\r\n\r\nx\r\n", 11);
	ck_assert_int_eq(spool_draft_finish(&d, &headers, &env, rcpts, 2,
			     SPOOL_NEW),
	    0);
	CLEAN_FD int fd = spool_draft_take(&d);
	ck_assert(spool_read(fd, &a, &m, true, &why));
	spool_entry_rcpt(&journal, 0, RCPT_SENT, &sent, "", 1);
	spool_entry_retry(&journal, 3, INT64_MAX / 2);
	ck_assert_int_eq(spool_append(fd, &m.journal_end, &journal), 0);
}

/* The message as it lies there. */
static bool
reads(enum spool_dir where, struct arena *a, struct spool_message *m)
{
	char path[SPOOL_PATH_MAX];
	const char *why = "";

	spool_path(path, where, WHOLE);
	CLEAN_FD int fd = openat(at, path, O_RDONLY);
	if (fd < 0)
		return false;
	ck_assert_msg(spool_read(fd, a, m, true, &why), "%s", why);
	return true;
}

static uint64_t
does_to(const char *verb, const char *arg)
{
	CLEAN_STR char *one = xstrdup(arg);
	char *const args[] = { one };
	uint64_t done = 99;

	ck_assert_int_eq(files_do(verb, args, 1, &done), EX_OK);
	return done;
}

START_TEST(a_flush_makes_it_due)
{
	static const char *const args[] = { WHOLE, "b.test", "B.TEST" };
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;

	put_whole();
	ck_assert_uint_eq(does_to("flush", "a.test"), 0); /* he has it */
	ck_assert(reads(SPOOL_NEW, &a, &m));
	ck_assert_int_eq(m.next_retry, INT64_MAX / 2);
	ck_assert_uint_eq(does_to("flush", args[_i]), 1);
	ck_assert(reads(SPOOL_NEW, &a, &m));
	ck_assert_int_eq(m.next_retry, 0);
	ck_assert_uint_eq(m.attempts, 3);
}
END_TEST

START_TEST(a_flush_of_everything_leaves_what_is_held)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	uint64_t done = 99;

	put_whole();
	ck_assert_uint_eq(does_to("hold", WHOLE), 1);
	ck_assert_int_eq(files_do("flush", NULL, 0, &done), EX_OK);
	ck_assert_uint_eq(done, 0);
	ck_assert(reads(SPOOL_HOLD, &a, &m));
	ck_assert_uint_eq(does_to("release", WHOLE), 1);
	ck_assert_int_eq(files_do("flush", NULL, 0, &done), EX_OK);
	ck_assert_uint_eq(done, 1);
	ck_assert(reads(SPOOL_CUR, &a, &m));
	ck_assert_int_eq(m.next_retry, 0);
}
END_TEST

START_TEST(what_is_requeued_is_as_new)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;

	put_whole();
	ck_assert_uint_eq(does_to("hold", WHOLE), 1);
	ck_assert_uint_eq(does_to("requeue", WHOLE), 1);
	ck_assert(reads(SPOOL_CUR, &a, &m));
	ck_assert_uint_eq(m.attempts, 0);
	ck_assert_int_eq(m.next_retry, 0);
	ck_assert_int_eq(m.rcpts[0].state, RCPT_SENT);
	ck_assert_int_eq(m.rcpts[1].state, RCPT_QUEUED);
}
END_TEST

START_TEST(what_is_returned_has_failed)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;

	put_whole();
	ck_assert_uint_eq(does_to("bounce", WHOLE), 1);
	ck_assert(reads(SPOOL_NEW, &a, &m));
	ck_assert_int_eq(m.rcpts[0].state, RCPT_SENT);
	ck_assert_int_eq(m.rcpts[1].state, RCPT_FAILED);
	ck_assert_str_eq(m.rcpts[1].last.status, "4.4.7");
	ck_assert_str_eq(m.rcpts[1].last.text, "returned by the administrator");
}
END_TEST

START_TEST(what_is_damaged_is_left_alone)
{
	put(SPOOL_NEW, "a");
	ck_assert_uint_eq(does("bounce"), 0);
	ck_assert_uint_eq(does("flush"), 0);
	ck_assert_str_eq(there(SPOOL_NEW), "a");
}
END_TEST

/* A folder has one lock for each time that it was opened. */
START_TEST(a_manager_that_runs_is_seen)
{
	CLEAN_FD int cur = openat(at, "cur", O_RDONLY | O_DIRECTORY);

	if (geteuid() != 0)
		return;
	ck_assert(files_are_free());
	ck_assert_int_eq(flock(cur, LOCK_EX | LOCK_NB), 0);
	ck_assert(!files_are_free());
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("mqueue_files");
	TCase *t = tcase_create("mqueue_files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_mail_is_held_and_released);
	tcase_add_loop_test(t, a_file_never_takes_the_place_of_another, 0, 3);
	tcase_add_loop_test(t, a_flush_makes_it_due, 0, 3);
	tcase_add_test(t, a_flush_of_everything_leaves_what_is_held);
	tcase_add_test(t, what_is_requeued_is_as_new);
	tcase_add_test(t, what_is_returned_has_failed);
	tcase_add_test(t, what_is_damaged_is_left_alone);
	tcase_add_test(t, a_manager_that_runs_is_seen);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
