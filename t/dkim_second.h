/*
 * dkim_second - libopendkim as a second opinion, where it is installed.  It is
 * loaded at run time, because it has functions of the same names as ours.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* False where there is none. */
MUST_CHECK bool second_open(void);

/* The key record of a name, or NULL. */
typedef const char *second_key_fn(const char *name);

/* How many of the signatures of a message are good; -1: it cannot say. */
int second_verify(const char *message, size_t len, second_key_fn *look_up);

/* Puts a signature in front of a message, relaxed or simple both. */
MUST_CHECK bool second_sign(struct buf *message, const char *pem,
    const char *domain, const char *selector, bool ed25519, bool relaxed);
