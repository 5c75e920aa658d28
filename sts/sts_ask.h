/*
 * sts_ask - questions of smtp, and their answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The rule's handler: sts_ask. */
bool sts_ask(struct chan *c, const void *body, size_t len, int fd);

void sts_ask_peer_ended(struct chan *c);
