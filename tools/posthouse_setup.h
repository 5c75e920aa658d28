/*
 * posthouse setup: users, first configuration, folders, alias table.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* The verb: argv[0] is "setup".  Gives a code of sysexits(3), or 1 where
 * --check found something to do. */
int posthouse_setup(int argc, char **argv);
