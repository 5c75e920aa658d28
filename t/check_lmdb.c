/*
 * lmdb tables and their sources: built, asked, rebuilt under readers.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "table.h"
#include "table_lmdb.h"
#include "table_type.h"

#define NOBODY   65534
#define REBUILDS 6
#define KEYS     2000

#define TEMPLATE "/tmp/check_lmdb.XXXXXX"

static char dir[sizeof(TEMPLATE)];
static struct buf path; /* dir/t */
static struct buf spec; /* lmdb:dir/t */

static void
setup(void)
{
	memcpy(dir, TEMPLATE, sizeof(dir));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	buf_addf(&path, "%s/t", dir);
	buf_addf(&spec, "lmdb:%s/t", dir);
}

static void
teardown(void)
{
	CLEAN_BUF struct buf command = { 0 };

	buf_addf(&command, "%s" LMDB_SUFFIX, buf_str(&path));
	(void)unlink(buf_str(&command)); /* may not be there */
	ck_assert_int_eq(rmdir(dir), 0);
	buf_free(&path);
	buf_free(&spec);
}

static void
build(const char *text)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf messages = { 0 };
	const char *why = "";

	ck_assert_msg(source_parse(&s, SOURCE_TABLE, "text", slice_of(text),
			  &messages),
	    "%s", buf_str(&messages));
	ck_assert_msg(lmdb_rebuild(buf_str(&path), &s, NULL, &why), "%s", why);
}

/* KEYS keys, all with the same value. */
static void
build_many(int value)
{
	CLEAN_BUF struct buf text = { 0 };

	for (int i = 0; i < KEYS; i++)
		buf_addf(&text, "key%d@example.org value%d\n", i, value);
	build(buf_str(&text));
}

static struct table *
open_table(void)
{
	const char *why = "";
	struct table *t = table_open(buf_str(&spec), &why);

	ck_assert_msg(t != NULL, "%s", why);
	return t;
}

static void
expect(struct table *t, const char *key, const char *want)
{
	CLEAN_BUF struct buf out = { 0 };

	ck_assert_int_eq(table_get(t, key, &out),
	    want != NULL ? FOUND_ONE : FOUND_NONE);
	ck_assert_str_eq(buf_str(&out), want != NULL ? want : "");
}

START_TEST(a_rebuild_is_seen_at_once)
{
	build("a 1\nB 2\n");
	struct table *t = open_table();
	expect(t, "a", "1");
	expect(t, "A", "1");
	expect(t, "b", "2");
	expect(t, "", NULL);
	expect(t, "c", NULL);

	build("b 3\nc 4\n");
	expect(t, "a", NULL);
	expect(t, "b", "3");
	expect(t, "c", "4");
	table_close(&t);
}
END_TEST

START_TEST(a_table_may_outgrow_its_map)
{
	CLEAN_BUF struct buf text = { 0 };

	build("a 1\n");
	struct table *t = open_table();
	expect(t, "a", "1");
	for (int i = 0; i < 60000; i++)
		buf_addf(&text, "key%d %0900d\n", i, i);
	build(buf_str(&text));
	expect(t, "a", NULL);
	for (int i = 0; i < 60000; i += 5999) {
		CLEAN_BUF struct buf key = { 0 };
		CLEAN_BUF struct buf want = { 0 };
		buf_addf(&key, "key%d", i);
		buf_addf(&want, "%0900d", i);
		expect(t, buf_str(&key), buf_str(&want));
	}
	table_close(&t);
}
END_TEST

START_TEST(keys_have_a_greatest_length)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf messages = { 0 };

	for (int i = 0; i < SOURCE_KEY_MAX; i++)
		buf_addc(&text, 'k');
	buf_adds(&text, " v");
	build(buf_str(&text));
	struct table *t = open_table();
	buf_cut(&text, SOURCE_KEY_MAX);
	expect(t, buf_str(&text), "v");
	buf_addc(&text, 'k');
	expect(t, buf_str(&text), NULL);
	table_close(&t);

	buf_adds(&text, " v");
	ck_assert(!source_parse(&s, SOURCE_TABLE, "text",
	    slice_of(buf_str(&text)), &messages));
	ck_assert_ptr_nonnull(strstr(buf_str(&messages), "longer than 511"));
}
END_TEST

