/*
 * smtp_login - asks the program auth how to log in to a host, for a connection
 * whose engine wishes it (smtp_auth.h).
 *
 * What may be used is decided here: the host's mechanisms, as far as
 * smtp_sasl_mechanism_filter and the security options of clear text or TLS let
 * them pass.  An auth that is dead, or ends, has no answer: mail waits.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

struct smtp_conn;

/* Part of a connection.  All zero: nothing was asked. */
struct smtp_login {
	struct chan *to;
	uint32_t stream;
};

/* Before the rights are given up.  Ends in log_fatal where a list is wrong. */
void smtp_login_open(void);
bool smtp_login_is_wanted(void);

/* After each event of the connection: carries the wish out, and forgets a login
 * that is over. */
void smtp_login_look(struct smtp_conn *c);
void smtp_login_drop(struct smtp_conn *c);

/* What arrives from auth, and its end. */
chan_fn smtp_login_answered;
void smtp_login_peer_ended(const struct chan *c);
