/*
 * seal_judge - messages from outside, judged for cleanup.
 *
 * The keys of all signatures are asked for at once, and the body is read
 * meanwhile, a piece of each message in turn, so that a big one holds nobody
 * up.  Each question is answered within JUDGE_PATIENCE.  One that is too many
 * waits in line for JUDGE_LINE_PATIENCE before, and is in doubt then; at once
 * where the line is full, or too much memory is in use.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

#define JUDGE_PATIENCE      ((int64_t)20000)
#define JUDGE_LINE_PATIENCE ((int64_t)8000)

chan_fn seal_judge_ask;
void seal_judge_peer_ended(const struct chan *c);
uint32_t seal_judge_busy(void);
