/*
 * Reading main.conf and master.conf whole, as every program will.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* False with all errors, a line each; out is then empty. */
MUST_CHECK bool conf_load(struct conf *out, const char *dir,
    struct buf *errors);
void conf_free(struct conf *c);

/* Whether an enabled section has that role. */
bool conf_has(const struct conf *c, enum role role);

/* The value that the service's own section gives to a parameter, or NULL; for
 * the caller to free. */
char *conf_override(const struct service *s, const char *name);
