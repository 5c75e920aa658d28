/*
 * auth_login - the dialogues of clients of smtpd, one a stream of a channel.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "auth_work.h"
#include "chan.h"

/* What arrives from smtpd. */
chan_fn auth_login_begin, auth_login_next, auth_login_abort;

/* What auth_work found. */
auth_work_fn auth_login_checked;

/* smtpd is gone, and its dialogues. */
void auth_login_peer_ended(const struct chan *c);

size_t auth_login_count(void);
