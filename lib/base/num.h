/*
 * num - numbers, durations and sizes from text, and back.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* A decimal number, the whole text, between min and max; out is untouched on
 * failure. */
MUST_CHECK bool num_parse(const char *text, int64_t min, int64_t max,
    int64_t *out);

/* The same for bytes that do not end in a NUL. */
MUST_CHECK bool num_parse_len(const char *text, size_t len, int64_t min,
    int64_t max, int64_t *out);

/* "90s", "5m", "4h", "1d", "2w", "500ms"; a bare number counts in `unit` ('s',
 * 'm', 'h', 'd' or 'w').  Out in milliseconds. */
MUST_CHECK bool num_parse_time(const char *text, char unit, int64_t *out_ms);

/* "10240000", "50k", "50m", "2g"; bytes. */
MUST_CHECK bool num_parse_size(const char *text, int64_t *out);

/* An octal mode such as 0660. */
MUST_CHECK bool num_parse_mode(const char *text, unsigned int *out);
