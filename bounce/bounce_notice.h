/*
 * bounce_notice - notifications under way: asked for by qmgr, handed to
 * cleanup, answered when cleanup has them safe on disk.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The handlers of notice (from qmgr or pickup) and mail_done (from cleanup). */
chan_fn bounce_notice, bounce_done;

/* The channel is gone: what cleanup had fails, and qmgr asks again; what qmgr
 * or pickup asked for goes on without an answer. */
void bounce_peer_ended(struct chan *c);

/* How many are under way. */
uint32_t bounce_under_way(void);
