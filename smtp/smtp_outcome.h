/*
 * smtp_outcome - what became of TLS in one session with a host, for those who
 * report it to the owner of the domain (RFC 8460).
 *
 * Every session for which TLS was wished has exactly one outcome: success, or
 * the first thing that failed.  A host that was left alone because of what the
 * DNS or the domain's policy says has one too.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_hosts.h"
#include "smtp_policy.h"

/* RFC 8460 4.3. */
enum smtp_tls_result {
	SMTP_TLS_GOOD,
	SMTP_TLS_NOT_OFFERED,
	SMTP_TLS_NAME_MISMATCH,
	SMTP_TLS_EXPIRED,
	SMTP_TLS_NOT_TRUSTED,
	SMTP_TLS_FAILED, /* none of the others: the handshake, mostly */
	SMTP_TLS_TLSA_INVALID,
	SMTP_TLS_DNSSEC_INVALID,
	SMTP_TLS_DANE_REQUIRED,
	SMTP_TLS_STS_FETCH_ERROR,
	SMTP_TLS_STS_INVALID,
	SMTP_TLS_STS_WEBPKI_INVALID,
	SMTP_TLS_RESULTS,
};

struct smtp_tls_outcome {
	const char *nexthop;
	const struct smtp_host *host;
	const char *our_address; /* "" where there was no connection */
	const struct smtp_tls_policy *policy; /* its origin tells whose */
	enum smtp_tls_result result;
	const char *reason; /* more words, or "" */
};

/* "starttls-not-supported" ...; "" of success. */
const char *smtp_tls_result_name(enum smtp_tls_result result);

/* Who wants to know; what the outcome points to lives for the call. */
typedef void smtp_outcome_fn(const struct smtp_tls_outcome *o);
void smtp_outcome_to(smtp_outcome_fn *fn);

/* Somebody does. */
bool smtp_outcome_is_wanted(void);

void smtp_outcome_tell(const struct smtp_tls_outcome *o);
