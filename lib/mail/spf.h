/*
 * spf - may this client send for that domain (RFC 7208)?
 *
 *	struct spf e = { 0 };
 *
 *	spf_start(&e, &question, now);
 *	while (!spf_run(&e, now))
 *		for each of e.needs: find out, spf_tell(&e, need, &answer);
 *	use e.verdict
 *	spf_free(&e);
 *
 * A pure engine: it neither asks the DNS nor reads a clock.  Each run begins
 * anew with what is known by now, and either decides or says what else it has
 * to know; the answers are kept in between, so every question is asked once.
 *
 * The limits hold for an evaluation as a whole, includes and redirects with it:
 * 10 terms that ask the DNS, 2 of them that find nothing, 10 names of an MX or
 * PTR answer, SPF_PATIENCE of time, SPF_MEMORY_MAX bytes of answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dns.h"
#include "map.h"
#include "spf_record.h"

#define SPF_PATIENCE   ((int64_t)20000)
#define SPF_MEMORY_MAX ((size_t)2 << 20)
#define SPF_NEEDS_MAX  10

/* Strings live as long as the evaluation.  An empty sender asks about the HELO
 * name (RFC 7208 2.4). */
struct spf_question {
	const char *client; /* numeric address */
	const char *helo;
	const char *sender;   /* local@domain */
	const char *receiver; /* our name, for %{r} */
	int64_t wall;         /* milliseconds since 1970, for %{t} */
	bool trace;           /* keep steps */
};

struct spf_need {
	const char *name; /* as dns_ask() takes it */
	enum dns_type type;
};

struct spf_verdict {
	enum spf_result result;
	const char *domain;      /* whose record decided; "" where none did */
	const char *mechanism;   /* the term that matched; "default"; or "" */
	const char *explanation; /* of a fail; "" where the domain has none */
	const char *why;         /* of an error or a none; else "" */
};

/* What came of one term, for who wants to see it; in order of evaluation. */
struct spf_step {
	struct spf_step *next;
	unsigned int depth; /* of includes and redirects */
	const char *domain; /* whose record it is in */
	const char *term;   /* "" for a record as a whole */
	const char *said;
	const char *found; /* in the DNS: "NAME: ADDRESS, ..."; or "" */
};

struct spf_letters;

struct spf {
	struct spf_question question;
	struct spf_need needs[SPF_NEEDS_MAX];
	size_t n_needs;
	struct spf_verdict verdict; /* once spf_run() said true */
	struct spf_step *steps;
	unsigned int terms; /* that asked the DNS, of the last run */
	unsigned int voids; /* of them, those that found nothing */

	struct arena arena; /* the answers */
	struct arena run;   /* what the last run made */
	struct map answers; /* type and name to struct spf_answer */
	struct spf_step *last;
	const char *found; /* of the term that is being evaluated */
	const char *local, *sender_domain; /* of the sender, or "postmaster" */
	uint8_t address[16];
	bool v6;
	bool failed; /* the run cannot go on: verdict or needs say why */
	int64_t started;
};

void spf_start(struct spf *e, const struct spf_question *q, int64_t now);

/* True where it is decided; else ask for all of e->needs. */
MUST_CHECK bool spf_run(struct spf *e, int64_t now);

/* The answer to one of e->needs, which may be one that was not asked for. */
void spf_tell(struct spf *e, const struct spf_need *need,
    const struct dns_answer *answer);

void spf_free(struct spf *e);
