/*
 * dmarc - may this message speak in the name of its From domain (RFC 7489)?
 *
 *	struct dmarc d = { 0 };
 *
 *	dmarc_start(&d, domain);
 *	while (d.stage != DMARC_FOUND)
 *		find out d.need, dmarc_tell(&d, &answer);
 *	dmarc_judge(&d, &evidence, &verdict);
 *	dmarc_free(&d);
 *
 * A pure engine: it neither asks the DNS nor throws dice.  What a domain wishes
 * is found first (6.6.3): its own record, else that of its organisational
 * domain.  It can be found while signatures are still being looked at.  Then
 * one identity that is proved and belongs to the From domain is a pass (6.6.2).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dmarc_record.h"
#include "dns.h"
#include "spf_record.h"

enum dmarc_result {
	DMARC_NO_POLICY, /* "none": the domain says nothing */
	DMARC_PASS,
	DMARC_FAIL,
	DMARC_TEMPERROR, /* don't know: the DNS failed */
	DMARC_PERMERROR, /* the record, or the message, is wrong */
};

struct dmarc_need {
	const char *name; /* as dns_ask() takes it */
	enum dns_type type;
};

enum dmarc_stage {
	DMARC_OWN,    /* asks for the record of the domain itself */
	DMARC_ORG,    /* for that of its organisational domain */
	DMARC_EXISTS, /* whether the domain exists, where that matters */
	DMARC_FOUND,  /* all is known */
};

struct dmarc {
	struct arena arena;
	const char *domain;
	const char *org;
	enum dmarc_stage stage;
	struct dmarc_need need;
	size_t asked;       /* of the questions of DMARC_EXISTS */
	const char *holder; /* whose record it is; "" where there is none */
	const char *text;   /* the record */
	struct dmarc_record record;
	enum dmarc_policy policy; /* which of p, sp, np is meant */
	enum dmarc_result fault;  /* DMARC_PASS: there is a record */
	const char *why;          /* of a fault */
};

/* A DKIM signature and what came of it. */
struct dmarc_signature {
	const char *domain; /* d=, in the form of domain_ascii() */
	bool pass;
	bool temperror;
};

/* What was found out about the message.  Domains are in the form of
 * domain_ascii(). */
struct dmarc_evidence {
	enum spf_result spf;
	const char *spf_domain; /* of MAIL FROM, or HELO's for a null sender */
	const struct dmarc_signature *signatures;
	size_t n_signatures;
	unsigned int lot; /* 0 to 99: from pct on, the policy is spared */
};

struct dmarc_verdict {
	enum dmarc_result result;
	enum dmarc_policy policy;      /* what the domain wishes */
	enum dmarc_policy disposition; /* what is due to this message */
	bool spf_aligned;              /* and a pass */
	bool dkim_aligned;
	bool spared;     /* by pct: the next milder one was due */
	const char *why; /* of an error, else "" */
};

/* domain: in the form of domain_ascii(); it lives as long as d. */
void dmarc_start(struct dmarc *d, const char *domain);

/* The answer to d->need. */
void dmarc_tell(struct dmarc *d, const struct dns_answer *answer);

/* Not before all is known. */
void dmarc_judge(const struct dmarc *d, const struct dmarc_evidence *e,
    struct dmarc_verdict *out);

void dmarc_free(struct dmarc *d);

/* True where the one domain is the other, or (not strict) has the same
 * organisational domain. */
bool dmarc_aligned(const char *domain, const char *from, bool strict);

/* Of several From domains the worst counts (6.6.1). */
bool dmarc_is_worse(const struct dmarc_verdict *v,
    const struct dmarc_verdict *than);

const char *dmarc_result_name(enum dmarc_result result);
