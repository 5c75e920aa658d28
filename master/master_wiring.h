/*
 * Who is wired to whom: the table of doc/architecture.md.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"

/* True where a process of the one role talks to one of the other. */
bool wiring_has(enum role from, enum role to);

/* True where `from` of an old generation gets a channel to `to` of the new one:
 * what the old cleanup still takes in is for the new qmgr, and only that one
 * can try a destination. */
bool wiring_hands_over(enum role from, enum role to);
