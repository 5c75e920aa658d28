/*
 * tool - what all commands have in common: -c DIR, --help, --version, errors
 * as "command: what is wrong: what to do", the exit codes of sysexits(3).
 *
 *	static const struct tool tool = {
 *		.name = "mtable", .letters = "q:sd:", .help = "usage: ...",
 *	};
 *	tool_start(&tool);
 *	while ((letter = tool_next(argc, argv)) != -1)
 *		...                       optarg, as getopt_long(3)
 *	operands from argv[optind] on
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <getopt.h>
#include <sysexits.h>

#include "util.h"

struct buf;

struct tool {
	const char *name;
	const char *letters;        /* options of its own, as getopt(3) */
	const struct option *longs; /* its long options, or NULL; at most
				       TOOL_LONGS */
	const char *help;
};

#define TOOL_LONGS 24

void tool_start(const struct tool *tool);

/* The next option of its own, -1 at the end.  The common ones are done here;
 * an unknown one ends the command with EX_USAGE. */
int tool_next(int argc, char **argv);

/* Where the configuration is. */
const char *tool_conf_dir(void);

/* Reads main.conf, or says what is wrong and ends with EX_CONFIG. */
void tool_load(void);

/* "command: text" on standard error; a buf of lines, each like that. */
void tool_say(const char *fmt, ...) PRINTFLIKE(1, 2);
void tool_say_lines(const struct buf *lines);

NORETURN void tool_fail(int code, const char *fmt, ...) PRINTFLIKE(2, 3);

/* Says how the command is used and ends with EX_USAGE. */
NORETURN void tool_usage(void);

/* Flushes standard output; ends with EX_IOERR where something was not written,
 * else with the code. */
NORETURN void tool_end(int code);
