/*
 * smtp_auth - the client's AUTH (RFC 4954): who we are, behind EHLO and under
 * TLS where there is TLS.
 *
 * What is said comes from the program auth, which alone has the passwords: the
 * engine wishes (auth.wish), the owner of the connection asks, and gives the
 * answer to smtp_client_login().  Where auth has no password for the host, both
 * talk to each other like strangers; where it has one and it cannot be used,
 * mail waits.  Inner part of smtp_client.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_client.h"

/* In place of the mail, where the setup says so; what to hear next. */
enum smtp_stage smtp_auth_begin(struct smtp_client *c);

/* What auth has to say; what to hear next. */
enum smtp_stage smtp_auth_told(struct smtp_client *c,
    const struct msg_login_say *said);

/* The host's reply. */
enum smtp_stage smtp_auth_hear(struct smtp_client *c);

void smtp_auth_free(struct smtp_auth *a);
