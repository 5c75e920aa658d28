/*
 * mconf - the parts of the command: showing, editing, checking, the manual.
 *
 * Each gives an exit code; what is wrong goes to standard error.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Which names and values to show. */
struct mconf_show {
	bool set_only;   /* -n */
	bool defaults;   /* -d */
	bool value_only; /* -h */
	bool expanded;   /* -x */
};

/* The parameters named in names (NULL at the end), or all where there is
 * none. */
int mconf_show(const struct mconf_show *how, char **names);

/* Puts each "name=value" (NULL at the end) into main.conf. */
int mconf_edit(char **settings);

/* Whether the configuration as a whole could take force. */
int mconf_check(void);

/* The list of main.conf(5). */
int mconf_manual(void);
