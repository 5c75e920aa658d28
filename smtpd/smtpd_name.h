/*
 * smtpd_name - the name of a client, as far as the DNS confirms it.
 *
 * The name that the PTR record of the address gives counts only where that
 * name has the address; anything else is "unknown".  What was found is kept for
 * a while for the next connection of the same client, and no client waits
 * longer than NAME_PATIENCE for its greeting.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dns.h"
#include "loop.h"

#define NAME_PATIENCE ((int64_t)5000)
#define NAME_UNKNOWN  "unknown"

/* A question; all zero is none. */
struct smtpd_name {
	struct dns_query *query;
	struct loop_timer timer;
	void (*found)(struct smtpd_name *n, const char *name);
	char *addr;
	char *name; /* what the PTR record says */
};

/* Calls found once, perhaps before this returns. */
void smtpd_name_ask(struct smtpd_name *n, const char *addr,
    void (*found)(struct smtpd_name *n, const char *name));

/* Forgets the question. */
void smtpd_name_drop(struct smtpd_name *n);
