/*
 * sts_policy - MTA-STS (RFC 8461): what a domain says of its MX hosts.
 *
 * A domain announces a policy by a TXT record at _mta-sts.DOMAIN, whose id
 * changes with the policy; the policy itself lies at
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt.  Strict parsers, pure.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

#define STS_ID_MAX      ((size_t)32)
#define STS_POLICY_PATH "/.well-known/mta-sts.txt"
#define STS_POLICY_MAX  ((size_t)65536)
#define STS_MX_MAX      ((size_t)256)       /* patterns of a policy */
#define STS_MAX_AGE_TOP ((int64_t)31557600) /* seconds (RFC 8461 3.2) */

enum sts_mode {
	STS_NONE, /* as if there were no policy */
	STS_TESTING,
	STS_ENFORCE,
};

struct sts_policy {
	enum sts_mode mode;
	int64_t max_age; /* seconds */
	const char *mx;  /* patterns in lower case, parted by blanks */
	size_t n_mx;
};

/* "none", "testing", "enforce". */
const char *sts_mode_name(enum sts_mode mode);

/* Whether a TXT record at _mta-sts.DOMAIN is one of these at all; others are
 * passed over, and of these there must be one alone. */
bool sts_txt_is_ours(struct slice record);

/* The id of such a record. */
MUST_CHECK bool sts_txt_parse(struct slice record, char id[STS_ID_MAX + 1],
    const char **why);

/* The next field of a record of that shape, "name=value" between semicolons
 * (TLSRPT's is one too), and whether an extension's value is well-formed. */
MUST_CHECK enum match sts_field_next(struct slice *rest, struct slice *name,
    struct slice *value);
bool sts_extension_is_valid(struct slice value);

/* A policy; strings are in the arena.  max_age is cut to what is allowed. */
MUST_CHECK bool sts_policy_parse(struct arena *a, struct slice text,
    struct sts_policy *out, const char **why);

/* Whether one of the patterns is the host's: its name, or "*." and all of its
 * name but the first label (RFC 8461 4.1). */
bool sts_mx_matches(const char *patterns, const char *host);
