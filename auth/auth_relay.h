/*
 * auth_relay - Dovecot decides (smtpd_sasl_type = dovecot): a connection to its
 * socket, and the dialogues on it.
 *
 * This program can connect to nothing: master does, hands the descriptor over,
 * and is asked again when the connection is lost, and every minute, for Dovecot
 * goes on with an old configuration for those who stay.  Without a connection
 * nobody can say who a client is: later.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "auth_dovecot.h"

struct auth_relay;

struct auth_relay_calls {
	/* Its mechanisms are known, perhaps others than before. */
	void (*ready)(struct auth_relay *r);
	void (*answered)(struct auth_relay *r, const struct dovecot_answer *a);
	/* Whether no dialogue is under way. */
	bool (*idle)(const struct auth_relay *r);
	/* Nothing that is under way will be answered. */
	void (*lost)(struct auth_relay *r);
};

/* Asks master for the connection.  At the start, before the rights are given
 * up; calls is for all of them. */
MUST_CHECK struct auth_relay *auth_relay_create(const char *path);
void auth_relay_calls(const struct auth_relay_calls *calls);

const char *auth_relay_path(const struct auth_relay *r);

/* What master says: takes the descriptor, or -1 with the errno. */
void auth_relay_connected(struct auth_relay *r, int fd, int error);

/* Records auth_mech, of the last connection; empty before the first. */
struct slice auth_relay_mechs(const struct auth_relay *r);

/* NULL, or why it cannot be begun or carried on (static).  Answered later. */
MUST_CHECK const char *auth_relay_begin(struct auth_relay *r, uint32_t id,
    const struct msg_auth_begin *m);
MUST_CHECK const char *auth_relay_next(struct auth_relay *r, uint32_t id,
    struct slice response);
void auth_relay_cancel(struct auth_relay *r, uint32_t id);
