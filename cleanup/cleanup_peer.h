/*
 * cleanup_peer - what other programs say to cleanup, and what it answers.
 *
 * Each feeder (smtpd, bounce, pickup) has a channel with many messages under
 * way, told apart by stream numbers.  A message that is lost is answered at
 * once; what its feeder had sent before it heard of that is passed over.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "program.h"

/* The queue folder, opened before the rights are given up. */
void cleanup_peer_open(int queue_fd);

/* For program_run(). */
extern const struct program_calls cleanup_peer_calls;
