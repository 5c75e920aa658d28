/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_judge.h"

#include <stdlib.h>

#include "dkim_verify.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "param.h"
#include "seal_content.h"
#include "seal_line.h"
#include "seal_verdict.h"

/* At one time, and those that wait, each perhaps with a descriptor.  More than
 * this is a flood. */
#define OPEN_MAX    500
#define WAITING_MAX 2000

/* Bytes of headers and contents held at one time. */
#define MEMORY_MAX ((size_t)256 << 20)

/* Who has so many bytes of answers waiting, and asks on, does not read. */
#define ANSWERS_MAX ((size_t)4 << 20)

struct judgement;

struct key_wait {
	struct judgement *owner;
	struct dns_query *query; /* NULL: answered */
};

struct judgement {
	struct list link; /* among all */
	struct seal_place place;
	struct list reading; /* among those whose body is read */
	struct chan *from;
	uint32_t stream;
	struct arena arena;
	const char *id;
	struct seal_content content;
	struct header header;
	const char *client, *sender;
	enum spf_result spf;
	const char *spf_domain;
	struct dkim_verify dkim;
	struct key_wait waits[DKIM_JUDGED_MAX];
	struct seal_arc arc;
	struct seal_dmarc dmarc;
	size_t open; /* keys that are to come, one for the body, and one each
			for ARC and DMARC */
	struct loop_timer deadline;
	size_t weight;
	bool broken; /* the content could not be read */
};

static void serve(struct seal_place *p);
static void refuse(struct seal_place *p);

static struct list all, readers;
static struct loop_timer turn;
static uint32_t n_judgements;
static size_t memory;
static struct seal_line line = {
	.most = OPEN_MAX,
	.length_max = WAITING_MAX,
	.patience = JUDGE_LINE_PATIENCE,
	.serve = serve,
	.refuse = refuse,
};

/* ---- the end of one ---- */

static void
answer(struct chan *c, const struct msg_judged *m)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_judged(&packet, m);
	chan_send(c, &packet, -1, false);
}

/* Where DMARC is enforced, doubt is "later". */
static void
answer_doubt(struct chan *c, uint32_t stream)
{
	bool later = seal_verdict_enforces();

	answer(c,
	    &(struct msg_judged){
		.stream = stream,
		.results = "; dkim=temperror; dmarc=temperror",
		.action = later ? JUDGE_LATER : JUDGE_TAKE,
		.code = later ? 451 : 0,
		.status = later ? "4.7.0" : "",
		.text = later ? "Error: the message cannot be verified now"
			      : "",
	    });
}

static void
drop(struct judgement *j)
{
	for (size_t i = 0; i < DKIM_JUDGED_MAX; i++)
		dns_drop(&j->waits[i].query);
	loop_cancel(&j->deadline);
	seal_line_leave(&line, &j->place);
	list_drop(&j->link);
	list_drop(&j->reading);
	dkim_verify_free(&j->dkim);
	seal_arc_stop(&j->arc);
	seal_dmarc_stop(&j->dmarc);
	seal_content_close(&j->content);
	header_free(&j->header);
	arena_free(&j->arena);
	memory -= j->weight;
	free(j);
	n_judgements--;
}

/* What is not known by now will not be. */
static void
conclude(struct judgement *j)
{
	CLEAN_BUF struct buf results = { 0 };
	bool broken = list_linked(&j->reading);
	struct msg_judged m = {
		.stream = j->stream,
		.action = JUDGE_TAKE,
		.status = "",
		.text = "",
	};
	struct seal_case c = {
		.id = j->id,
		.client = j->client,
		.sender = j->sender,
		.spf = j->spf,
		.spf_domain = j->spf_domain,
		.dkim = &j->dkim,
		.dmarc = &j->dmarc,
		.arc = &j->arc.arc,
	};

	if (j->broken) {
		log_warn("%s: the message cannot be read: not verified", j->id);
		answer_doubt(j->from, j->stream);
		drop(j);
		return;
	}
	dkim_verify_end(&j->dkim, broken);
	dkim_verify_results(&j->dkim, &results);
	arc_end(&j->arc.arc, broken);
	seal_verdict(&c, &j->arena, &results, &m);
	m.results = buf_str(&results);
	answer(j->from, &m);
	drop(j);
}

static void
over(struct judgement *j)
{
	if (--j->open == 0)
		conclude(j);
}

static void
on_deadline(struct loop_timer *t)
{
	conclude(container_of(t, struct judgement, deadline));
}

/* ---- keys ---- */

static void
on_key(void *owner, const struct dns_answer *said)
{
	struct key_wait *w = owner;
	struct judgement *j = w->owner;

	w->query = NULL;
	dkim_verify_key(&j->dkim, (size_t)(w - j->waits), said);
	over(j);
}

static void
ask_for_keys(struct judgement *j)
{
	for (size_t i = 0; i < j->dkim.n; i++) {
		const char *name = dkim_verify_need(&j->dkim, i);

		if (name == NULL)
			continue;
		j->open++;
		j->waits[i].owner = j;
		struct dns_query *q = dns_ask(name, DNS_TXT, on_key,
		    &j->waits[i]);
		if (q != NULL)
			j->waits[i].query = q;
	}
}

