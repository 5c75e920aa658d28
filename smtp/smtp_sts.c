/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_sts.h"

#include <stdlib.h>

#include "fd.h"
#include "map.h"
#include "param.h"
#include "program.h"
#include "smtp_outcome.h"
#include "smtp_plan.h"

#define KEEP        ((int64_t)10000) /* milliseconds an answer counts */
#define ANSWERS_MAX ((size_t)5000)

struct answer {
	struct arena arena;
	struct smtp_sts said;
	int64_t until;
};

/* Of a plan, in its arena. */
struct question {
	struct list link;
	struct smtp_plan *plan;
	const char *domain;
	struct chan *to;
	uint32_t stream;
};

static struct map answers; /* by domain */
static struct list questions;
static uint32_t last_stream;
static bool expected; /* there is, or was, a program to ask */

/* ---- what was said ---- */

static void
forget_answers(void)
{
	MAP_EACH(&answers, e) {
		struct answer *old = e->value;

		arena_free(&old->arena);
		free(old);
	}
	map_free(&answers);
}

static void
remember(const char *domain, const struct msg_sts_said *m)
{
	if (answers.len >= ANSWERS_MAX)
		forget_answers();
	void **place = map_puts(&answers, domain);
	struct answer *r = *place;
	if (r == NULL)
		r = xcalloc(1, sizeof(*r));
	*place = r;
	arena_reset(&r->arena);
	r->said = (struct smtp_sts){
		.policy = {
			.mode = (enum sts_mode)m->mode,
			.max_age = (int64_t)m->max_age,
			.mx = arena_strdup(&r->arena, m->mx),
		},
		.id = arena_strdup(&r->arena, m->id),
	};
	r->until = loop_now() + KEEP;
}

const struct smtp_sts *
smtp_sts_of(const char *domain)
{
	const struct answer *r = map_gets(&answers, domain);

	return r != NULL ? &r->said : NULL;
}

/* ---- questions ---- */

static void
ask(struct smtp_plan *p, const char *domain)
{
	const struct answer *known = map_gets(&answers, domain);
	struct chan *c = program_peer(ROLE_STS);
	CLEAN_BUF struct buf packet = { 0 };

	if (known != NULL && known->until > loop_now()) {
		smtp_plan_sts_said(p, known->said.policy.mode,
		    arena_strdup(p->arena, known->said.policy.mx));
		return;
	}
	if (c == NULL || !c->open) {
		if (expected)
			smtp_plan_sts_failed(p);
		else
			smtp_plan_sts_said(p, STS_NONE, "");
		return;
	}
	struct question *q = arena_new(p->arena, sizeof(*q));
	q->plan = p;
	q->domain = arena_strdup(p->arena, domain);
	q->to = c;
	q->stream = ++last_stream;
	list_append(&questions, &q->link);
	p->question = q;
	msg_put_sts_ask(&packet,
	    &(struct msg_sts_ask){ .stream = q->stream, .domain = q->domain });
	chan_send(c, &packet, -1, false);
}

static void
drop(struct smtp_plan *p)
{
	struct question *q = p->question;

	list_drop(&q->link);
}

static const struct smtp_sts_calls calls = {
	.ask = ask,
	.drop = drop,
};

void
smtp_sts_open(void)
{
	if (params.smtp_mta_sts)
		smtp_plan_ask_sts(&calls);
}

/* ---- answers ---- */

/* A policy that is announced and cannot be had: its domain may want to hear
 * of it. */
static void
tell_fault(const struct smtp_plan *p, const struct msg_sts_said *m)
{
	static const enum smtp_tls_result results[] = {
		[STS_FAULT_FETCH] = SMTP_TLS_STS_FETCH_ERROR,
		[STS_FAULT_INVALID] = SMTP_TLS_STS_INVALID,
		[STS_FAULT_WEBPKI] = SMTP_TLS_STS_WEBPKI_INVALID,
	};
	struct smtp_tls_policy policy = p->tls;

	policy.origin = SMTP_TLS_BY_STS;
	smtp_outcome_tell(&(struct smtp_tls_outcome){
	    .nexthop = p->nexthop,
	    .host = p->host,
	    .policy = &policy,
	    .result = results[m->fault],
	    .reason = m->why,
	});
}

static struct question *
find_question(const struct chan *c, uint32_t stream)
{
	LIST_EACH(struct question, q, &questions, link)
		if (q->to == c && q->stream == stream)
			return q;
	return NULL;
}

bool
smtp_sts_said(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_sts_said m;

	close_fd(&fd);
	if (!msg_get_sts_said(&m, body, len) || m.mode > STS_ENFORCE ||
	    m.fault > STS_FAULT_WEBPKI || m.max_age > (uint64_t)STS_MAX_AGE_TOP)
		return false;
	struct question *q = find_question(c, m.stream);
	if (q == NULL)
		return true;
	struct smtp_plan *p = q->plan;
	list_drop(&q->link);
	if (m.known == 0) {
		smtp_plan_sts_failed(p);
		return true;
	}
	remember(q->domain, &m);
	if (m.fault != STS_FAULT_NONE)
		tell_fault(p, &m);
	smtp_plan_sts_said(p, (enum sts_mode)m.mode,
	    arena_strdup(p->arena, m.mx)); /* p may be gone */
	return true;
}

/* ---- the program ---- */

void
smtp_sts_peer(struct chan *c)
{
	expected |= c->role == ROLE_STS;
}

void
smtp_sts_peer_ended(struct chan *c)
{
	LIST_EACH(struct question, q, &questions, link) {
		if (q->to != c)
			continue;
		list_drop(&q->link);
		smtp_plan_sts_failed(q->plan);
	}
}
