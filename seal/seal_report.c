/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_report.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "dmarc_report.h"
#include "fd.h"
#include "param.h"
#include "program.h"

/* Places of a domain that are heeded. */
#define PLACES_MAX 5

/* A report that does not read. */
#define WAITING_MAX ((size_t)4 << 20)

/* ---- facts ---- */

static void
put_signatures(const struct dkim_verify *v, struct buf *out)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct dkim_judged *j = &v->judged[i];

		rec_put_dmarc_signed(out,
		    &(struct rec_dmarc_signed){
			.domain = j->signature.domain,
			.selector = j->signature.selector,
			.result = (uint8_t)j->result,
		    });
	}
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

void
seal_report_tell(const struct seal_report_facts *f)
{
	const struct seal_dmarc_verdict *v = f->verdict;
	struct chan *to = program_peer(ROLE_REPORT);
	CLEAN_BUF struct buf packet = { 0 }, row = { 0 }, signatures = { 0 };

	if (!params.dmarc_report || to == NULL || v->policy == NULL ||
	    v->policy->fault != DMARC_PASS || v->policy->record.rua.len == 0 ||
	    chan_waiting(to) > WAITING_MAX)
		return;
	put_signatures(f->c->dkim, &signatures);
	rec_put_dmarc_row(&row,
	    &(struct rec_dmarc_row){
		.client = f->c->client,
		.header_from = v->domain,
		.envelope_from = domain_of(f->c->sender),
		.disposition = (uint8_t)f->done,
		.dkim_aligned = v->verdict.dkim_aligned,
		.spf_aligned = v->verdict.spf_aligned,
		.reason = f->reason,
		.comment = f->comment,
		.spf = (uint8_t)f->c->spf,
		.spf_domain = f->c->spf_domain,
		.helo = f->c->sender[0] == '\0',
		.signatures = { buf_str(&signatures), signatures.len },
	    });
	msg_put_dmarc_seen(&packet,
	    &(struct msg_dmarc_seen){
		.domain = v->policy->holder,
		.record = v->policy->text,
		.row = { buf_str(&row), row.len },
	    });
	chan_send(to, &packet, -1, false);
}

/* ---- who wants reports ---- */

struct asking;

/* A place that has to consent, and its question. */
struct place {
	struct asking *asking;
	struct dns_query *query; /* NULL: answered */
	struct dmarc_uri uri;
	bool allowed;
};

struct asking {
	struct list link;
	struct chan *from;
	uint32_t stream;
	struct arena arena;
	struct dmarc policy;
	struct dns_query *query;
	struct place places[PLACES_MAX];
	size_t n;
	size_t open;
	bool doubt; /* a place could not be asked about */
};

static struct list all;
static uint32_t n_all;

static void
drop(struct asking *q)
{
	dns_drop(&q->query);
	for (size_t i = 0; i < q->n; i++)
		dns_drop(&q->places[i].query);
	list_drop(&q->link);
	dmarc_free(&q->policy);
	arena_free(&q->arena);
	free(q);
	n_all--;
}

static void
answer(struct asking *q, enum found found, const char *uris)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_rua_said(&packet,
	    &(struct msg_rua_said){
		.stream = q->stream,
		.found = (uint8_t)found,
		.uris = uris,
	    });
	chan_send(q->from, &packet, -1, false);
	drop(q);
}

static void
conclude(struct asking *q)
{
	CLEAN_BUF struct buf uris = { 0 };

	for (size_t i = 0; i < q->n; i++) {
		const struct place *p = &q->places[i];

		if (!p->allowed)
			continue;
		buf_addf(&uris, "%smailto:", uris.len > 0 ? " " : "");
		dmarc_uri_put(&uris, &p->uri);
	}
	if (q->doubt)
		answer(q, FOUND_FAILED, "");
	else
		answer(q, uris.len > 0 ? FOUND_ONE : FOUND_NONE,
		    buf_str(&uris));
}

/* RFC 7489 7.1: who consents may name another address at the same domain. */
static void
consent(struct place *p, struct slice text)
{
	const char *domain = domain_of(p->uri.address);
	struct dmarc_record r;
	struct dmarc_uri uri;
	const char *why; /* a consent need not be more than "v=DMARC1" */

	p->allowed = true;
	if (!dmarc_record_parse(text, &r, &why) || r.rua.len == 0)
		return;
	while (dmarc_uri_next(&p->asking->arena, &r.rua, &uri))
		if (str_eq_nocase(domain_of(uri.address), domain)) {
			p->uri = uri;
			return;
		}
}

static void
on_consent(void *owner, const struct dns_answer *said)
{
	struct place *p = owner;
	struct asking *q = p->asking;

	p->query = NULL;
	q->doubt |= said->status == DNS_FAILED;
	for (size_t i = 0; i < said->n; i++)
		if (dmarc_record_is(said->records[i].data))
			consent(p, said->records[i].data);
	if (--q->open == 0)
		conclude(q);
}

/* RFC 7489 7.1. */
static void
ask_for_consent(struct asking *q)
{
	struct slice rest = q->policy.record.rua;
	struct dmarc_uri uri;

	q->open = 1;
	while (q->n < PLACES_MAX && rest.at != NULL &&
	    dmarc_uri_next(&q->arena, &rest, &uri)) {
		CLEAN_BUF struct buf name = { 0 };
		struct place *p = &q->places[q->n++];
		const char *domain = domain_of(uri.address);

		*p = (struct place){ .asking = q, .uri = uri };
		p->allowed = dmarc_report_is_own(q->policy.domain, domain);
		if (p->allowed)
			continue;
		dmarc_report_consent(&name, q->policy.domain, domain);
		q->open++;
		struct dns_query *query = dns_ask(buf_str(&name), DNS_TXT,
		    on_consent, p);
		if (query != NULL)
			p->query = query;
	}
	if (--q->open == 0)
		conclude(q);
}

static void
on_record(void *owner, const struct dns_answer *said)
{
	struct asking *q = owner;

	q->query = NULL;
	dmarc_tell(&q->policy, said);
	if (q->policy.fault == DMARC_TEMPERROR)
		answer(q, FOUND_FAILED, "");
	else if (q->policy.stage != DMARC_FOUND ||
	    q->policy.fault != DMARC_PASS)
		answer(q, FOUND_NONE, "");
	else
		ask_for_consent(q);
}

bool
seal_report_rua(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_rua_ask m;

	close_fd(&fd);
	if (!msg_get_rua_ask(&m, body, len))
		return false;
	struct asking *q = xcalloc(1, sizeof(*q));
	q->from = c;
	q->stream = m.stream;
	list_append(&all, &q->link);
	n_all++;
	dmarc_start(&q->policy, arena_strdup(&q->arena, m.domain));
	struct dns_query *query = dns_ask(q->policy.need.name, DNS_TXT,
	    on_record, q);
	if (query != NULL) /* else q is gone, or has gone on */
		q->query = query;
	return true;
}

void
seal_report_peer_ended(const struct chan *c)
{
	LIST_EACH(struct asking, q, &all, link)
		if (q->from == c)
			drop(q);
}

uint32_t
seal_report_busy(void)
{
	return n_all;
}
