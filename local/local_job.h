/*
 * local_job - the jobs of qmgr, from their coming to the last answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* Handlers of messages (see chan.h). */
chan_fn local_job_start, local_job_cancel, local_job_answer,
    local_job_delivered;

/* A peer is gone: its questions are failed with "later", its jobs go on for
 * nobody. */
void local_job_peer_ended(struct chan *c);

uint32_t local_job_busy(void);
