/*
 * seal_judge - messages from outside, judged for cleanup.
 *
 * The keys of all signatures are asked for at once, and the body is read
 * meanwhile, a piece of each message in turn, so that a big one holds nobody
 * up.  Each question is answered within JUDGE_PATIENCE; one that is too many is
 * answered with temperror at once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

#define JUDGE_PATIENCE ((int64_t)20000)

chan_fn seal_judge_ask;
void seal_judge_peer_ended(const struct chan *c);
uint32_t seal_judge_busy(void);
