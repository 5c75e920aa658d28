/*
 * route - what a recipient's domain means here, and where its mail goes.
 *
 * Worked out anew at each attempt, from parameters and tables; nothing is stored
 * with a message.  Opened before the rights are given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "arena.h"
#include "dsn.h"

enum route_class {             /* Postfix's address classes */
	ROUTE_LOCAL,           /* mydestination, our own literals */
	ROUTE_VIRTUAL_ALIAS,   /* virtual_alias_domains */
	ROUTE_VIRTUAL_MAILBOX, /* virtual_mailbox_domains */
	ROUTE_RELAY,           /* relay_domains, backup_mx_domains */
	ROUTE_OTHER,
};

struct route {
	enum route_class class;
	const char
	    *transport;      /* "smtp", "local", "error", "retry", "discard" */
	const char *nexthop; /* "example.org", "[10.0.0.1]:25", text of error */
	const char *address; /* rewritten for the transport */
};

MUST_CHECK bool route_open(const char **why);
void route_close(void);

/* The class of a domain; FOUND_FAILED where a table could not say. */
enum found route_classify(const char *domain, enum route_class *out);

/* FOUND_ONE: out is filled, strings in the arena.  FOUND_NONE: why is a dsn of
 * refusal (unknown user of a virtual alias domain ...).  FOUND_FAILED: later. */
enum found route_resolve(struct arena *a, const char *sender,
    const char *address, struct route *out, struct dsn *why);

/* Whether the recipient is known (RCPT time).  `remote` is set where only the
 * lookup program can say (a local user; key in *user): the caller asks it and
 * takes its word. */
enum found route_rcpt_known(struct arena *a, const char *address,
    enum route_class class, bool *remote, const char **user);
