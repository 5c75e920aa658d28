/*
 * posthouse - the command of the administrator.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "posthouse.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "param.h"
#include "posthouse_setup.h"
#include "str.h"

/* clang-format off */
static const struct verb {
	const char *word;
	verb_fn *run;
	const char *arguments;
	const char *text;
} verbs[] = {
	{ "setup",  posthouse_setup,  "[--check] [--replace]",
	  "makes users, folders and a first configuration" },
	{ "start",  posthouse_start,  "[--foreground]",
	  "starts the mail system; returns when it works" },
	{ "stop",   posthouse_stop,   "",
	  "stops it; what is under way may end first" },
	{ "reload", posthouse_reload, "",
	  "takes up a changed configuration, cutting no session" },
	{ "status", posthouse_status, "[--json] [--rights]",
	  "shows the programs, and what each may do" },
	{ "check",  posthouse_check,  "[--offline] [--json]",
	  "looks for what is wrong here and in the DNS, and says the mend" },
	{ "passwd", posthouse_passwd, "USER [--stdin] [--delete]",
	  "makes, changes or removes the password of a user of AUTH" },
	{ "recipients", posthouse_recipients,
	  "export|import|list|drop [ARGUMENT]...",
	  "carries lists of recipients from a primary to its backup" },
	{ "route",  posthouse_route,  "ADDRESS...",
	  "shows where a message would go, and why; sends nothing" },
	{ "dkim",   posthouse_dkim,   "new DOMAIN | show|check [DOMAIN]",
	  "makes keys of DKIM, shows their DNS records, puts them into use" },
	{ "spf",    posthouse_spf,    "IP DOMAIN|ADDRESS [HELO]",
	  "shows whether a host may send for a domain, term by term" },
	{ "srs",    posthouse_srs,    "rotate|ADDRESS...",
	  "changes the secret of SRS; shows what becomes of a sender, and back" },
};
/* clang-format on */

static const char *conf_dir;

const char *
posthouse_conf_dir(void)
{
	return conf_dir;
}

void
posthouse_say(const char *lines)
{
	struct slice rest = slice_of(lines);
	struct slice line;

	while (slice_next_part(&rest, '\n', &line))
		if (line.len > 0)
			fprintf(stderr, "posthouse: %.*s\n", (int)line.len,
			    line.at);
}

static const struct verb *
find_verb(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (str_eq(word, verbs[i].word))
			return &verbs[i];
	return NULL;
}

static void
say_usage(FILE *to, const struct verb *v)
{
	fprintf(to, "usage: posthouse [-c DIR] %s%s%s\n", v->word,
	    v->arguments[0] != '\0' ? " " : "", v->arguments);
}

int
posthouse_usage(const char *verb)
{
	const struct verb *v = find_verb(verb);

	if (v != NULL)
		say_usage(stderr, v);
	return EX_USAGE;
}

static void
help(FILE *to)
{
	fputs("usage: posthouse [-c DIR] VERB [ARGUMENT]...\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(to, "  %s%s%s\n\t%s\n", verbs[i].word,
		    verbs[i].arguments[0] != '\0' ? " " : "",
		    verbs[i].arguments, verbs[i].text);
	fputs("  --version [--build]\n"
	      "\tsays the version, and what was built in\n"
	      "  --help\n\tsays this; posthouse(8) says more\n",
	    to);
}

/* The table that configure printed: lines parted by bars, each a word and its
 * text. */
static void
show_build(void)
{
	struct slice rest = SLICE(BUILD_TABLE);
	struct slice line;

	while (slice_next_part(&rest, '|', &line)) {
		struct slice word;

		if (slice_next_part(&line, ' ', &word))
			printf("%-12.*s%.*s\n", (int)word.len, word.at,
			    (int)line.len, line.at);
	}
}

static int
version(int argc, char **argv)
{
	if (argc == 1) {
		printf("posthouse %s\n", PACKAGE_VERSION);
		return EX_OK;
	}
	if (argc == 2 && str_eq(argv[1], "--build")) {
		show_build();
		return EX_OK;
	}
	help(stderr);
	return EX_USAGE;
}

/* -c DIR may stand in front of the verb or behind it, and is remembered in the
 * environment for whoever looks there; gives the number of arguments that are
 * left. */
static int
take_conf_dir(int argc, char **argv)
{
	const char *option = NULL;
	int left = 1;

	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "-c") && i + 1 < argc)
			option = argv[++i];
		else
			argv[left++] = argv[i];
	argv[left] = NULL;
	conf_dir = param_conf_dir(option);
	if (setenv("POSTHOUSE_CONF", conf_dir, 1) < 0)
		log_fatal("%s: %m", conf_dir);
	return left;
}

int
main(int argc, char **argv)
{
	log_name("posthouse");
	clock_start();
	argc = take_conf_dir(argc, argv);
	if (argc < 2) {
		help(stderr);
		return EX_USAGE;
	}
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "help")) {
		help(stdout);
		return EX_OK;
	}
	if (str_eq(argv[1], "--version"))
		return version(argc - 1, argv + 1);

	const struct verb *v = find_verb(argv[1]);
	if (v == NULL) {
		fprintf(stderr,
		    "posthouse: %s: there is no such verb: see --help\n",
		    argv[1]);
		return EX_USAGE;
	}
	if (argc == 3 && str_eq(argv[2], "--help")) {
		say_usage(stdout, v);
		printf("%s; posthouse(8) says more\n", v->text);
		return EX_OK;
	}
	return v->run(argc - 1, argv + 1);
}
