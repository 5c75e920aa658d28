/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_verdict.h"

#include <openssl/rand.h>

#include "arc_trust.h"
#include "authres.h"
#include "domain_ascii.h"
#include "log.h"
#include "org_domain.h"
#include "param.h"
#include "seal_report.h"
#include "table.h"

#define LOTS 100

static struct netlist *exempt;
static struct namelist *sealers;

void
seal_verdict_open(void)
{
	const char *why;

	org_domain_start();
	exempt = netlist_open(params.dmarc_exempt_clients, &why);
	if (exempt == NULL)
		log_fatal("dmarc_exempt_clients: %s", why);
	sealers = namelist_open(params.arc_trusted_sealers, &why);
	if (sealers == NULL)
		log_fatal("arc_trusted_sealers: %s", why);
}

static bool
dmarc_enforced(void)
{
	return str_eq(params.dmarc_policy, "enforce");
}

bool
seal_verdict_enforces(void)
{
	return dmarc_enforced() || str_eq(params.dkim_verify, "reject");
}

static enum found
is_trusted(const char *domain)
{
	return namelist_has(sealers, domain, false);
}

/* ---- what DMARC finds ---- */

/* 0 to 99; which of them it is must not be foreseen. */
static unsigned int
draw_lot(void)
{
	uint32_t n = 0;

	if (RAND_bytes((unsigned char *)&n, sizeof(n)) != 1)
		log_fatal("OpenSSL has no random numbers");
	return n % LOTS;
}

/* Only a signature that covers the whole body counts for a pass. */
static size_t
gather(const struct dkim_verify *v, struct arena *a,
    struct dmarc_signature *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct dkim_judged *j = &v->judged[i];
		const char *domain = domain_ascii(a,
		    slice_of(j->signature.domain));

		if (domain == NULL)
			continue;
		out[n++] = (struct dmarc_signature){
			.domain = domain,
			.pass = j->result == DKIM_PASS && j->whole,
			.temperror = j->result == DKIM_TEMPERROR,
		};
	}
	return n;
}

static void
find_out(const struct seal_case *c, struct arena *a,
    struct seal_dmarc_verdict *out)
{
	struct dmarc_signature signatures[DKIM_JUDGED_MAX];
	const char *spf = domain_ascii(a, slice_of(c->spf_domain));
	struct dmarc_evidence e = {
		.spf = c->spf,
		.spf_domain = spf != NULL ? spf : "",
		.signatures = signatures,
		.n_signatures = gather(c->dkim, a, signatures),
		.lot = draw_lot(),
	};

	seal_dmarc_judge(c->dmarc, &e, out);
}

/* ---- what is done ---- */

/* Whether a message that fails is spared the policy, and why; failed: a list
 * that says so cannot be read. */
static enum found
is_spared(const struct seal_case *c, const struct seal_dmarc_verdict *v,
    const char **why)
{
	enum found by_arc = arc_vouches(c->arc, is_trusted, v->domain,
	    &v->policy->record);
	enum found listed = netlist_has(exempt, c->client);

	if (by_arc == FOUND_ONE || listed == FOUND_ONE) {
		*why = by_arc == FOUND_ONE ? "arc=pass" : "client=exempt";
		return FOUND_ONE;
	}
	return by_arc == FOUND_FAILED ? FOUND_FAILED : listed;
}

static void
refuse(struct msg_judged *out, enum judge_action action, uint16_t code,
    const char *status, const char *text)
{
	out->action = (uint8_t)action;
	out->code = code;
	out->status = status;
	out->text = text;
}

/* RFC 7372: both ways to prove it failed, and which does not matter. */
static void
refuse_by_policy(struct arena *a, const char *domain, struct msg_judged *out)
{
	refuse(out, JUDGE_REJECT, 550, "5.7.26",
	    arena_printf(a,
		"DMARC: mail from %s is refused, as its domain wishes: neither "
		"SPF nor DKIM proves who sent it",
		domain));
}

static enum dmarc_policy
apply(struct arena *a, const struct seal_dmarc_verdict *v,
    struct msg_judged *out)
{
	if (!dmarc_enforced())
		return DMARC_NONE;
	switch (v->verdict.disposition) {
	case DMARC_NONE:
		break;
	case DMARC_QUARANTINE:
		if (!str_eq(params.dmarc_quarantine_action, "hold"))
			return DMARC_NONE;
		out->action = JUDGE_HOLD;
		break;
	case DMARC_REJECT:
		refuse_by_policy(a, v->domain, out);
		break;
	}
	return v->verdict.disposition;
}

