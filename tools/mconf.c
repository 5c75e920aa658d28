/*
 * mconf - what is configured, and changing it.
 *
 * It knows no parameter by name: all comes from the table (lib/mail/param.def).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "mconf.h"

#include "tool.h"

enum {
	OPTION_CHECK = 256,
};

static const struct option longs[] = {
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ 0 },
};

static const struct tool tool = {
	.name = "mconf",
	.letters = "ndhxem",
	.longs = longs,
	.help = "usage: mconf [-c DIR] [-dhnx] [NAME ...]\n"
		"       mconf [-c DIR] -e NAME=VALUE ...\n"
		"       mconf [-c DIR] --check\n"
		"Shows the parameters of main.conf, all or those that are "
		"named.\n"
		"  -d         defaults\n"
		"  -n         only those that main.conf sets\n"
		"  -h         values without names\n"
		"  -x         values with every $name expanded\n"
		"  -e         puts settings into main.conf\n"
		"  -m         writes the list of main.conf(5), in mdoc(7)\n"
		"  --check    says what is wrong with main.conf and "
		"master.conf\n"
		"  -c DIR     the folder of main.conf\n"
		"  --help     this text\n"
		"  --version  the version\n",
};

/* What is to be done, besides showing. */
struct wish {
	bool edit, check, manual;
};

static void
take_option(int letter, struct mconf_show *how, struct wish *wish)
{
	switch (letter) {
	case 'n':
		how->set_only = true;
		break;
	case 'd':
		how->defaults = true;
		break;
	case 'h':
		how->value_only = true;
		break;
	case 'x':
		how->expanded = true;
		break;
	case 'e':
		wish->edit = true;
		break;
	case 'm':
		wish->manual = true;
		break;
	case OPTION_CHECK:
		wish->check = true;
		break;
	default:
		tool_usage();
	}
}

int
main(int argc, char **argv)
{
	struct mconf_show how = { 0 };
	struct wish wish = { 0 };
	int letter;

	tool_start(&tool);
	while ((letter = tool_next(argc, argv)) != -1)
		take_option(letter, &how, &wish);
	if (wish.edit + wish.check + wish.manual > 1 ||
	    (how.set_only && how.defaults) ||
	    ((wish.check || wish.manual) && optind < argc))
		tool_usage();

	if (wish.edit)
		tool_end(mconf_edit(argv + optind));
	if (wish.check)
		tool_end(mconf_check());
	if (wish.manual)
		tool_end(mconf_manual());
	tool_end(mconf_show(&how, argv + optind));
}
