/*
 * conf_warnings - what does no harm in main.conf but was hardly meant.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "param.h"

/* Calls say for each, with "main.conf:12: name: text". */
typedef void conf_warning_fn(void *arg, const char *text);
void conf_warnings(const char *conf_dir, const struct services *services,
    conf_warning_fn *say, void *arg);
