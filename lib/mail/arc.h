/*
 * arc - who has handled a message, and found what (RFC 8617): the chain of its
 * ARC sets, judged.
 *
 *	struct arc a = { 0 };
 *
 *	arc_start(&a, header, now);
 *	for each i with arc_need(&a, i), until there is none: ask for TXT of
 *	        that name and arc_key(&a, i, &answer)
 *	while arc_wants_body(&a): arc_body(&a, bytes, n)
 *	arc_end(&a, false);
 *	use a.status, a.why
 *	arc_free(&a);
 *
 * A pure engine, as dkim_verify is.  The steps are those of RFC 8617 5.2; every
 * failure is for good, that of the DNS too (5.2.1), and a chain that fails is
 * as good as none.  Of the message signatures the newest alone is judged, and
 * of the seals all; first those of the newest set, so that a forged chain costs
 * two questions.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_fields.h"
#include "dkim_signature.h"
#include "dns.h"

#define ARC_SETS_MAX 50

enum arc_status {
	ARC_NONE,
	ARC_PASS,
	ARC_FAIL,
};

const char *arc_status_name(enum arc_status status);

/* What an ARC-Seal field says. */
struct arc_seal {
	enum dkim_algorithm algorithm;
	const char *domain; /* in lower case */
	const char *selector;
	enum arc_status cv;
	struct slice b; /* decoded */
	struct slice b_raw;
};

/* The fields of one instance, whole; those that are not there are empty. */
struct arc_set {
	struct slice results; /* ARC-Authentication-Results */
	struct slice message; /* ARC-Message-Signature */
	struct slice sealed;  /* ARC-Seal */
	struct arc_seal seal;
	uint8_t digest[DKIM_HASH]; /* of what the seal covers */
};

struct arc {
	struct arena arena;
	struct arc_set *sets;   /* instance 1 at [0] */
	size_t n;               /* 0: there is no chain */
	enum arc_status status; /* ARC_NONE with sets: not judged as yet */
	const char *why;        /* of a failure */
	bool doubt; /* it may be none: a key or the body did not come */
	bool whole; /* the newest signature covers all of the body */
	struct dkim_fields fields;
	struct dkim_signature message; /* the newest one */
	struct dkim_body body;
	bool wants_body;
	size_t cut;
	const char *needs[ARC_SETS_MAX + 1];
	size_t open; /* needs without an answer */
	bool newest; /* the newest set is being judged */
};

/* Reads and checks the structure (steps 1 to 3): the fields of a header, which
 * are borrowed until the end; now in milliseconds since 1970. */
void arc_start(struct arc *a, struct slice header, int64_t now);

/* The name of the key that the newest message signature (0) or the seal of
 * instance i has; NULL where it is not asked for (now). */
const char *arc_need(const struct arc *a, size_t i);
void arc_key(struct arc *a, size_t i, const struct dns_answer *answer);

bool arc_wants_body(const struct arc *a);
void arc_body(struct arc *a, const void *bytes, size_t n);

/* What has not come by now is a failure, with `broken` the body too. */
void arc_end(struct arc *a, bool broken);

/* Appends "; arc=..." for Authentication-Results, with the sealing domains from
 * the newest on, as many as fit into a line; nothing where there is no
 * chain. */
void arc_put(const struct arc *a, const char *client, struct buf *out);

void arc_free(struct arc *a);

/* ---- parts, for sealing and for tests ---- */

/* The sets of a header.  False with why where their structure is not as it must
 * be; *n is the highest instance that was seen then. */
MUST_CHECK bool arc_collect(struct arena *a, struct slice header,
    struct arc_set **sets, size_t *n, const char **why);

/* Fills in what the seals cover (5.1.1): all sets up to their own. */
void arc_hash(struct arc_set *sets, size_t n);
