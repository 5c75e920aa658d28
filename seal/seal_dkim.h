/*
 * seal_dkim - messages of ours, signed for cleanup.
 *
 * Who signs is chosen by the domain of From.  The body is read a piece of each
 * message in turn, and hashed once for all its signatures.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

chan_fn seal_dkim_ask;
void seal_dkim_peer_ended(const struct chan *c);
uint32_t seal_dkim_busy(void);
uint64_t seal_dkim_count(void);
