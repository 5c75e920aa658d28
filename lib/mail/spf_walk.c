/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "buf.h"
#include "spf_parts.h"

static void
add_step(struct spf *e, const struct spf_frame *f, struct slice term,
    const char *said)
{
	struct spf_step *step;

	if (!e->question.trace || e->run.used > SPF_MEMORY_MAX)
		return;
	step = arena_new(&e->run, sizeof(*step));
	step->depth = f->depth;
	step->domain = f->domain;
	step->term = arena_memdup(&e->run, term.at, term.len);
	step->said = said;
	step->found = e->found;
	*(e->last != NULL ? &e->last->next : &e->steps) = step;
	e->last = step;
}

/* ---- mechanisms ---- */

typedef enum match match_fn(struct spf *e, const struct spf_frame *f,
    const struct spf_term *t, const char *target);

static enum match
match_all(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	(void)e, (void)f, (void)t, (void)target;
	return MATCH_YES;
}

static enum match
match_ip4(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	(void)f, (void)target;
	return !e->v6 && spf_same_bits(t->net, e->address, t->bits4) ? MATCH_YES
								     : MATCH_NO;
}

static enum match
match_ip6(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	(void)f, (void)target;
	return e->v6 && spf_same_bits(t->net, e->address, t->bits6) ? MATCH_YES
								    : MATCH_NO;
}

static enum match
match_a(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	const struct dns_answer *answer = spf_ask_for_term(e, f->domain, target,
	    spf_address_type(e));

	if (answer == NULL)
		return MATCH_BAD;
	return spf_is_among(e, answer, t) ? MATCH_YES : MATCH_NO;
}

static enum match
match_exists(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	const struct dns_answer *answer = spf_ask_for_term(e, f->domain, target,
	    DNS_A);

	(void)t;
	if (answer == NULL)
		return MATCH_BAD;
	return answer->n > 0 ? MATCH_YES : MATCH_NO;
}

/* The addresses of all hosts are asked for at once; what the first ones say is
 * heeded first. */
static enum match
match_mx(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	const struct dns_answer *mx = spf_ask_for_term(e, f->domain, target,
	    DNS_MX);

	if (mx == NULL)
		return MATCH_BAD;
	if (mx->n > SPF_NAMES_MAX)
		return spf_fail(e, SPF_PERMERROR, f->domain,
		    "more than 10 names of mail exchangers");
	for (size_t i = 0; i < mx->n; i++)
		if (mx->records[i].name[0] != '\0')
			(void)spf_ask(e, mx->records[i].name,
			    spf_address_type(e));
	if (e->failed)
		return MATCH_BAD;
	for (size_t i = 0; i < mx->n; i++) {
		const char *name = mx->records[i].name;

		if (name[0] == '\0')
			continue;
		const struct spf_answer *a = spf_ask(e, name,
		    spf_address_type(e));
		if (a == NULL)
			return MATCH_BAD;
		spf_note(e, name, &a->dns);
		if (a->dns.status == DNS_FAILED)
			return spf_fail(e, SPF_TEMPERROR, f->domain,
			    arena_printf(&e->run, "%s: %s", name, a->dns.text));
		if (spf_is_among(e, &a->dns, t))
			return MATCH_YES;
	}
	return MATCH_NO;
}

/* RFC 7208 5.5: whatever goes wrong here is no match. */
static enum match
match_ptr(struct spf *e, const struct spf_frame *f, const struct spf_term *t,
    const char *target)
{
	enum match found = MATCH_NO;
	char reverse[80];

	(void)t;
	if (!dns_reverse_name(e->question.client, reverse))
		return MATCH_NO;
	const struct spf_answer *ptr = spf_ask(e,
	    arena_strdup(&e->run, reverse), DNS_PTR);
	if (ptr == NULL)
		return MATCH_BAD;
	spf_note(e, reverse, &ptr->dns);
	if (ptr->dns.status != DNS_FAILED && ptr->dns.n == 0 &&
	    !spf_count_void(e, f->domain))
		return MATCH_BAD;
	for (size_t i = 0; i < MIN(ptr->dns.n, (size_t)SPF_NAMES_MAX); i++) {
		if (!spf_is_within(ptr->dns.records[i].name, target))
			continue;
		enum match one = spf_is_validated(e, ptr->dns.records[i].name);
		if (one != MATCH_NO && found != MATCH_BAD)
			found = one;
	}
	return e->failed ? MATCH_BAD : found;
}

/* RFC 7208 5.2: only a pass is a match, and no record is an error. */
static enum match
match_include(struct spf *e, const struct spf_frame *f,
    const struct spf_term *t, const char *target)
{
	struct spf_verdict inner;

	(void)t;
	if (!spf_check_domain(e, target, f->depth + 1, false, &inner))
		return MATCH_BAD;
	if (inner.result == SPF_NONE)
		return spf_fail(e, SPF_PERMERROR, f->domain,
		    arena_printf(&e->run, "include:%s has no SPF record",
			target));
	if (inner.result == SPF_PERMERROR || inner.result == SPF_TEMPERROR)
		return spf_fail(e, inner.result, inner.domain, inner.why);
	return inner.result == SPF_PASS ? MATCH_YES : MATCH_NO;
}

/* Indexed by enum spf_mechanism.  counted: one of the 10 terms that ask the
 * DNS. */
/* clang-format off */
static const struct {
	match_fn *match;
	bool counted;
} mechanisms[] = {
	[SPF_ALL]     = { match_all,     false },
	[SPF_INCLUDE] = { match_include, true  },
	[SPF_A]       = { match_a,       true  },
	[SPF_MX]      = { match_mx,      true  },
	[SPF_PTR]     = { match_ptr,     true  },
	[SPF_IP4]     = { match_ip4,     false },
	[SPF_IP6]     = { match_ip6,     false },
	[SPF_EXISTS]  = { match_exists,  true  },
};
/* clang-format on */

