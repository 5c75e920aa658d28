/*
 * seal_sign - seal in its signing role: who we are, towards other hosts.
 *
 * It has no network, and what it needs to know lies in files that were opened
 * before its rights were given up, and that master watches.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* From program_start() on; never returns. */
NORETURN void seal_sign_run(void);
