/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_outcome.h"

static const char *const names[SMTP_TLS_RESULTS] = {
	[SMTP_TLS_GOOD] = "",
	[SMTP_TLS_NOT_OFFERED] = "starttls-not-supported",
	[SMTP_TLS_NAME_MISMATCH] = "certificate-host-mismatch",
	[SMTP_TLS_EXPIRED] = "certificate-expired",
	[SMTP_TLS_NOT_TRUSTED] = "certificate-not-trusted",
	[SMTP_TLS_FAILED] = "validation-failure",
	[SMTP_TLS_TLSA_INVALID] = "tlsa-invalid",
	[SMTP_TLS_DNSSEC_INVALID] = "dnssec-invalid",
	[SMTP_TLS_DANE_REQUIRED] = "dane-required",
	[SMTP_TLS_STS_FETCH_ERROR] = "sts-policy-fetch-error",
	[SMTP_TLS_STS_INVALID] = "sts-policy-invalid",
	[SMTP_TLS_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
};

static smtp_outcome_fn *listener;

const char *
smtp_tls_result_name(enum smtp_tls_result result)
{
	return names[result];
}

void
smtp_outcome_to(smtp_outcome_fn *fn)
{
	listener = fn;
}

bool
smtp_outcome_is_wanted(void)
{
	return listener != NULL;
}

void
smtp_outcome_tell(const struct smtp_tls_outcome *o)
{
	if (listener != NULL)
		listener(o);
}
