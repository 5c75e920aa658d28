/*
 * seal_spf - smtpd's questions about senders, answered.
 *
 * Both identities are evaluated at once: the HELO name, and MAIL FROM where it
 * is not null (RFC 7208 2.3, 2.4).  Each question is answered within
 * SPF_PATIENCE; one that is too many is answered with temperror at once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

chan_fn seal_spf_ask;
void seal_spf_peer_ended(struct chan *c);
uint32_t seal_spf_busy(void);
