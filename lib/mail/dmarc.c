/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dmarc.h"

#include "org_domain.h"

/* A domain with none of these does not exist (RFC 9091 2.7). */
static const enum dns_type existence[] = { DNS_MX, DNS_A, DNS_AAAA };

/* ---- what the domain wishes ---- */

static void
ask_record(struct dmarc *d, enum dmarc_stage stage, const char *domain)
{
	d->stage = stage;
	d->need.name = arena_printf(&d->arena, "_dmarc.%s", domain);
	d->need.type = DNS_TXT;
}

void
dmarc_start(struct dmarc *d, const char *domain)
{
	*d = (struct dmarc){
		.domain = domain,
		.org = org_domain(domain),
		.holder = "",
		.text = "",
		.why = "",
	};
	ask_record(d, DMARC_OWN, domain);
}

static void
finish(struct dmarc *d, enum dmarc_result fault, const char *why)
{
	d->stage = DMARC_FOUND;
	d->fault = fault;
	d->why = why;
}

/* RFC 7489 6.6.3: texts of other kinds do not count, and two records are as
 * good as none. */
static const struct dns_record *
only_record(const struct dns_answer *answer, size_t *n)
{
	const struct dns_record *one = NULL;

	*n = 0;
	for (size_t i = 0; i < answer->n; i++)
		if (dmarc_record_is(answer->records[i].data)) {
			one = &answer->records[i];
			++*n;
		}
	return one;
}

/* Which policy is meant; what is said of domains that do not exist makes it
 * necessary to know whether this one does. */
static void
choose_policy(struct dmarc *d)
{
	const struct dmarc_record *r = &d->record;

	finish(d, DMARC_PASS, "");
	d->policy = d->holder == d->domain ? r->p : r->sp;
	if (d->holder == d->domain || r->np == r->sp)
		return;
	d->stage = DMARC_EXISTS;
	d->need = (struct dmarc_need){ d->domain, existence[0] };
}

static void
read_record(struct dmarc *d, const struct dns_record *found)
{
	const char *why;

	d->text = arena_memdup(&d->arena, found->data.at, found->data.len);
	if (dmarc_record_parse((struct slice){ d->text, found->data.len },
		&d->record, &why))
		choose_policy(d);
	else
		finish(d, DMARC_PERMERROR, why);
}

static void
tell_record(struct dmarc *d, const struct dns_answer *answer)
{
	const char *holder = d->stage == DMARC_OWN ? d->domain : d->org;
	size_t n;
	const struct dns_record *one = only_record(answer, &n);

	if (answer->status == DNS_FAILED) {
		finish(d, DMARC_TEMPERROR,
		    arena_printf(&d->arena, "%s: %s", d->need.name,
			answer->text != NULL ? answer->text : "no answer"));
		return;
	}
	if (n == 0 && d->stage == DMARC_OWN && !str_eq(d->org, d->domain)) {
		ask_record(d, DMARC_ORG, d->org);
		return;
	}
	if (n == 0) {
		finish(d, DMARC_NO_POLICY, "");
		return;
	}
	d->holder = holder;
	if (n > 1)
		finish(d, DMARC_PERMERROR, "more than one DMARC record");
	else
		read_record(d, one);
}

/* A doubt is in favour of the message. */
static void
tell_existence(struct dmarc *d, const struct dns_answer *answer)
{
	d->asked++;
	if (answer->status == DNS_OK || answer->status == DNS_FAILED) {
		finish(d, DMARC_PASS, "");
	} else if (answer->status == DNS_NXDOMAIN ||
	    d->asked == ARRAY_LEN(existence)) {
		d->policy = d->record.np;
		finish(d, DMARC_PASS, "");
	} else {
		d->need.type = existence[d->asked];
	}
}

void
dmarc_tell(struct dmarc *d, const struct dns_answer *answer)
{
	switch (d->stage) {
	case DMARC_OWN:
	case DMARC_ORG:
		tell_record(d, answer);
		break;
	case DMARC_EXISTS:
		tell_existence(d, answer);
		break;
	case DMARC_FOUND:
		break;
	}
}

void
dmarc_free(struct dmarc *d)
{
	arena_free(&d->arena);
	*d = (struct dmarc){ 0 };
}

/* ---- what that means for a message ---- */

bool
dmarc_aligned(const char *domain, const char *from, bool strict)
{
	if (domain[0] == '\0')
		return false;
	return str_eq(domain, from) ||
	    (!strict && str_eq(org_domain(domain), org_domain(from)));
}

/* RFC 7489 6.6.4: who draws no lot of `pct` gets the next milder one. */
static void
apply_policy(const struct dmarc *d, const struct dmarc_evidence *e,
    struct dmarc_verdict *out)
{
	out->disposition = d->policy;
	if (d->policy == DMARC_NONE || e->lot < d->record.pct)
		return;
	out->spared = true;
	out->disposition = d->policy == DMARC_REJECT ? DMARC_QUARANTINE
						     : DMARC_NONE;
}

static void
weigh(const struct dmarc *d, const struct dmarc_evidence *e,
    struct dmarc_verdict *out)
{
	bool spf_is_ours = dmarc_aligned(e->spf_domain, d->domain,
	    d->record.strict_spf);
	bool doubt = spf_is_ours && e->spf == SPF_TEMPERROR;

	out->spf_aligned = spf_is_ours && e->spf == SPF_PASS;
	for (size_t i = 0; i < e->n_signatures; i++) {
		const struct dmarc_signature *s = &e->signatures[i];

		if (!dmarc_aligned(s->domain, d->domain, d->record.strict_dkim))
			continue;
		out->dkim_aligned |= s->pass;
		doubt |= s->temperror;
	}
	if (out->spf_aligned || out->dkim_aligned) {
		out->result = DMARC_PASS;
	} else if (doubt) {
		out->result = DMARC_TEMPERROR;
		out->why = "an identity of the domain cannot be judged now";
	} else {
		out->result = DMARC_FAIL;
		apply_policy(d, e, out);
	}
}

void
dmarc_judge(const struct dmarc *d, const struct dmarc_evidence *e,
    struct dmarc_verdict *out)
{
	*out = (struct dmarc_verdict){
		.result = d->fault,
		.policy = d->policy,
		.why = d->why,
	};
	if (d->fault == DMARC_PASS)
		weigh(d, e, out);
}

static unsigned int
badness(const struct dmarc_verdict *v)
{
	static const unsigned int ranks[] = {
		[DMARC_PASS] = 0,
		[DMARC_NO_POLICY] = 1,
		[DMARC_PERMERROR] = 2,
		[DMARC_FAIL] = 3,
		[DMARC_TEMPERROR] = 4,
	};

	return ranks[v->result] + 2 * v->disposition;
}

bool
dmarc_is_worse(const struct dmarc_verdict *v, const struct dmarc_verdict *than)
{
	return badness(v) > badness(than);
}

const char *
dmarc_result_name(enum dmarc_result result)
{
	static const char *const names[] = {
		[DMARC_NO_POLICY] = "none",
		[DMARC_PASS] = "pass",
		[DMARC_FAIL] = "fail",
		[DMARC_TEMPERROR] = "temperror",
		[DMARC_PERMERROR] = "permerror",
	};

	return names[result];
}
