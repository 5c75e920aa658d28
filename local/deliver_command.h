/*
 * deliver_command - how a command line becomes arguments.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "deliver.h"

#define DELIVER_ARGS_MAX 100
#define DELIVER_ENV_MAX  32

/* The words of the line as they stand, or /bin/sh -c LINE where a shell would
 * see more than words in it; ends in NULL.  Strings are in the arena or are the
 * line itself. */
void deliver_split_command(struct arena *a, const char *line,
    const char *argv[DELIVER_ARGS_MAX + 1]);
