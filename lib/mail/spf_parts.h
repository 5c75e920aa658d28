/*
 * spf_parts - what the files of the SPF evaluator share: private to spf*.c.
 *
 * A run walks the records depth first, as the RFC describes it.  Where an
 * answer is missing it is written down as a need and the run fails; so does it
 * where a limit is reached or the DNS failed, with the result in the verdict.
 * MATCH_BAD, NULL and false mean that everywhere here: leave at once, all is
 * said.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "spf.h"
#include "spf_macro.h"

#define SPF_TERMS_MAX 10
#define SPF_VOIDS_MAX 2
#define SPF_NAMES_MAX 10 /* of an MX or PTR answer */

/* What the DNS said, kept; and the SPF record among it, read once. */
struct spf_answer {
	struct dns_answer dns;
	struct spf_record *record;
	const char *why;        /* there is none */
	enum spf_result result; /* then */
	bool read;
};

/* One domain's record while it is walked. */
struct spf_frame {
	const char *domain;
	const struct spf_record *record;
	unsigned int depth;
};

/* The evaluation ends with this. */
enum match spf_fail(struct spf *e, enum spf_result result, const char *domain,
    const char *why);

/* What is known, or NULL: the run waits for it. */
struct spf_answer *spf_ask(struct spf *e, const char *name, enum dns_type type);

/* The same for a term: failure of the DNS ends the evaluation, and finding
 * nothing is counted. */
const struct dns_answer *spf_ask_for_term(struct spf *e, const char *domain,
    const char *name, enum dns_type type);

/* Keeps for a step what a term has asked for, and what there was. */
void spf_note(struct spf *e, const char *name, const struct dns_answer *answer);

/* One more look-up of a term that found nothing. */
MUST_CHECK bool spf_count_void(struct spf *e, const char *domain);

enum dns_type spf_address_type(const struct spf *e);
bool spf_same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits);

/* True where the client is in one of the networks of the addresses. */
bool spf_is_among(const struct spf *e, const struct dns_answer *answer,
    const struct spf_term *t);

/* A name to ask for, without its dot at the end, shortened from the left to
 * what a name can be (RFC 7208 7.3); NULL where it is none. */
const char *spf_make_name(struct spf *e, struct slice name);

/* sub is the domain, or below it. */
bool spf_is_within(const char *sub, const char *domain);

/* Has the name the client's address?  An error is no. */
enum match spf_is_validated(struct spf *e, const char *name);

/* Expands checked text; false where the run waits for the client's name. */
MUST_CHECK bool spf_expand(struct spf *e, const struct spf_frame *f,
    struct slice text, enum spf_text kind, struct buf *out);

/* The name that a domain-spec stands for, that of the record where it is empty;
 * *name is NULL where it can be no name.  False where the run waits. */
MUST_CHECK bool spf_target(struct spf *e, const struct spf_frame *f,
    struct slice spec, const char **name);

/* check_host() of RFC 7208 4.  outermost: a fail here is the verdict, so it is
 * explained. */
MUST_CHECK bool spf_check_domain(struct spf *e, const char *domain,
    unsigned int depth, bool outermost, struct spf_verdict *out);
