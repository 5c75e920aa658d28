/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tool.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "param.h"
#include "str.h"

enum {
	OPTION_HELP = 1000, /* behind all letters */
	OPTION_VERSION,
};

static const struct option common[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
};

static const struct tool *tool;
static const char *conf_option;
static struct option longs[TOOL_LONGS + ARRAY_LEN(common) + 1];
static struct buf letters;

void
tool_start(const struct tool *t)
{
	size_t n = 0;

	tool = t;
	log_name(t->name);
	for (; t->longs != NULL && t->longs[n].name != NULL; n++) {
		assert(n < TOOL_LONGS);
		longs[n] = t->longs[n];
	}
	memcpy(&longs[n], common, sizeof(common));
	buf_addf(&letters, "%sc:", t->letters);
}

static void
say_version(void)
{
	if (printf("%s (Posthouse) %s\n", tool->name, PACKAGE_VERSION) < 0)
		tool_end(EX_IOERR);
}

int
tool_next(int argc, char **argv)
{
	for (;;) {
		int letter = getopt_long(argc, argv, buf_str(&letters), longs,
		    NULL);

		switch (letter) {
		case 'c':
			conf_option = optarg;
			continue;
		case OPTION_HELP:
			(void)fputs(tool->help, stdout); /* seen below */
			tool_end(EX_OK);
		case OPTION_VERSION:
			say_version();
			tool_end(EX_OK);
		case '?':
			tool_usage();
		default:
			return letter;
		}
	}
}

const char *
tool_conf_dir(void)
{
	return param_conf_dir(conf_option);
}

void
tool_load(void)
{
	CLEAN_BUF struct buf errors = { 0 };

	if (param_load(tool_conf_dir(), NULL, &errors))
		return;
	tool_say_lines(&errors);
	exit(EX_CONFIG);
}

static void PRINTFLIKE(1, 0) say(const char *fmt, va_list ap)
{
	CLEAN_BUF struct buf line = { 0 };

	buf_addf(&line, "%s: ", tool->name);
	buf_vaddf(&line, fmt, ap);
	buf_addc(&line, '\n');
	(void)fputs(buf_str(&line), stderr); /* nowhere else to say it */
}

void
tool_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
tool_say_lines(const struct buf *lines)
{
	struct slice rest = { buf_str(lines), lines->len };
	struct slice line;

	while (slice_next_part(&rest, '\n', &line))
		tool_say("%.*s", (int)line.len, line.at);
}

void
tool_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(code);
}

void
tool_usage(void)
{
	struct slice rest = slice_of(tool->help);
	struct slice line;

	while (slice_next_part(&rest, '\n', &line) &&
	    (str_starts(line.at, "usage:") || line.at[0] == ' '))
		(void)fprintf(stderr, "%.*s\n", (int)line.len,
		    line.at); /* nowhere else to say it */
	exit(EX_USAGE);
}

void
tool_end(int code)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		exit(code);
	tool_fail(EX_IOERR, "standard output: cannot be written");
}
