/*
 * maildrop: written and read back; what is not whole or not ours is refused.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"
#include "maildrop.h"
#include "msg.h"
#include "wire.h"

static char folder[64];
static int dir = -1;

static void
make_folder(void)
{
	ck_assert_int_gt(snprintf(folder, sizeof(folder), "%s",
			     "/tmp/check_maildrop.XXXXXX"),
	    0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_PATH | O_DIRECTORY);
	ck_assert_int_ge(dir, 0);
}

/* The name of the only file there, "" where there is none. */
static void
only_name(char name[256])
{
	DIR *d = opendir(folder);

	ck_assert_ptr_nonnull(d);
	name[0] = '\0';
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.')
			ck_assert_int_lt(snprintf(name, 256, "%s", e->d_name),
			    256);
	closedir(d);
}

static void
remove_folder(void)
{
	char name[256];

	for (only_name(name); name[0] != '\0'; only_name(name))
		ck_assert_int_eq(unlinkat(dir, name, 0), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	close(dir);
}

static const char *const rcpts[] = { "alice@example.org", "a b@x.y", "bob" };
static const struct maildrop sample = {
	.flags = MAIL_BODY_8BIT,
	.sender = "root@example.org",
	.rcpts = rcpts,
	.n_rcpts = ARRAY_LEN(rcpts),
};

START_TEST(what_is_written_is_read)
{
	CLEAN_MAILDROP struct maildrop_draft d = { .fd = -1 };
	CLEAN_ARENA struct arena a = { 0 };
	char name[256], text[6];
	struct maildrop m;
	struct stat st;
	const char *why = "";

	ck_assert_int_eq(maildrop_start(&d, dir, &sample), 0);
	only_name(name);
	ck_assert(maildrop_name_is_draft(name));
	ck_assert(!maildrop_name_is_whole(name));
	ck_assert_int_eq(maildrop_add(&d, "hi", 2), 0);
	ck_assert_int_eq(maildrop_add(&d, "\r\n", 2), 0);
	ck_assert_int_eq(maildrop_commit(&d), 0);
	maildrop_free(&d);

	only_name(name);
	ck_assert(maildrop_name_is_whole(name));
	ck_assert(!maildrop_name_is_draft(name));
	CLEAN_FD int fd = openat(dir, name, O_RDONLY);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_msg(maildrop_read(fd, &a, &m, &why), "%s", why);
	ck_assert_uint_eq(m.flags, MAIL_BODY_8BIT);
	ck_assert_str_eq(m.sender, "root@example.org");
	ck_assert_uint_eq(m.n_rcpts, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(m.rcpts[i], rcpts[i]);
	ck_assert_uint_eq(m.content_len, 4);
	ck_assert_int_eq(fd_pread_all(fd, text, 4, (off_t)m.content_at), 0);
	ck_assert_mem_eq(text, "hi\r\n", 4);
}
END_TEST

START_TEST(what_is_not_committed_is_gone)
{
	struct maildrop_draft d;
	char name[256];

	ck_assert_int_eq(maildrop_start(&d, dir, &sample), 0);
	maildrop_free(&d);
	only_name(name);
	ck_assert_str_eq(name, "");
}
END_TEST

/* A file in memory, changed, written and read. */
static bool
reads(const char *bytes, size_t n, const char **why)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct maildrop m;
	int fd = openat(dir, "x", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(fd_write_all(fd, bytes, n), 0);
	bool ok = maildrop_read(fd, &a, &m, why);
	close(fd);
	return ok;
}

static void
whole_file(struct buf *out, const struct maildrop *m)
{
	CLEAN_MAILDROP struct maildrop_draft d = { .fd = -1 };
	char name[256];

	ck_assert_int_eq(maildrop_start(&d, dir, m), 0);
	ck_assert_int_eq(maildrop_add(&d, "content\r\n", 9), 0);
	ck_assert_int_eq(maildrop_commit(&d), 0);
	only_name(name);
	CLEAN_FD int fd = openat(dir, name, O_RDONLY);
	ck_assert_int_eq(fd_read_all(fd, out, 4096), 0);
	ck_assert_int_eq(unlinkat(dir, name, 0), 0);
}

START_TEST(every_prefix_is_refused)
{
	CLEAN_BUF struct buf file = { 0 };
	const char *why = NULL;

	whole_file(&file, &sample);
	ck_assert(reads(file.text, file.len, &why));
	for (size_t n = 0; n < file.len; n++)
		ck_assert(!reads(file.text, n, &why));
	buf_addc(&file, 'x');
	ck_assert(!reads(file.text, file.len, &why));
	ck_assert_str_eq(why, "not of the length it says");
}
END_TEST

START_TEST(no_changed_byte_does_harm)
{
	CLEAN_BUF struct buf file = { 0 };
	const char *why = NULL;

	whole_file(&file, &sample);
	for (size_t i = 0; i < file.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			file.text[i] = (char)(file.text[i] ^ 1 << bit);
			(void)reads(file.text, file.len, &why);
			file.text[i] = (char)(file.text[i] ^ 1 << bit);
		}
}
END_TEST

static const struct {
	struct maildrop m;
	const char *rcpt;
	const char *why;
} bad[] = {
	{ { .flags = 1u << 31, .sender = "a" }, "b", "malformed fields" },
	{ { .sender = "a\r\nb" }, "b", "malformed sender" },
	{ { .sender = "a@b@c..d" }, "b", "malformed sender" },
	{ { .sender = "" }, "", "malformed recipient" },
	{ { .sender = "" }, "a\nb", "malformed recipient" },
	{ { .sender = "" }, "@b.c", "malformed recipient" },
	{ { .sender = "" }, NULL, "malformed list of recipients" },
};

START_TEST(bad_field_is_refused)
{
	CLEAN_BUF struct buf file = { 0 };
	struct maildrop m = bad[_i].m;
	const char *list[] = { bad[_i].rcpt };
	const char *why = "";

	m.rcpts = list;
	m.n_rcpts = bad[_i].rcpt != NULL ? 1 : 0;
	whole_file(&file, &m);
	ck_assert(!reads(file.text, file.len, &why));
	ck_assert_str_eq(why, bad[_i].why);
}
END_TEST

START_TEST(a_file_with_two_names_is_refused)
{
	CLEAN_BUF struct buf file = { 0 };
	const char *why = "";

	whole_file(&file, &sample);
	ck_assert(reads(file.text, file.len, &why));
	ck_assert_int_eq(linkat(dir, "x", dir, "y", 0), 0);
	ck_assert(!reads(file.text, file.len, &why));
	ck_assert_str_eq(why, "not a plain file with one name");
}
END_TEST

START_TEST(names)
{
	ck_assert(maildrop_name_is_whole("m123-4f-0"));
	ck_assert(!maildrop_name_is_whole("m"));
	ck_assert(!maildrop_name_is_whole(""));
	ck_assert(!maildrop_name_is_whole("m../x"));
	ck_assert(!maildrop_name_is_whole("mX"));
	ck_assert(!maildrop_name_is_whole(
	    "m00000000000000000000000000000000000000000000000"));
	ck_assert(!maildrop_name_is_draft("x1"));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("maildrop");
	TCase *t = tcase_create("maildrop");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, what_is_written_is_read);
	tcase_add_test(t, what_is_not_committed_is_gone);
	tcase_add_test(t, every_prefix_is_refused);
	tcase_add_test(t, no_changed_byte_does_harm);
	tcase_add_loop_test(t, bad_field_is_refused, 0, ARRAY_LEN(bad));
	tcase_add_test(t, a_file_with_two_names_is_refused);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
