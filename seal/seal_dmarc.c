/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_dmarc.h"

static void go_on(struct seal_dmarc_one *one);

static void
on_answer(void *owner, const struct dns_answer *answer)
{
	struct seal_dmarc_one *one = owner;

	one->query = NULL;
	dmarc_tell(&one->policy, answer);
	if (!one->asking)
		go_on(one);
}

static void
end_one(struct seal_dmarc *d)
{
	if (--d->open > 0)
		return;
	loop_cancel(&d->deadline);
	d->done(d);
}

/* An answer may come at once; then there is no query. */
static void
go_on(struct seal_dmarc_one *one)
{
	struct dmarc *p = &one->policy;

	while (p->stage != DMARC_FOUND) {
		one->asking = true;
		one->query = dns_ask(p->need.name, p->need.type, on_answer,
		    one);
		one->asking = false;
		if (one->query != NULL)
			return;
	}
	end_one(one->all);
}

static void
on_deadline(struct loop_timer *t)
{
	struct seal_dmarc *d = container_of(t, struct seal_dmarc, deadline);
	const struct dns_answer late = {
		.status = DNS_FAILED,
		.text = "it takes too long",
	};

	d->open++; /* so that done comes after the last one */
	for (size_t i = 0; i < d->from.n; i++) {
		struct seal_dmarc_one *one = &d->at[i];

		if (one->policy.stage == DMARC_FOUND)
			continue;
		dns_drop(&one->query);
		while (one->policy.stage != DMARC_FOUND)
			dmarc_tell(&one->policy, &late);
		d->open--;
	}
	end_one(d);
}

void
seal_dmarc_start(struct seal_dmarc *d, struct slice header,
    void (*done)(struct seal_dmarc *d))
{
	const char *why;

	*d = (struct seal_dmarc){ .done = done };
	if (!dmarc_from_read(&d->arena, header, &d->from, &why))
		d->malformed = why;
	loop_timer(&d->deadline, DMARC_PATIENCE, on_deadline);
	/* One more than there are, so that an answer at once ends nothing. */
	d->open = d->from.n + 1;
	for (size_t i = 0; i < d->from.n; i++) {
		d->at[i].all = d;
		dmarc_start(&d->at[i].policy, d->from.domains[i]);
	}
	for (size_t i = 0; i < d->from.n; i++)
		go_on(&d->at[i]);
	end_one(d);
}

void
seal_dmarc_judge(const struct seal_dmarc *d, const struct dmarc_evidence *e,
    struct seal_dmarc_verdict *out)
{
	*out = (struct seal_dmarc_verdict){
		.verdict.why = "",
		.domain = "",
	};
	if (d->malformed != NULL) {
		out->verdict.result = DMARC_PERMERROR;
		out->verdict.why = d->malformed;
	}
	for (size_t i = 0; i < d->from.n; i++) {
		struct dmarc_verdict v;

		dmarc_judge(&d->at[i].policy, e, &v);
		if (out->policy != NULL && !dmarc_is_worse(&v, &out->verdict))
			continue;
		out->verdict = v;
		out->policy = &d->at[i].policy;
		out->domain = d->from.domains[i];
	}
}

void
seal_dmarc_stop(struct seal_dmarc *d)
{
	loop_cancel(&d->deadline);
	for (size_t i = 0; i < d->from.n; i++) {
		dns_drop(&d->at[i].query);
		dmarc_free(&d->at[i].policy);
	}
	arena_free(&d->arena);
	*d = (struct seal_dmarc){ 0 };
}
