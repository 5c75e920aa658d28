/*
 * keys_ticket - the secrets with which session tickets are sealed.
 *
 * They are made here because all processes of a service must have the same.
 * Each service has its own, made from one secret: a ticket of one listener
 * opens nothing at another.  A new secret comes every hour, and the last
 * one is still good for reading; neither outlives this process.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

#define KEYS_TICKET_TIME ((int64_t)3600 * 1000)

/* A new secret takes the place of the last one. */
void keys_ticket_renew(void);

/* The message (msg.def: ticket) for a service, of the secret in force or of the
 * last one; false where there is none. */
MUST_CHECK bool keys_ticket_put(struct buf *packet, const char *service,
    bool last);
