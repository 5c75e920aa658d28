/*
 * report_gzip - gzip (RFC 1952), by zlib.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Appends the bytes, compressed. */
void report_gzip(struct buf *out, const void *bytes, size_t n);
