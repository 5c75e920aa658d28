/*
 * smtp_probe - asks a host whether it knows a recipient, for callout: the
 * dialogue of a delivery up to RCPT, with the same choice of hosts.
 *
 * The first host that answers RCPT decides.  One that did not answer a moment
 * ago is not tried again for a probe, so that a dead host costs its time limit
 * once and not with every question.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The rule's handler: probe_rcpt. */
bool smtp_probe_start(struct chan *c, const void *body, size_t len, int fd);

/* callout is gone: nobody waits for the answers. */
void smtp_probe_peer_ended(struct chan *c);

size_t smtp_probe_count(void);