static bool
count(void *arg, const char *key, const char *value)
{
	struct buf *all = arg;

	buf_addf(all, "%s=%s;", key, value);
	return true;
}

START_TEST(a_key_can_be_listed_and_deleted)
{
	CLEAN_BUF struct buf all = { 0 };
	const char *why = "";

	build("b 2\na 1\n");
	struct table *t = open_table();
	ck_assert(table_each(t, count, &all));
	ck_assert_str_eq(buf_str(&all), "a=1;b=2;");
	ck_assert_int_eq(lmdb_delete(buf_str(&path), "A", &why), FOUND_ONE);
	ck_assert_int_eq(lmdb_delete(buf_str(&path), "a", &why), FOUND_NONE);
	expect(t, "a", NULL);
	expect(t, "b", "2");
	table_close(&t);
	ck_assert_int_eq(lmdb_delete("/nonexistent/t", "a", &why),
	    FOUND_FAILED);
	ck_assert_ptr_nonnull(strstr(why, "/nonexistent/t.lmdb: cannot open"));
}
END_TEST

START_TEST(the_source_is_remembered)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf file = { 0 };
	const char *why = "";
	struct stat st, now;

	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert(lmdb_rebuild(buf_str(&path), &s, &st, &why));
	ck_assert_int_eq(lmdb_is_fresh(buf_str(&path), &st, &why), FOUND_ONE);
	st.st_size++;
	ck_assert_int_eq(lmdb_is_fresh(buf_str(&path), &st, &why), FOUND_NONE);
	buf_addf(&file, "%s" LMDB_SUFFIX, buf_str(&path));
	ck_assert_int_eq(stat(buf_str(&file), &now), 0);
	ck_assert_int_eq(now.st_mode & 07777, (st.st_mode & 0666) | 0600);
}
END_TEST

