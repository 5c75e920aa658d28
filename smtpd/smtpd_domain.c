/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_domain.h"

#include "buf.h"
#include "log.h"

#define STEPS_MAX 3

/* What is asked, in order; the first record that is there decides. */
static const enum dns_type steps[][STEPS_MAX] = {
	[RESTRICT_MAIL_DOMAIN] = { DNS_MX, DNS_A, DNS_AAAA },
	[RESTRICT_HOST] = { DNS_A, DNS_AAAA, DNS_MX },
	[RESTRICT_LISTED] = { DNS_A, DNS_TXT },
};

static dns_fn on_answer;

static void
finish(struct smtpd_domain *d, enum found found)
{
	d->found.found = found;
	d->done = true;
	if (!d->asking)
		d->known(d);
}

/* An answer that comes at once may have ended the question. */
static void
next_step(struct smtpd_domain *d)
{
	if (d->step == STEPS_MAX || steps[d->question][d->step] == 0) {
		finish(d, FOUND_NONE);
		return;
	}
	struct dns_query *q = dns_ask(d->name, steps[d->question][d->step++],
	    on_answer, d);
	if (q != NULL)
		d->query = q;
}

/* One MX record that names the root (RFC 7505). */
static bool
is_null_mx(const struct dns_answer *a)
{
	return a->n == 1 && a->records[0].name != NULL &&
	    a->records[0].name[0] == '\0';
}

static const char *
addresses_of(struct arena *arena, const struct dns_answer *a)
{
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].address != NULL)
			buf_addf(&out, " %s", a->records[i].address);
	return arena_strdup(arena, buf_str(&out));
}

static const char *
text_of(struct arena *arena, const struct dns_answer *a)
{
	CLEAN_BUF struct buf out = { 0 };

	if (a->status == DNS_OK && a->n > 0)
		buf_add(&out, a->records[0].data.at, a->records[0].data.len);
	return arena_strdup(arena, buf_str(&out));
}

/* A name of a list: what it says is of no weight, so it may be missing. */
static void
hear_listed(struct smtpd_domain *d, const struct dns_answer *a)
{
	if (steps[d->question][d->step - 1] == DNS_TXT) {
		d->found.text = text_of(d->arena, a);
		finish(d, FOUND_ONE);
	} else if (a->status == DNS_FAILED) {
		log_warn("%s: %s: this list is passed over", d->name, a->text);
		finish(d, FOUND_FAILED);
	} else if (a->status == DNS_OK && a->n > 0) {
		d->found.addresses = addresses_of(d->arena, a);
		next_step(d);
	} else {
		finish(d, FOUND_NONE);
	}
}

static void
hear_host(struct smtpd_domain *d, const struct dns_answer *a)
{
	bool mx = steps[d->question][d->step - 1] == DNS_MX;

	if (a->status == DNS_FAILED)
		finish(d, FOUND_FAILED);
	else if (a->status == DNS_NXDOMAIN)
		finish(d, FOUND_NONE);
	else if (a->status != DNS_OK || a->n == 0)
		next_step(d);
	else if (mx && is_null_mx(a)) {
		d->found.null_mx = true;
		finish(d, FOUND_NONE);
	} else {
		finish(d, FOUND_ONE);
	}
}

static void
on_answer(void *owner, const struct dns_answer *a)
{
	struct smtpd_domain *d = owner;

	d->query = NULL;
	if (d->question == RESTRICT_LISTED)
		hear_listed(d, a);
	else
		hear_host(d, a);
}

bool
smtpd_domain_ask(struct smtpd_domain *d, struct arena *arena,
    enum restrict_question question, const char *name,
    void (*known)(struct smtpd_domain *d))
{
	*d = (struct smtpd_domain){
		.arena = arena,
		.name = name,
		.known = known,
		.found = { .addresses = "", .text = "" },
		.question = question,
		.asking = true,
	};
	next_step(d);
	d->asking = false;
	return d->done;
}

void
smtpd_domain_drop(struct smtpd_domain *d)
{
	dns_drop(&d->query);
}
