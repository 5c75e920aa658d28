/*
 * dkim_verify - are a message's DKIM signatures good (RFC 6376, 8301, 8463)?
 *
 *	struct dkim_verify v = { 0 };
 *
 *	dkim_verify_start(&v, header, now);
 *	for each i with dkim_verify_need(&v, i): ask for TXT of that name
 *	        and dkim_verify_key(&v, i, &answer) when it is there
 *	while dkim_verify_wants_body(&v): dkim_verify_body(&v, bytes, n)
 *	dkim_verify_end(&v);       once keys and body have come
 *	use v.judged
 *	dkim_verify_free(&v);
 *
 * A pure engine: it neither asks the DNS nor reads a clock.  Keys and body may
 * come in any order; each part of a body is hashed at most twice, however many
 * signatures there are.
 *
 * Of a message at most DKIM_JUDGED_MAX signatures are judged, the upper ones.
 * What the RFC leaves open is decided so (doc/authentication.md): a signature
 * that has expired, or was made in the future, fails; one of rsa-sha1 or with a
 * key of under 1024 bits is "policy"; one that covers only a part of the body
 * passes, with a reason, and is not whole; of several key records at one name
 * any may fit; a failure under a key that is being tested (t=y) is neutral.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_fields.h"
#include "dkim_key.h"
#include "dns.h"

#define DKIM_PRESENT_MAX 200 /* fields looked at */
#define DKIM_JUDGED_MAX  20
#define DKIM_RECORDS_MAX 3     /* of one name */
#define DKIM_RECORD_MAX  16384 /* bytes of one */

struct dkim_judged {
	struct dkim_signature signature; /* as much as could be read */
	enum dkim_result result;
	const char *why;  /* of what is no pass; also of some passes */
	bool whole;       /* a pass that covers all of the body */
	const char *need; /* where its key is; NULL: not asked for */
	size_t cut;       /* of the body, where it has l */
};

struct dkim_verify {
	struct dkim_judged judged[DKIM_JUDGED_MAX];
	size_t n;
	size_t present; /* DKIM-Signature fields, up to DKIM_PRESENT_MAX */
	struct arena arena;
	struct dkim_fields fields;
	struct dkim_body bodies[2]; /* by enum dkim_canon */
	bool wants[2];
};

/* The header (fields with their line ends) is borrowed until the end; now is in
 * milliseconds since 1970. */
void dkim_verify_start(struct dkim_verify *v, struct slice header, int64_t now);

/* The name whose TXT records decide about the i-th, or NULL. */
const char *dkim_verify_need(const struct dkim_verify *v, size_t i);
void dkim_verify_key(struct dkim_verify *v, size_t i,
    const struct dns_answer *answer);

bool dkim_verify_wants_body(const struct dkim_verify *v);
void dkim_verify_body(struct dkim_verify *v, const void *bytes, size_t n);

/* A key that has not come by now is a temperror; so is, with `broken`, the
 * body. */
void dkim_verify_end(struct dkim_verify *v, bool broken);

/* Appends what Authentication-Results says: "; dkim=..." of each, or of
 * none. */
void dkim_verify_results(const struct dkim_verify *v, struct buf *out);

void dkim_verify_free(struct dkim_verify *v);