START_TEST(what_is_no_table_is_left_alone)
{
	CLEAN_BUF struct buf file = { 0 };
	CLEAN_SOURCE struct source s = { 0 };
	const char *why = "";

	buf_addf(&file, "%s" LMDB_SUFFIX, buf_str(&path));
	FILE *f = fopen(buf_str(&file), "w");
	ck_assert_int_gt(fprintf(f, "%04096d", 7), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_null(table_open(buf_str(&spec), &why));
	ck_assert(!lmdb_rebuild(buf_str(&path), &s, NULL, &why));
	ck_assert_msg(strstr(why, "remove it, build it again") != NULL, "%s",
	    why);
}
END_TEST

START_TEST(writers_take_turns)
{
	CLEAN_BUF struct buf file = { 0 };

	build("a 1\n");
	struct table *t = open_table();
	buf_addf(&file, "%s" LMDB_SUFFIX, buf_str(&path));
	CLEAN_FD int fd = open(buf_str(&file), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	int64_t start = clock_mono();
	pid_t pid = fork();
	if (pid == 0) {
		build("a 2\n");
		_exit(0);
	}
	usleep(400000);
	expect(t, "a", "1");
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_ge(clock_mono() - start, 400);
	expect(t, "a", "2");
	table_close(&t);
}
END_TEST

/* Looks up until the last generation is seen; exits with what went wrong.  As
 * root it does so without rights and in an empty root folder. */
static void
read_under_rebuilds(struct table *t, const char *empty)
{
	int seen = 0;

	if (getuid() == 0 &&
	    (chroot(empty) < 0 || chdir("/") < 0 || setgroups(0, NULL) < 0 ||
		setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(2);
	for (int i = 0; seen < REBUILDS; i = (i + 7) % KEYS) {
		struct buf key = { 0 };
		struct buf out = { 0 };
		buf_addf(&key, "key%d@example.org", i);
		if (table_get(t, buf_str(&key), &out) != FOUND_ONE)
			_exit(3);
		int value = (int)strtol(buf_str(&out) + 5, NULL, 10);
		if (value < seen || value > REBUILDS)
			_exit(4);
		seen = value;
		buf_free(&key);
		buf_free(&out);
	}
	_exit(0);
}

START_TEST(readers_see_old_or_new_while_it_is_rebuilt)
{
	CLEAN_BUF struct buf empty = { 0 };
	pid_t readers[2];

	buf_addf(&empty, "%s/empty", dir);
	ck_assert_int_eq(mkdir(buf_str(&empty), 0755), 0);
	build_many(0);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct table *t = open_table();
		readers[i] = fork();
		if (readers[i] == 0)
			read_under_rebuilds(t, buf_str(&empty));
		table_close(&t);
	}
	for (int i = 1; i <= REBUILDS; i++)
		build_many(i);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		int status = -1;
		ck_assert_int_eq(waitpid(readers[i], &status, 0), readers[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(rmdir(buf_str(&empty)), 0);
}
END_TEST

/* ---- aliases ---- */

static const struct {
	const char *text, *key, *value;
} aliases[] = {
	{ "root: alice\n", "root", "alice" },
	{ "Root : alice, bob\n\tcarol\n", "root", "alice, bob\tcarol" },
	{ "\"a: b\": c\n", "a: b", "c" },
	{ "# c\nprog: \"|/bin/x y: z\"\n", "prog", "\"|/bin/x y: z\"" },
	{ "list: :include:/x\n", "list", ":include:/x" },
	{ "a: b\na: c\n", "a", "b" },
	{ "user@host: b\n", "user@host", "b" },
};

START_TEST(aliases_are_read)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf messages = { 0 };

	ck_assert_msg(source_parse(&s, SOURCE_ALIASES, "aliases",
			  slice_of(aliases[_i].text), &messages),
	    "%s", buf_str(&messages));
	const struct source_entry *e = map_gets(&s.keys, aliases[_i].key);
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->value, aliases[_i].value);
}
END_TEST

static const struct {
	const char *text, *message;
} bad_aliases[] = {
	{ "root alice\n", "aliases:1: root alice: there is no colon" },
	{ "\nroot:\n", "aliases:2: root: there is no member" },
	{ ": x\n", "aliases:1: : x: there is no name" },
	{ "\"\": x\n", "aliases:1: \"\": x: there is no name" },
	{ "a: \"|x\n", "aliases:1: a: \"|x: a quote has no partner" },
	{ " a: b\n", "aliases:1: a: b: white space" },
};

START_TEST(bad_aliases_are_refused)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf messages = { 0 };

	ck_assert(!source_parse(&s, SOURCE_ALIASES, "aliases",
	    slice_of(bad_aliases[_i].text), &messages));
	ck_assert_msg(str_starts(buf_str(&messages), bad_aliases[_i].message),
	    "%s", buf_str(&messages));
}
END_TEST

START_TEST(every_prefix_of_aliases_is_taken_or_refused)
{
	for (size_t n = 0; n <= strlen(aliases[_i].text); n++) {
		CLEAN_SOURCE struct source s = { 0 };
		CLEAN_BUF struct buf messages = { 0 };
		struct slice text = { aliases[_i].text, n };
		ck_assert(source_parse(&s, SOURCE_ALIASES, "aliases", text,
			      &messages) ||
		    messages.len > 0);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("lmdb");
	TCase *t = tcase_create("lmdb");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_rebuild_is_seen_at_once);
	tcase_add_test(t, a_table_may_outgrow_its_map);
	tcase_add_test(t, keys_have_a_greatest_length);
	tcase_add_test(t, a_key_can_be_listed_and_deleted);
	tcase_add_test(t, the_source_is_remembered);
	tcase_add_test(t, what_is_no_table_is_left_alone);
	tcase_add_test(t, writers_take_turns);
	tcase_add_test(t, readers_see_old_or_new_while_it_is_rebuilt);
	tcase_add_loop_test(t, aliases_are_read, 0, ARRAY_LEN(aliases));
	tcase_add_loop_test(t, bad_aliases_are_refused, 0,
	    ARRAY_LEN(bad_aliases));
	tcase_add_loop_test(t, every_prefix_of_aliases_is_taken_or_refused, 0,
	    ARRAY_LEN(aliases));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
