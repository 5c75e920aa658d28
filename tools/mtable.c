/*
 * mtable - builds, asks, lists and changes look-up tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "build_table.h"
#include "table_lmdb.h"
#include "table_type.h"
#include "tool.h"

#define EXIT_NOT_FOUND 1

static const struct tool tool = {
	.name = "mtable",
	.letters = "q:sd:",
	.help = "usage: mtable [-c DIR] [-q KEY | -s | -d KEY] [TYPE:]NAME\n"
		"Without an option, builds the table lmdb:FILE from the text "
		"FILE.\n"
		"  -q KEY     prints the value of the key; 1 where there is "
		"none, 75 on errors;\n"
		"             with - as the key, reads keys, a line each, and "
		"prints \"key value\"\n"
		"  -s         prints all keys and values\n"
		"  -d KEY     deletes a key from an lmdb table; 1 where there "
		"is none\n"
		"  -c DIR     is accepted, as by every command\n"
		"  --help     this text\n"
		"  --version  the version\n",
};

static struct table *
open_or_fail(const char *spec)
{
	CLEAN_BUF struct buf full = { 0 };
	const char *why;

	buf_addf(&full, "%s%s", strchr(spec, ':') == NULL ? "lmdb:" : "", spec);
	struct table *t = table_open(buf_str(&full), &why);
	if (t == NULL)
		tool_fail(EX_TEMPFAIL, "%s", why);
	return t;
}

/* A command can ask what a confined program leaves to lookup. */
static enum found
get_passwd(const char *key, struct buf *out)
{
	const struct passwd *pw = getpwnam(key);

	if (pw == NULL)
		return FOUND_NONE;
	buf_addf(out, "%s:%s:%u:%u:%s:%s:%s", pw->pw_name, pw->pw_passwd,
	    pw->pw_uid, pw->pw_gid, pw->pw_gecos, pw->pw_dir, pw->pw_shell);
	return FOUND_ONE;
}

static enum found
get(struct table *t, const char *key, struct buf *out)
{
	return table_is_remote(t) ? get_passwd(key, out)
				  : table_get(t, key, out);
}

static void
check_answer(const struct table *t, enum found found)
{
	if (found == FOUND_FAILED)
		tool_fail(EX_TEMPFAIL, "%s: the table cannot answer",
		    table_spec(t));
}

static int
query(struct table *t, const char *key)
{
	CLEAN_BUF struct buf out = { 0 };
	enum found found = get(t, key, &out);

	check_answer(t, found);
	if (found == FOUND_NONE)
		return EXIT_NOT_FOUND;
	(void)puts(buf_str(&out)); /* tool_end() sees a failure */
	return EX_OK;
}

/* Keys from standard input; 0 where one of them was found. */
static int
query_lines(struct table *t)
{
	int code = EXIT_NOT_FOUND;
	CLEAN_STR char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) >= 0) {
		CLEAN_BUF struct buf out = { 0 };
		if (n > 0 && line[n - 1] == '\n')
			line[n - 1] = '\0';
		enum found found = get(t, line, &out);
		check_answer(t, found);
		if (found == FOUND_NONE)
			continue;
		(void)printf("%s %s\n", line,
		    buf_str(&out)); /* tool_end() sees a failure */
		code = EX_OK;
	}
	return code;
}

static bool
print_entry(void *arg, const char *key, const char *value)
{
	(void)arg;
	return printf("%s %s\n", key, value) >= 0;
}

static int
list(struct table *t)
{
	if (table_type_of(t)->each == NULL)
		tool_fail(EX_USAGE,
		    "%s: the keys of this type cannot be listed",
		    table_spec(t));
	if (!table_each(t, print_entry, NULL))
		tool_fail(EX_TEMPFAIL, "%s: the table could not be read whole",
		    table_spec(t));
	return EX_OK;
}

static int delete (const char *spec, const char *key)
{
	const char *path = build_table_path(spec);
	const char *why;

	if (path == NULL)
		tool_fail(EX_USAGE, "%s: only keys of lmdb: can be deleted",
		    spec);
	enum found found = lmdb_delete(path, key, &why);
	if (found == FOUND_FAILED)
		tool_fail(EX_TEMPFAIL, "%s", why);
	return found == FOUND_ONE ? EX_OK : EXIT_NOT_FOUND;
}

/* Other types are read as they are: opening one checks it. */
static int
build(const char *spec)
{
	const char *path = build_table_path(spec);

	if (path != NULL)
		return build_table(path, SOURCE_TABLE);

	struct table *t = open_or_fail(spec);
	tool_say("%s: is in order; this type needs no building", spec);
	table_close(&t);
	return EX_OK;
}

static int
ask(const char *spec, const char *key, bool all)
{
	struct table *t = open_or_fail(spec);
	int code;

	if (all)
		code = list(t);
	else if (str_eq(key, "-"))
		code = query_lines(t);
	else
		code = query(t, key);
	table_close(&t);
	return code;
}

int
main(int argc, char **argv)
{
	const char *wanted = NULL, *doomed = NULL;
	bool all = false;
	int letter;

	tool_start(&tool);
	while ((letter = tool_next(argc, argv)) != -1) {
		if (letter == 'q')
			wanted = optarg;
		else if (letter == 'd')
			doomed = optarg;
		else
			all = true;
	}
	if (argc - optind != 1 || (wanted != NULL) + (doomed != NULL) + all > 1)
		tool_usage();

	const char *spec = argv[optind];
	if (wanted != NULL || all)
		tool_end(ask(spec, wanted, all));
	if (doomed != NULL)
		tool_end(delete (spec, doomed));
	tool_end(build(spec));
}
