/*
 * conf_warnings - what is possible in main.conf but was hardly meant.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "param.h"
#include "str.h"

/* Calls say for each, with "main.conf:12: name: text". */
typedef void conf_warning_fn(void *arg, const char *text);
void conf_warnings(const char *conf_dir, const struct services *services,
    conf_warning_fn *say, void *arg);

/* Calls missing for each transport that a parameter names and no service is, by
 * params as they were loaded last, and gives their number. */
typedef void conf_transport_fn(void *arg, const char *parameter,
    struct slice transport);
size_t conf_transports(const struct services *services,
    conf_transport_fn *missing, void *arg);
