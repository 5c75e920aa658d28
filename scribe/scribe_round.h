/*
 * The lines that came in one round, put into the order of time: each service
 * has a socket of its own, and a reader of the log wants to see the delivery
 * before the removal.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "scribe_line.h"

/* Copies the record; `from` must live until round_each(). */
void round_add(const struct line_source *from, const struct log_record *r);

/* Hands all over, oldest first, and forgets them. */
void round_each(
    void (*fn)(const struct line_source *from, const struct log_record *r));
