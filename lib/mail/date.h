/*
 * date - times as mail writes them.
 *
 * In the local time zone; clock_start() has loaded it before a chroot.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Appends the date-time of RFC 5322 3.3 for milliseconds since 1970: "Sat, 21
 * Nov 2026 18:56:09 +0100 (CET)". */
void date_put(struct buf *out, int64_t ms);