/* ---- records ---- */

static enum match
count_term(struct spf *e, const struct spf_frame *f)
{
	if (++e->terms > SPF_TERMS_MAX)
		return spf_fail(e, SPF_PERMERROR, f->domain,
		    "more than 10 terms that ask the DNS");
	return MATCH_NO;
}

static enum match
match_term(struct spf *e, const struct spf_frame *f, const struct spf_term *t)
{
	const char *target;

	if (mechanisms[t->mechanism].counted && count_term(e, f) == MATCH_BAD)
		return MATCH_BAD;
	if (!spf_target(e, f, t->domain, &target))
		return MATCH_BAD;
	if (target != NULL)
		return mechanisms[t->mechanism].match(e, f, t, target);
	if (t->mechanism == SPF_INCLUDE)
		return spf_fail(e, SPF_PERMERROR, f->domain,
		    "an include of what is no domain");
	return MATCH_NO;
}

/* RFC 7208 6.2: whatever goes wrong here is as if there were no "exp".  False
 * where the run waits. */
static bool
explain(struct spf *e, const struct spf_frame *f, struct spf_verdict *out)
{
	CLEAN_BUF struct buf text = { 0 };
	const char *name, *why;

	if (f->record->explanation.len == 0)
		return true;
	if (!spf_target(e, f, f->record->explanation, &name))
		return false;
	if (name == NULL)
		return true;
	const struct spf_answer *answer = spf_ask(e, name, DNS_TXT);
	if (answer == NULL)
		return false;
	if (answer->dns.n != 1 ||
	    !spf_macro_valid(answer->dns.records[0].data, SPF_EXPLANATION,
		&why))
		return true;
	if (!spf_expand(e, f, answer->dns.records[0].data, SPF_EXPLANATION,
		&text))
		return false;
	out->explanation = arena_memdup(&e->run, buf_str(&text), text.len);
	return true;
}

static bool
redirect(struct spf *e, const struct spf_frame *f, bool outermost,
    struct spf_verdict *out)
{
	const char *name;

	add_step(e, f, f->record->redirect, "redirect");
	if (count_term(e, f) == MATCH_BAD ||
	    !spf_target(e, f, f->record->redirect, &name))
		return false;
	if (name != NULL &&
	    !spf_check_domain(e, name, f->depth + 1, outermost, out))
		return false;
	if (name == NULL || out->result == SPF_NONE)
		*out = (struct spf_verdict){
			.result = SPF_PERMERROR,
			.domain = f->domain,
			.why = "the redirect leads to no SPF record",
		};
	return true;
}

/* Walks a record.  False where the run failed. */
static bool
walk(struct spf *e, const struct spf_frame *f, bool outermost,
    struct spf_verdict *out)
{
	for (size_t i = 0; i < f->record->n; i++) {
		const struct spf_term *t = &f->record->terms[i];

		e->found = "";
		if (t->mechanism == SPF_INCLUDE)
			add_step(e, f, t->text, "asks");
		enum match match = match_term(e, f, t);
		if (t->mechanism == SPF_INCLUDE) /* it is said of its terms */
			e->found = "";
		if (match == MATCH_BAD) {
			add_step(e, f, t->text, e->verdict.why);
			return false;
		}
		add_step(e, f, t->text,
		    match == MATCH_YES ? "matches" : "does not match");
		if (match == MATCH_NO)
			continue;
		out->result = t->result;
		out->mechanism = arena_memdup(&e->run, t->text.at, t->text.len);
		return !outermost || t->result != SPF_FAIL ||
		    explain(e, f, out);
	}
	e->found = "";
	if (f->record->redirect.len > 0)
		return redirect(e, f, outermost, out);
	add_step(e, f, slice_of(""), "nothing matches");
	out->mechanism = "default";
	return true;
}

/* Finds the one SPF record in an answer (RFC 7208 4.5) and reads it. */
static void
read_record(struct spf *e, struct spf_answer *answer)
{
	const struct dns_record *found = NULL;
	size_t n = 0;

	answer->read = true;
	answer->result = SPF_PERMERROR;
	for (size_t i = 0; i < answer->dns.n; i++)
		if (spf_record_is(answer->dns.records[i].data)) {
			found = &answer->dns.records[i];
			n++;
		}
	if (answer->dns.status == DNS_FAILED) {
		answer->result = SPF_TEMPERROR;
		answer->why = answer->dns.text;
	} else if (n == 0) {
		answer->result = SPF_NONE;
		answer->why = "no SPF record";
	} else if (n > 1) {
		answer->why = "more than one SPF record";
	} else {
		struct spf_record *record = arena_new(&e->arena,
		    sizeof(*record));

		if (spf_record_parse(&e->arena, found->data, record,
			&answer->why))
			answer->record = record;
	}
}

bool
spf_check_domain(struct spf *e, const char *domain, unsigned int depth,
    bool outermost, struct spf_verdict *out)
{
	struct spf_frame f = { .domain = domain, .depth = depth };
	struct spf_answer *answer = spf_ask(e, domain, DNS_TXT);

	if (answer == NULL)
		return false;
	if (!answer->read)
		read_record(e, answer);
	*out = (struct spf_verdict){
		.domain = domain,
		.mechanism = "",
		.explanation = "",
		.why = "",
		.result = SPF_NEUTRAL,
	};
	f.record = answer->record;
	if (f.record != NULL)
		return walk(e, &f, outermost, out);
	out->result = answer->result;
	out->why = arena_printf(&e->run, "%s: %s", domain, answer->why);
	add_step(e, &f, slice_of(""), out->why);
	return true;
}
