/*
 * auth_login - the dialogues of clients of smtpd, one a stream of a channel.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "auth_relay.h"
#include "auth_work.h"
#include "chan.h"

/* What arrives from smtpd. */
chan_fn auth_login_begin, auth_login_next, auth_login_abort;

/* What auth_work found. */
auth_work_fn auth_login_checked;

/* What Dovecot says, whether it has been asked anything, and that nothing more
 * comes from it. */
void auth_login_answered(struct auth_relay *r, const struct dovecot_answer *a);
bool auth_login_idle(const struct auth_relay *r);
void auth_login_lost(struct auth_relay *r);

/* smtpd is gone, and its dialogues. */
void auth_login_peer_ended(const struct chan *c);

size_t auth_login_count(void);
