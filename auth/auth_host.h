/*
 * auth_host - logs smtp in to other hosts: the passwords of
 * smtp_sasl_password_maps, and one dialogue a stream of a channel.
 *
 * A password leaves this program only as what the mechanism says, so what takes
 * a host's words apart never holds one, but for PLAIN and LOGIN.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* Before the rights are given up.  Ends in log_fatal where a table cannot be
 * opened. */
void auth_host_open(void);

/* What arrives from smtp. */
chan_fn auth_host_login, auth_host_next, auth_host_drop;

/* smtp is gone, and its dialogues. */
void auth_host_peer_ended(const struct chan *c);

size_t auth_host_count(void);
