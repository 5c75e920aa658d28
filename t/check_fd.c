/*
 * fd: whole reads and writes, replacing a file, making a folder.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"

static char folder[] = "/tmp/check_fd.XXXXXX";

static void
enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
leave_folder(void)
{
	DIR *d = opendir(".");
	const struct dirent *e;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && unlink(e->d_name) < 0)
			ck_assert_int_eq(rmdir(e->d_name), 0);
	ck_assert_int_eq(closedir(d), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* How many files the folder has. */
static size_t
count_files(void)
{
	DIR *d = opendir(".");
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	ck_assert_int_eq(closedir(d), 0);
	return n - 2;
}

static void
assert_holds(const char *path, const char *want)
{
	CLEAN_BUF struct buf got = { 0 };
	CLEAN_FD int fd = fd_open_regular(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_read_all(fd, &got, 1000), 0);
	ck_assert_str_eq(buf_str(&got), want);
}

START_TEST(only_regular_files_are_opened)
{
	ck_assert_int_eq(fd_replace_file("file", "x", 1, 0644), 0);
	ck_assert_int_eq(symlink("file", "link"), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	assert_holds("file", "x");
	ck_assert_int_eq(fd_open_regular("link"), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(fd_open_regular("fifo"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fd_open_regular("."), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(fd_open_regular("none"), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(reading_is_bounded)
{
	CLEAN_BUF struct buf got = { 0 };

	ck_assert_int_eq(fd_replace_file("file", "0123456789", 10, 0644), 0);
	CLEAN_FD int fd = fd_open_regular("file");
	ck_assert_int_eq(fd_read_all(fd, &got, 9), -1);
	ck_assert_int_eq(errno, EFBIG);
	buf_reset(&got);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(fd_read_all(fd, &got, 10), 0);
	ck_assert_uint_eq(got.len, 10);
}
END_TEST

START_TEST(an_empty_file_is_an_empty_text)
{
	CLEAN_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEAN_BUF struct buf got = { 0 };
	struct buf used = { 0 };

	for (int i = 0; i < 200000; i++)
		buf_addc(&used, 'x');
	/* Memory that is used again holds what was there. */
	buf_free(&used);
	ck_assert_int_eq(fd_read_all(fd, &got, 10), 0);
	ck_assert_str_eq(buf_str(&got), "");
}
END_TEST

START_TEST(places_in_a_file)
{
	CLEAN_FD int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char got[4];

	ck_assert_int_eq(fd_write_all(fd, "abcdef", 6), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "XY", 2, 3), 0);
	ck_assert_int_eq(fd_pread_all(fd, got, 4, 2), 0);
	ck_assert_mem_eq(got, "cXYf", 4);
	ck_assert_int_eq(fd_pread_all(fd, got, 4, 3), -1);
	ck_assert_int_eq(errno, ENODATA);
}
END_TEST

START_TEST(replacing_keeps_the_mode)
{
	struct stat st;

	ck_assert_int_eq(fd_replace_file("file", "one", 3, 0640), 0);
	ck_assert_int_eq(stat("file", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(chmod("file", 0604), 0);
	ck_assert_int_eq(fd_replace_file("file", "two", 3, 0640), 0);
	ck_assert_int_eq(stat("file", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0604);
	assert_holds("file", "two");
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_failed_replacement_leaves_nothing)
{
	ck_assert_int_eq(mkdir("target", 0700), 0);
	ck_assert_int_eq(fd_replace_file("target", "x", 1, 0600), -1);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_int_eq(fd_replace_file("none/file", "x", 1, 0600), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_folder_has_exactly_its_mode)
{
	struct stat st;

	ck_assert_int_eq(fd_make_dir("d", 03733, getuid(), getgid()), 0);
	ck_assert_int_eq(stat("d", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 03733);
	ck_assert_int_eq(fd_make_dir("d", 0700, getuid(), getgid()), 0);
	ck_assert_int_eq(stat("d", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 03733);
	ck_assert_int_eq(fd_replace_file("f", "x", 1, 0600), 0);
	ck_assert_int_eq(fd_make_dir("f", 0700, getuid(), getgid()), -1);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(descriptors)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fd_nonblock(fds[0]), 0);
	ck_assert_int_ne(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_uint_eq(fd_limit(64), 64);

	struct rlimit now;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, 64);
	ck_assert_int_eq(dup2(fds[0], 60), 60);
	fd_close_from(60);
	ck_assert_int_eq(fcntl(60, F_GETFD), -1);
	ck_assert_int_ge(fcntl(fds[0], F_GETFD), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("fd");
	TCase *t = tcase_create("fd");

	tcase_add_checked_fixture(t, enter_folder, leave_folder);
	tcase_add_test(t, only_regular_files_are_opened);
	tcase_add_test(t, reading_is_bounded);
	tcase_add_test(t, an_empty_file_is_an_empty_text);
	tcase_add_test(t, places_in_a_file);
	tcase_add_test(t, replacing_keeps_the_mode);
	tcase_add_test(t, a_failed_replacement_leaves_nothing);
	tcase_add_test(t, a_folder_has_exactly_its_mode);
	tcase_add_test(t, descriptors);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
