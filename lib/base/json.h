/*
 * json - writing JSON (RFC 8259) texts of our own: strings; the rest is
 * punctuation, which the writer puts himself.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct buf;

/* A string in its quotes.  What is not UTF-8 is written as U+FFFD, a byte a
 * character. */
void json_put_str(struct buf *out, const char *s);
void json_put_text(struct buf *out, const char *text, size_t len);