/* In doubt nothing is refused: later, unless the domain wishes nothing. */
static void
put_off(const struct seal_dmarc_verdict *v, struct msg_judged *out)
{
	bool harmless = v->policy != NULL && v->policy->fault == DMARC_PASS &&
	    v->verdict.policy == DMARC_NONE;

	if (dmarc_enforced() && !harmless)
		refuse(out, JUDGE_LATER, 451, "4.7.0",
		    "DMARC: temporary error, try again later");
}

/* RFC 7489 6.6.1: a message that nobody can be held to is refused. */
static void
refuse_malformed(struct arena *a, const struct seal_dmarc_verdict *v,
    struct msg_judged *out)
{
	if (dmarc_enforced())
		refuse(out, JUDGE_REJECT, 550, "5.7.1",
		    arena_printf(a, "DMARC: malformed header: %s",
			v->verdict.why));
}

/* ---- what is said ---- */

static void
put_result(struct buf *out, const struct seal_dmarc_verdict *v,
    enum dmarc_policy done, const char *spared)
{
	bool known = v->policy != NULL && v->policy->fault == DMARC_PASS;

	buf_addf(out, "; dmarc=%s", dmarc_result_name(v->verdict.result));
	if (known)
		buf_addf(out, " (p=%s dis=%s%s%s)",
		    dmarc_policy_name(v->verdict.policy),
		    dmarc_policy_name(done), spared != NULL ? " " : "",
		    spared != NULL ? spared : "");
	if (v->verdict.why[0] != '\0')
		authres_reason(out, v->verdict.why);
	if (v->domain[0] != '\0')
		authres_property(out, "header.from", slice_of(v->domain));
}

static void
log_result(const struct seal_case *c, const struct buf *said,
    enum dmarc_result result)
{
	CLEAN_BUF struct buf line = { 0 };

	if (result == DMARC_PASS || result == DMARC_NO_POLICY)
		return;
	/* Without the semicolon and the blank that part results. */
	str_printable(&line, said->text + 2, said->len - 2, 500);
	log_info("%s: %s, client=[%s], from=<%s>", c->id, buf_str(&line),
	    c->client, c->sender);
}

static const char *
settle_fail(const struct seal_case *c, struct arena *a,
    const struct seal_dmarc_verdict *v, struct msg_judged *out,
    enum dmarc_policy *done)
{
	const char *spared = NULL;

	switch (is_spared(c, v, &spared)) {
	case FOUND_ONE:
		break;
	case FOUND_FAILED:
		log_warn("%s: dmarc_exempt_clients or arc_trusted_sealers "
			 "cannot be read, or a chain of theirs",
		    c->id);
		put_off(v, out);
		break;
	case FOUND_NONE:
		out->flags |= MAIL_DMARC_FAIL;
		*done = apply(a, v, out);
		break;
	}
	return spared;
}

/* Hosts that pass mail on are not to blame for a From field that is wrong. */
static void
settle_malformed(const struct seal_case *c, struct arena *a,
    const struct seal_dmarc_verdict *v, struct msg_judged *out)
{
	enum found listed = netlist_has(exempt, c->client);

	if (listed == FOUND_NONE)
		refuse_malformed(a, v, out);
	else if (listed == FOUND_FAILED)
		put_off(v, out);
}

static const char *
settle(const struct seal_case *c, struct arena *a,
    const struct seal_dmarc_verdict *v, struct msg_judged *out,
    enum dmarc_policy *done)
{
	*done = DMARC_NONE;
	switch (v->verdict.result) {
	case DMARC_NO_POLICY:
	case DMARC_PASS:
		break;
	case DMARC_FAIL:
		return settle_fail(c, a, v, out, done);
	case DMARC_TEMPERROR:
		if (netlist_has(exempt, c->client) != FOUND_ONE)
			put_off(v, out);
		break;
	case DMARC_PERMERROR:
		if (v->policy == NULL)
			settle_malformed(c, a, v, out);
		break;
	}
	return NULL;
}

