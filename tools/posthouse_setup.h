/*
 * posthouse setup: users, first configuration, folders, alias table.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* The verb: argv[0] is "setup".  Gives a code of sysexits(3), or 1 where
 * --check found something to do. */
int posthouse_setup(int argc, char **argv);

/* Looks at the folders of the parameters that are loaded: calls wrong for each
 * that is missing, or has another owner or mode than it must have. */
void posthouse_setup_folders(void (*wrong)(void *arg, const char *path,
				 const char *what),
    void *arg);