static void
on_arc(struct seal_arc *a)
{
	over(container_of(a, struct judgement, arc));
}

static void
on_dmarc(struct seal_dmarc *d)
{
	over(container_of(d, struct judgement, dmarc));
}

static void
ask_about_authors(struct judgement *j)
{
	if (str_eq(params.dmarc_policy, "off"))
		over(j);
	else
		seal_dmarc_start(&j->dmarc, header_text(&j->header), on_dmarc);
}

/* ---- the content ---- */

static void
take_body(struct judgement *j, const char *bytes, size_t n)
{
	dkim_verify_body(&j->dkim, bytes, n);
	arc_body(&j->arc.arc, bytes, n);
}

/* One piece.  False: there is no more to read. */
static bool
read_some(struct judgement *j)
{
	CLEAN_BUF struct buf piece = { 0 };

	j->broken = j->broken || !seal_content_read(&j->content, &piece);
	if (j->broken || piece.len == 0)
		return false;
	take_body(j, piece.text, piece.len);
	return j->content.left > 0;
}

/* A piece of each. */
static void
on_turn(struct loop_timer *t)
{
	LIST_EACH(struct judgement, j, &readers, reading) {
		if (read_some(j))
			continue;
		list_drop(&j->reading);
		over(j);
	}
	if (!list_empty(&readers))
		loop_timer(t, 0, on_turn);
}

/* The header, and what came of the body with it. */
static void
read_header(struct judgement *j)
{
	CLEAN_BUF struct buf piece = { 0 };
	size_t taken = 0;

	while (j->header.end == HEADER_MORE) {
		j->broken = !seal_content_read(&j->content, &piece);
		if (j->broken || piece.len == 0)
			header_finish(&j->header);
		else
			taken = header_feed(&j->header, piece.text, piece.len);
	}
	dkim_verify_start(&j->dkim, header_text(&j->header), loop_wall());
	if (params.arc_verify)
		seal_arc_start(&j->arc, header_text(&j->header), on_arc);
	else
		over(j);
	struct slice body = header_body_start(&j->header);
	take_body(j, body.at, body.len);
	if (taken < piece.len)
		take_body(j, piece.text + taken, piece.len - taken);
}

static void
read_body(struct judgement *j)
{
	bool wanted = dkim_verify_wants_body(&j->dkim) ||
	    arc_wants_body(&j->arc.arc);

	if (!wanted || j->broken || j->content.left == 0) {
		over(j);
		return;
	}
	list_append(&readers, &j->reading);
	if (turn.at == 0)
		loop_timer(&turn, 0, on_turn);
}

/* ---- the question ---- */

static void
weigh(struct judgement *j)
{
	memory -= j->weight;
	j->weight = j->header.text.room + j->content.text.room +
	    dkim_fields_weight(&j->dkim.fields) +
	    dkim_fields_weight(&j->arc.arc.fields);
	memory += j->weight;
}

static void
serve(struct seal_place *p)
{
	struct judgement *j = container_of(p, struct judgement, place);

	/* One more than there are, so that an answer at once ends nothing. */
	j->open = 4;
	read_header(j);
	weigh(j);
	loop_timer(&j->deadline, JUDGE_PATIENCE, on_deadline);
	ask_for_keys(j);
	ask_about_authors(j);
	read_body(j);
	over(j);
}

static void
refuse(struct seal_place *p)
{
	struct judgement *j = container_of(p, struct judgement, place);

	answer_doubt(j->from, j->stream);
	drop(j);
}

static void
keep_facts(struct judgement *j, const struct msg_judge *m)
{
	j->id = arena_strdup(&j->arena, m->id);
	j->client = arena_strdup(&j->arena, m->client);
	j->sender = arena_strdup(&j->arena, m->sender);
	j->spf = (enum spf_result)m->spf;
	j->spf_domain = arena_strdup(&j->arena, m->spf_domain);
}

bool
seal_judge_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int mine = fd;
	struct msg_judge m;

	if (!msg_get_judge(&m, body, len) || m.spf > SPF_PERMERROR ||
	    chan_waiting(c) > ANSWERS_MAX)
		return false;
	if (memory > MEMORY_MAX) {
		answer_doubt(c, m.stream);
		return true;
	}
	struct judgement *j = xcalloc(1, sizeof(*j));
	j->from = c;
	j->stream = m.stream;
	keep_facts(j, &m);
	list_append(&all, &j->link);
	n_judgements++;
	if (seal_content_open(&j->content, TAKE_FD(mine), m.data_at, m.data_len,
		m.content)) {
		weigh(j);
		seal_line_enter(&line, &j->place);
		return true;
	}
	log_warn("%s: seal got no content", j->id);
	refuse(&j->place);
	return true;
}

void
seal_judge_peer_ended(const struct chan *c)
{
	LIST_EACH(struct judgement, j, &all, link)
		if (j->from == c)
			drop(j);
}

uint32_t
seal_judge_busy(void)
{
	return n_judgements;
}
