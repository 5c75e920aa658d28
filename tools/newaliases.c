/*
 * newaliases - builds the tables of alias_database from their text files.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build_table.h"
#include "param.h"
#include "tool.h"

static const struct tool tool = {
	.name = "newaliases",
	.letters = "",
	.help = "usage: newaliases [-c DIR]\n"
		"Builds the alias tables that alias_database names from their "
		"text files.\n"
		"  -c DIR     the folder of main.conf\n"
		"  --help     this text\n"
		"  --version  the version\n",
};

/* In a process of its own, because it may give up its rights. */
static int
build(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(build_table(path, SOURCE_ALIASES));
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
		tool_say("%s: the building process failed", path);
		return EX_OSERR;
	}
	return WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	struct slice rest;
	struct slice item;
	int worst = EX_OK;

	tool_start(&tool);
	if (tool_next(argc, argv) != -1 || optind < argc)
		tool_usage();
	tool_load();

	rest = slice_of(params.alias_database);
	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf spec = { 0 };
		buf_add(&spec, item.at, item.len);
		const char *path = build_table_path(buf_str(&spec));
		if (path == NULL)
			tool_fail(EX_CONFIG,
			    "alias_database: %s: only lmdb: can be built",
			    buf_str(&spec));
		int code = build(path);
		worst = code != EX_OK ? code : worst;
	}
	tool_end(worst);
}
