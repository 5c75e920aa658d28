/*
 * What `posthouse status` shows.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Lines for people, or one JSON object (its form: posthouse(8)). */
void status_text(struct buf *out);
void status_json(struct buf *out);
