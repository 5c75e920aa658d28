/*
 * smtpd_domain - what a restriction wants to know of the DNS (restrict.h).
 *
 * The steps of a question are asked one behind the other until one of them
 * decides.  All bits zero is no question.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dns.h"
#include "restrict.h"

struct smtpd_domain {
	struct dns_query *query;
	struct arena *arena; /* where answers go */
	const char *name;
	void (*known)(struct smtpd_domain *d); /* d->found is filled in */
	struct restrict_found found;
	enum restrict_question question;
	uint8_t step;
	bool asking; /* smtpd_domain_ask() has not returned */
	bool done;
};

/* True where the answer is in d->found now, else known() is called later.  The
 * name must live as long as the arena. */
MUST_CHECK bool smtpd_domain_ask(struct smtpd_domain *d, struct arena *arena,
    enum restrict_question question, const char *name,
    void (*known)(struct smtpd_domain *d));

/* Nobody waits for it any more. */
void smtpd_domain_drop(struct smtpd_domain *d);
