/*
 * smtpd_vet - questions to callout about recipients whose mailboxes are on
 * other hosts.
 *
 * callout answers each within its own patience, and has the policy of caching
 * and limits; here is only who waits for what.  A callout that dies, or is not
 * there, knows nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "msg.h"
#include "route.h"

/* What is known; strings until the function returns. */
typedef void smtpd_vet_fn(void *owner, const struct msg_vetted *said);

struct smtpd_vetting;

/* Asks: calls back later, and gives the question; NULL where there is nobody to
 * ask. */
MUST_CHECK struct smtpd_vetting *smtpd_vet(const char *address,
    const struct route *route, smtpd_vet_fn *fn, void *owner);

/* The question is not answered any more; NULL is none. */
void smtpd_vet_drop(struct smtpd_vetting **v);

/* What arrives from callout. */
chan_fn smtpd_vet_answered;
