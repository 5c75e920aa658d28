/*
 * qmgr_peer - the programs beside the queue manager come and go.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

struct chan;

void peer_come(struct chan *c);

/* It died, or was replaced: what it had in hand is tried again, and what a
 * cleanup has not told of any more is looked for on the disk. */
void peer_gone(struct chan *c);
