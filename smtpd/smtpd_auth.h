/*
 * smtpd_auth - AUTH (RFC 4954): the engine's part, which knows lines and base64
 * and nothing of passwords.
 *
 * The dialogue of a mechanism is the state SMTPD_AUTH: each line of the client
 * is its answer to a challenge, until the program behind smtpd_calls has
 * decided.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

/* RFC 4954 4.: AUTH, and each answer, with its line end. */
#define SMTPD_AUTH_LINE_MAX ((size_t)12288)

/* The command; the verdict of the program (334: text is the challenge in
 * base64); and an answer. */
int smtpd_say_auth(struct smtpd_session *s, const char *args);
int smtpd_hear_auth(struct smtpd_session *s, struct smtpd_verdict v);
int smtpd_auth_answer(struct smtpd_session *s, const char *line);

/* Says that AUTH is not there. */
int smtpd_auth_disabled(struct smtpd_session *s);

/* The dialogue ends without an answer to the client. */
void smtpd_auth_drop(struct smtpd_session *s);

/* What the client has proved is forgotten (RFC 3207 4.2). */
void smtpd_auth_forget(struct smtpd_session *s);

/* Whether the bytes begin with AUTH and a blank: such a line may be longer. */
bool smtpd_is_auth(const char *bytes, size_t n);
