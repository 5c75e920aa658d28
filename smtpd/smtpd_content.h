/*
 * smtpd_content - what comes between 354 and the dot.
 *
 * A message ends at CRLF.CRLF and nowhere else.  Every variant with a bare CR
 * or a bare LF that some other server takes for an end ("SMTP smuggling") ends
 * the session instead, so no two servers can disagree about where a message
 * ends.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

/* Reads content, gives it on without its dot-stuffing, and how many bytes were
 * taken.  At the end of the data *ended is set. */
size_t smtpd_content(struct smtpd_session *s, const char *bytes, size_t n,
    bool *ended);

/* True where an LF without CR is let pass. */
bool smtpd_lf_is_line(void);

/* A line ending that only an attacker or a broken client sends: refuses and
 * closes. */
void smtpd_bare(struct smtpd_session *s, const char *what);
