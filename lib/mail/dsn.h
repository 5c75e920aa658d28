/*
 * dsn - the fate of a recipient, and how it is said.
 *
 * Enhanced status codes are RFC 3463's, class.subject.detail.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

enum outcome {
	OUTCOME_NONE,
	OUTCOME_SENT,
	OUTCOME_DEFER,
	OUTCOME_BOUNCE,
};

/* Whose fault a deferral is: the scheduler parks a destination that could not
 * be reached, and lets clocks stand still while the resolver fails. */
enum fault {
	FAULT_NONE,
	FAULT_MESSAGE,     /* this message or this address */
	FAULT_DESTINATION, /* nobody there answered, or it refused to talk; of a
			      bounce: the DNS names nobody */
	FAULT_RESOLVER,    /* the DNS did not answer */
	FAULT_LOCAL,       /* our own trouble: disk, memory, agent lost */
};

#define DSN_STATUS_MAX 16 /* "5.999.999" and its NUL */

/* Where a fate was decided: filled in there, and carried unchanged. */
struct dsn {
	enum outcome outcome;
	enum fault fault;
	char status[DSN_STATUS_MAX];
	const char *text; /* printable; in the arena of what it is about */
};

/* One of these; the status must be one (log_panic). */
struct dsn dsn_of(enum outcome outcome, enum fault fault, const char *status,
    const char *text);

/* "2.1.5" in front of a reply's text: gives the text behind it and the code.
 * MATCH_BAD never comes; MATCH_NO leaves both untouched. */
enum match dsn_split(const char *text, char status[DSN_STATUS_MAX],
    const char **rest);
bool dsn_is_status(const char *status);

/* What an SMTP reply code means: 2xx sent, 5xx bounce, all else defer; and the
 * status to say where the reply had none. */
enum outcome dsn_outcome_of_code(int code);
const char *dsn_status_of_code(int code);

/* "sent", "deferred", "bounced" as the log says it. */
const char *dsn_word(enum outcome outcome);
