/*
 * smtpd_srs - recipients at srs_domain that stand for a sender whose mail we
 * have forwarded.
 *
 * The signing seal knows whom, for it has the secrets.  Its hash is the
 * permission: who has such an address may write to that one sender through this
 * host, whatever his own sender is, since hosts that check a sender before they
 * take mail do not all do it with the null one.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "smtpd_conn.h"

bool smtpd_srs_is(const struct addr *rcpt);

/* Asks; smtpd_policy_srs() hears of it later. */
struct smtpd_verdict smtpd_srs_ask(struct smtpd_conn *c, const char *address);

/* The question is not answered any more. */
void smtpd_srs_drop(struct smtpd_conn *c);

/* What arrives from seal. */
chan_fn smtpd_srs_answered;
