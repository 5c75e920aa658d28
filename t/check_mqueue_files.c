/*
 * mqueue on the files of a queue whose manager is down.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
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

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("mqueue_files");
	TCase *t = tcase_create("mqueue_files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_mail_is_held_and_released);
	tcase_add_loop_test(t, a_file_never_takes_the_place_of_another, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