/* Why less was done than the domain wishes, in a word of the report's schema
 * (RFC 8617 7.2.2 for ARC). */
static const char *
why_not(const struct seal_dmarc_verdict *v, enum dmarc_policy done,
    const char *spared)
{
	if (v->verdict.result != DMARC_FAIL || done == v->verdict.policy)
		return "";
	if (spared != NULL)
		return str_starts(spared, "arc") ? "local_policy"
						 : "trusted_forwarder";
	return v->verdict.spared && done == v->verdict.disposition
	    ? "sampled_out"
	    : "local_policy";
}

/* ---- what DKIM says alone ---- */

enum standing {
	STANDS, /* a signature is good, or there is none that says anything */
	IN_DOUBT,
	OF_A_PART, /* of the body: one is good */
	FALLS,
};

/* A signature that is not well-formed, or on trial (t=y), is as good as none
 * (RFC 6376 3.6.1, 6.1). */
static enum standing
weigh_signatures(const struct dkim_verify *v)
{
	enum standing s = STANDS;
	bool doubt = false;

	for (size_t i = 0; i < v->n; i++) {
		const struct dkim_judged *j = &v->judged[i];

		if (j->result == DKIM_PASS && j->whole)
			return STANDS;
		doubt |= j->result == DKIM_TEMPERROR;
		if (j->result == DKIM_PASS)
			s = OF_A_PART;
		else if (j->result != DKIM_NEUTRAL && s == STANDS)
			s = FALLS;
	}
	return doubt ? IN_DOUBT : s;
}

/* Failed: a list that says so cannot be read. */
static enum found
may_fall(const struct seal_case *c, const struct seal_dmarc_verdict *v)
{
	const char *why;

	if (v != NULL && v->policy != NULL && v->policy->fault == DMARC_PASS)
		return is_spared(c, v, &why);
	return netlist_has(exempt, c->client);
}

/* RFC 7372 3.1. */
static void
refuse_signatures(enum standing s, struct msg_judged *out)
{
	if (s == IN_DOUBT)
		refuse(out, JUDGE_LATER, 451, "4.7.20",
		    "DKIM: temporary error, try again later");
	else if (s == OF_A_PART)
		refuse(out, JUDGE_REJECT, 550, "5.7.21",
		    "DKIM: no acceptable signature: a part of the message is "
		    "not signed");
	else
		refuse(out, JUDGE_REJECT, 550, "5.7.20",
		    "DKIM: no passing signature among those of the message");
}

/* Unless it is refused already. */
static void
judge_signatures(const struct seal_case *c, const struct seal_dmarc_verdict *v,
    struct msg_judged *out)
{
	bool reject = str_eq(params.dkim_verify, "reject");
	bool hold = str_eq(params.dkim_verify, "hold");
	enum standing s = weigh_signatures(c->dkim);

	if ((!reject && !hold) || s == STANDS || out->action == JUDGE_REJECT ||
	    out->action == JUDGE_LATER)
		return;
	enum found spared = may_fall(c, v);
	if (spared == FOUND_ONE)
		return;
	if (spared == FOUND_FAILED)
		s = IN_DOUBT;
	if (reject) {
		refuse_signatures(s, out);
	} else if (s != IN_DOUBT) {
		out->action = JUDGE_HOLD;
		log_info("%s: no DKIM signature is good: held, client=[%s]",
		    c->id, c->client);
	}
}

void
seal_verdict(const struct seal_case *c, struct arena *a, struct buf *results,
    struct msg_judged *out)
{
	CLEAN_BUF struct buf said = { 0 };
	struct seal_dmarc_verdict v;
	enum dmarc_policy done;

	if (params.arc_verify)
		arc_put(c->arc, c->client, results);
	if (str_eq(params.dmarc_policy, "off")) {
		judge_signatures(c, NULL, out);
		return;
	}
	find_out(c, a, &v);
	const char *spared = settle(c, a, &v, out, &done);
	seal_report_tell(&(struct seal_report_facts){
	    .c = c,
	    .verdict = &v,
	    .done = done,
	    .reason = why_not(&v, done, spared),
	    .comment = spared != NULL ? spared : "",
	});
	put_result(&said, &v, done, spared);
	log_result(c, &said, v.verdict.result);
	buf_add(results, said.text, said.len);
	judge_signatures(c, &v, out);
}
