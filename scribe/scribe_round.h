/*
 * The lines that came, put into the order of time: each service has a socket of
 * its own, and a reader of the log wants to see the delivery before the
 * removal.  A program collects its lines for some milliseconds, so a young line
 * stays until older ones of others cannot come any more.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "scribe_line.h"

/* Microseconds: longer than a program keeps a line, and some for its round. */
#define ROUND_HOLD ((int64_t)25000)

/* Copies the record; `from` must live until it was handed over. */
void round_add(const struct line_source *from, const struct log_record *r);

/* Hands over what is old enough by the clock (microseconds since 1970),
 * oldest first, and forgets it; ROUND_ALL: all.  Gives how many stay. */
#define ROUND_ALL INT64_MAX
size_t round_each(int64_t now,
    void (*fn)(const struct line_source *from, const struct log_record *r));
