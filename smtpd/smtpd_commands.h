/*
 * smtpd_commands - which commands there are, when they may be said, and where
 * they lead.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

/* Obeys one line, without its CRLF.  Exactly one reply is queued, now or by
 * smtpd_commands_heard().  `more` is what the client sent behind it. */
void smtpd_commands_line(struct smtpd_session *s, const char *line,
    struct slice more);

/* A line that cannot be a command: 500 5.5.2 and this text. */
void smtpd_commands_bad(struct smtpd_session *s, const char *text);

/* The end of the data was read. */
void smtpd_commands_data_end(struct smtpd_session *s);

/* The answer that the last command waited for. */
void smtpd_commands_heard(struct smtpd_session *s, struct smtpd_verdict v);

/* Something improper was sent behind (or before) s->where: says so in the log,
 * and ends the session where it is forbidden, or always.  False: it is let
 * pass. */
bool smtpd_commands_improper(struct smtpd_session *s, struct slice what,
    bool always);

/* " ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4", for the log's last line. */
void smtpd_commands_counts(const struct smtpd_session *s, struct buf *out);
