/*
 * qmgr_turn - whose turn it is.  Inner part of qmgr_sched.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr_sched.h"

/* A job to start, or a message to load for one; false where nobody can go. */
bool turn_next(struct sched *s, struct sched_event *e);
