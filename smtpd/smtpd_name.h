/*
 * smtpd_name - the name of a client, as far as the DNS confirms it.
 *
 * The name that the PTR record of the address gives counts only where that
 * name has the address; anything else is "unknown", and whether that is because
 * the DNS did not say is told with it.  What was found is kept for a while for
 * the next connection of the same client, and no client waits longer than
 * NAME_PATIENCE for its greeting.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dns.h"
#include "loop.h"

#define NAME_PATIENCE ((int64_t)5000)
#define NAME_UNKNOWN  "unknown"

struct smtpd_name_found {
	const char *name;    /* confirmed, or NAME_UNKNOWN */
	const char *reverse; /* what the PTR record says, or NAME_UNKNOWN */
	bool doubt;          /* the name may be another one: no answer */
	bool reverse_doubt;
};

#define NAME_NOTHING                                      \
	((struct smtpd_name_found){ .name = NAME_UNKNOWN, \
	    .reverse = NAME_UNKNOWN })

struct smtpd_name;
typedef void smtpd_name_fn(struct smtpd_name *n,
    const struct smtpd_name_found *found);

/* A question; all zero is none. */
struct smtpd_name {
	struct dns_query *query;
	struct loop_timer timer;
	smtpd_name_fn *found;
	char *addr;
	char *name; /* what the PTR record says */
};

/* Calls found once, perhaps before this returns. */
void smtpd_name_ask(struct smtpd_name *n, const char *addr,
    smtpd_name_fn *found);

/* Forgets the question. */
void smtpd_name_drop(struct smtpd_name *n);
