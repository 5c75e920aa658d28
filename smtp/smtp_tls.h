/*
 * smtp_tls - TLS towards other hosts: a connection by a policy, and whether the
 * host has proved what the policy asks for.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "smtp_outcome.h"

/* Before the rights are given up: the policies and the trusted CAs. */
void smtp_tls_open(void);

/* Whom we talk with, and how. */
struct smtp_tls_peer {
	const struct smtp_tls_policy *policy;
	const struct smtp_host *host;
	const char *nexthop;
	const char *relay; /* for the log; lives as long as the connection */
};

/* A connection for the client's side; NULL with no memory. */
MUST_CHECK SSL *smtp_tls_new(const struct smtp_tls_peer *peer);

/* What the other side has proved. */
struct smtp_tls_proof {
	const char *word; /* for the log: Anonymous, Untrusted, Trusted,
			     Verified */
	const char *why;  /* it is not what the policy asks for; else NULL */
	enum smtp_tls_result result; /* with why: what is wrong */
	const char *reason;          /* the library's word on it, or "" */
};
struct smtp_tls_proof smtp_tls_judge(const struct smtp_tls_peer *peer,
    SSL *ssl);

/* A line on the certificate that it has shown, if any. */
void smtp_tls_tell(const struct smtp_tls_peer *peer, SSL *ssl);
