/*
 * route - what a recipient's domain means here, and where its mail goes.
 *
 * Worked out anew at each attempt, from parameters and tables; nothing is
 * stored with a message.  Opened before the rights are given up.
 *
 * Nothing in a local part is a route: user%other@here is the user
 * "user%other" here.  Mail to postmaster of a virtual domain that has none
 * goes to the local one (RFC 5321 4.5.1).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "arena.h"
#include "buf.h"
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
	bool
	    backup; /* it is in backup_mx_domains, where no class comes first */
	const char
	    *transport;      /* "smtp", "local", "error", "retry", "discard" */
	const char *nexthop; /* "example.org", "[10.0.0.1]:25", text of error */
	const char *address; /* rewritten for the transport */
};

/* why is the name of a parameter and what is wrong with it, until the next
 * call. */
MUST_CHECK bool route_open(const char **why);
void route_close(void);

/* The class of a domain; FOUND_FAILED where a table could not say. */
enum found route_classify(const char *domain, enum route_class *out);

/* FOUND_ONE: out is filled, strings in the arena.  FOUND_NONE: why is a dsn
 * of refusal (unknown user of a virtual alias domain ...).  FOUND_FAILED:
 * later, why says so.  The transports error, retry and discard are FOUND_ONE
 * like any other. */
enum found route_resolve(struct arena *a, const char *sender,
    const char *address, struct route *out, struct dsn *why);

/* Where the mail of a local user goes once his aliases and .forward files have
 * been followed: mailbox_transport, or fallback_transport of one who is not
 * here, and the tables that are asked before them.  user is without extension,
 * in lower case.  FOUND_NONE: nowhere else; it is for local. */
enum route_box {
	ROUTE_BOX_USER,
	ROUTE_BOX_NOBODY
};
enum found route_mailbox(struct arena *a, enum route_box which,
    const char *user, const char *address, struct route *out);

/* Whether the recipient is known (RCPT time).  `remote` is set, with
 * FOUND_NONE, where only the lookup program can say (a local user; key in
 * *user): the caller asks it and takes its word.  There may be an account with
 * a delimiter in its name, so the whole local part is asked about first; where
 * it is nobody, route_user_base() is. */
enum found route_rcpt_known(struct arena *a, const char *address,
    enum route_class class, bool *remote, const char **user);

/* The user without the extension; NULL where there is none. */
const char *route_user_base(struct arena *a, const char *user);

/* Whether relocated_maps say that the user of an address has moved; where to,
 * is in the arena. */
enum found route_moved(struct arena *a, const char *address, const char **to);

/* What sender_bcc_maps or recipient_bcc_maps have for an address. */
enum route_bcc {
	ROUTE_SENDER_BCC,
	ROUTE_RECIPIENT_BCC
};
enum found route_bcc(struct arena *a, enum route_bcc which, const char *address,
    struct buf *out);

/* What virtual_alias_maps have for an address: the value, and the extension
 * that is to be added to each address in it. */
enum found route_virtual_alias(struct arena *a, const char *address,
    struct buf *out, struct buf *ext);
