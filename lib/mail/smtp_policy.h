/*
 * smtp_policy - what is asked of the hosts of a next hop, before mail is given
 * to them: a level of TLS and its attributes, by smtp_tls_policy_maps or
 * smtp_tls_security_level.
 *
 * The level of a next hop is not yet that of a host: dane becomes what the
 * host's TLSA records ask for, and the domain's owner may ask for more than may
 * (MTA-STS).  So a policy is first found, and settled when the level is known.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"

enum smtp_tls_level {
	SMTP_TLS_NONE,
	SMTP_TLS_MAY,         /* where it is offered; else in clear */
	SMTP_TLS_ENCRYPT,     /* never in clear; with anybody */
	SMTP_TLS_DANE,        /* with whom the TLSA records name */
	SMTP_TLS_DANE_ONLY,   /* the same, and there must be some */
	SMTP_TLS_FINGERPRINT, /* with who has this certificate or key */
	SMTP_TLS_VERIFY,      /* with who has such a name, by a CA's word */
	SMTP_TLS_SECURE,      /* the same; the name comes from no DNS */
};

/* Whose wish it is (RFC 8460 4.4: policy-type). */
enum smtp_tls_origin {
	SMTP_TLS_OURS,
	SMTP_TLS_BY_DANE,
	SMTP_TLS_BY_STS,
};

struct dane;

struct smtp_tls_policy {
	enum smtp_tls_level level;
	enum smtp_tls_origin origin;
	const char *text;        /* as it is written */
	const char *match;       /* names or fingerprints, parted by blanks */
	const char *protocols;   /* a list for tls_parse_protocols() */
	const char *ciphers;     /* a grade */
	const char *exclude;     /* ciphers that are not used */
	const char *anchors;     /* files with who alone is trusted, or "" */
	const char *servername;  /* for SNI: hostname, nexthop, a name, "" */
	bool no_reuse;           /* a connection carries one mail */
	bool testing;            /* what is not as it should be is reported,
				    and mail goes out as at level may */
	const struct dane *dane; /* at level dane: the records */
};

/* "none", "may" ... */
const char *smtp_tls_level_name(enum smtp_tls_level level);

/* Before the rights are given up; false with why. */
MUST_CHECK bool smtp_policy_open(const char **why);

/* What holds for a next hop, not settled; strings live in the arena.  FAILED
 * with why where it cannot be known now: mail waits. */
MUST_CHECK enum found smtp_policy_find(struct arena *a, const char *nexthop,
    struct smtp_tls_policy *out, const char **why);

/* One line of a policy: "secure match=example.org protocols=>=TLSv1.3". */
MUST_CHECK bool smtp_policy_parse(struct arena *a, const char *text,
    struct smtp_tls_policy *out, const char **why);

/* The level is this one: what was not said is what main.conf says for it. */
void smtp_policy_settle(struct smtp_tls_policy *p, enum smtp_tls_level level);

/* The owner of the domain asks for TLS with a host that proves its name, by a
 * CA's word (RFC 8461 4.2).  Attributes other than match=, tafile= and
 * servername= stay. */
void smtp_policy_obey_sts(struct smtp_tls_policy *p);

/* Every file with trust anchors that main.conf names, and those tables that can
 * be listed; some more than once.  False with why. */
typedef void smtp_policy_file_fn(void *arg, const char *path);
MUST_CHECK bool smtp_policy_each_file(smtp_policy_file_fn *fn, void *arg,
    const char **why);

/* Every line of a table that can be listed and is no policy, with what is wrong
 * with it. */
typedef void smtp_policy_fault_fn(void *arg, const char *nexthop,
    const char *why);
void smtp_policy_each_fault(smtp_policy_fault_fn *fn, void *arg);

/* The name of a word in a match list or in servername: hostname, nexthop,
 * dot-nexthop, or what stands there. */
const char *smtp_policy_name(struct arena *a, const char *word,
    const char *host, const char *nexthop);
