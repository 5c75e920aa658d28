/*
 * smtp_tls - TLS towards other hosts: what a next hop is to prove, and whether
 * it has.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "arena.h"
#include "buf.h"

/* Each is stricter than the one before. */
enum smtp_tls_level {
	SMTP_TLS_NONE,
	SMTP_TLS_MAY,         /* where it is offered; else in clear */
	SMTP_TLS_ENCRYPT,     /* never in clear; with anybody */
	SMTP_TLS_FINGERPRINT, /* with who has this certificate or key */
	SMTP_TLS_VERIFY,      /* with who has such a name, by a CA's word */
	SMTP_TLS_SECURE,      /* the same; the name comes from no DNS */
};

struct smtp_tls_policy {
	enum smtp_tls_level level;
	const char *match;      /* names or fingerprints, parted by blanks */
	const char *protocols;  /* "" for those of the level */
	const char *ciphers;    /* the same */
	const char *servername; /* for SNI; "": the host's */
};

/* Before the rights are given up: the tables and the trusted CAs. */
void smtp_tls_open(void);

/* What holds for a next hop; strings live in the arena.  FAILED with why where
 * it cannot be known now: mail waits. */
MUST_CHECK enum found smtp_tls_find(struct arena *a, const char *nexthop,
    struct smtp_tls_policy *out, const char **why);

/* One line of a policy: "secure match=example.org protocols=>=TLSv1.3". */
MUST_CHECK bool smtp_tls_parse(struct arena *a, const char *text,
    struct smtp_tls_policy *out, const char **why);

/* A connection to that host, for the client's side; NULL with no memory. */
MUST_CHECK SSL *smtp_tls_new(const struct smtp_tls_policy *p, const char *host);

/* What the other side has proved. */
struct smtp_tls_proof {
	const char *word; /* for the log: Anonymous, Untrusted, Trusted,
			     Verified */
	const char *why;  /* it is not what the policy asks for; else NULL */
};
struct smtp_tls_proof smtp_tls_judge(const struct smtp_tls_policy *p, SSL *ssl,
    const char *host, const char *nexthop);
