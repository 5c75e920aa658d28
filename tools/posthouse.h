/*
 * posthouse - the verbs of the command, and what they share.
 *
 * Each verb stands in a file of its own, tools/posthouse_VERB.c, and has a row
 * in the table of posthouse.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* argv[0] is the verb; the configuration folder is already known.  Gives the
 * exit code (sysexits(3)). */
typedef int verb_fn(int argc, char **argv);

verb_fn posthouse_start, posthouse_stop, posthouse_reload, posthouse_status,
    posthouse_check, posthouse_route, posthouse_recipients, posthouse_spf,
    posthouse_srs, posthouse_dkim, posthouse_passwd;

/* The folder of -c, of the environment, or the built-in one. */
const char *posthouse_conf_dir(void);

/* Says how a verb is used, to who has used it in another way; gives
 * EX_USAGE. */
int posthouse_usage(const char *verb);

/* Says lines of errors, each with the command's name in front. */
void posthouse_say(const char *lines);
