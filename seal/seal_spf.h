/*
 * seal_spf - smtpd's questions about senders, answered.
 *
 * Both identities are evaluated at once: the HELO name, and MAIL FROM where it
 * is not null (RFC 7208 2.3, 2.4).  Each question is answered within
 * SPF_PATIENCE.  One that is too many waits in line for SEAL_SPF_PATIENCE
 * before, and is answered with temperror then; at once where the line is full.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

#define SEAL_SPF_PATIENCE ((int64_t)20000)

chan_fn seal_spf_ask;
void seal_spf_peer_ended(struct chan *c);
uint32_t seal_spf_busy(void);
