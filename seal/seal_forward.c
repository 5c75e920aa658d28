/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_forward.h"

#include <stdlib.h>
#include <string.h>

#include "arc_sign.h"
#include "authres.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "param.h"
#include "seal_content.h"
#include "seal_keys.h"
#include "seal_srs.h"

/* Who has so many bytes of answers waiting, and asks on, does not read. */
#define ANSWERS_MAX ((size_t)4 << 20)

/* cleanup puts far less in front. */
#define FRONT_MAX ((uint64_t)1 << 20)

struct forwarding {
	struct list link; /* among all, which are read in turn */
	struct chan *from;
	uint32_t stream;
	struct arena arena;
	const char *id;
	const char *sender; /* as it is to be */
	struct buf front;   /* the fields that we have put on top of it */
	struct seal_content content;
	struct header header;
	struct dkim_fields fields;
	struct seal_domain *domain; /* which seals; its keys may change */
	struct dkim_signer signer;
	struct dkim_body body;
	struct slice results; /* our Authentication-Results */
	enum arc_status cv;   /* what they say of its chain */
};

static struct list all;
static struct loop_timer turn;
static uint32_t n_forwardings;
static uint64_t n_sealed;

/* ---- the end of one ---- */

static void
answer(struct chan *c, uint32_t stream, const char *sender,
    const struct buf *head)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_forwarded(&packet,
	    &(struct msg_forwarded){
		.stream = stream,
		.ok = sender != NULL,
		.sender = sender != NULL ? sender : "",
		.head = { buf_str(head), head->len },
	    });
	chan_send(c, &packet, -1, false);
}

static void
drop(struct forwarding *f)
{
	list_drop(&f->link);
	dkim_body_free(&f->body);
	dkim_fields_free(&f->fields);
	seal_content_close(&f->content);
	header_free(&f->header);
	buf_free(&f->front);
	arena_free(&f->arena);
	free(f);
	n_forwardings--;
}

static void
end(struct forwarding *f, const struct buf *head)
{
	answer(f->from, f->stream, f->sender, head);
	drop(f);
}

/* The message goes on as it is. */
static void
end_without(struct forwarding *f, const char *why)
{
	log_info("%s: not sealed: %s", f->id, why);
	end(f, &(struct buf){ 0 });
}

/* RSA first: not everybody knows another algorithm. */
static struct seal_key *
choose_key(struct seal_domain *d)
{
	struct seal_key *found = NULL;

	LIST_EACH(struct seal_key, k, &d->keys, link) {
		if (k->pkey == NULL)
			continue;
		if (found == NULL ||
		    (EVP_PKEY_is_a(k->pkey, "RSA") &&
			!EVP_PKEY_is_a(found->pkey, "RSA")))
			found = k;
	}
	return found;
}

static void
conclude(struct forwarding *f)
{
	CLEAN_BUF struct buf head = { 0 };
	const struct seal_key *k = choose_key(f->domain);
	const char *why;

	dkim_body_end(&f->body);
	if (k == NULL) {
		end_without(f, "its key was taken back");
		return;
	}
	f->signer.selector = k->selector;
	f->signer.pkey = k->pkey;
	if (!arc_sign(&f->signer, &f->fields, f->body.hash,
		header_text(&f->header), f->results, f->cv, loop_wall(), &head,
		&why)) {
		end_without(f, why);
		return;
	}
	n_sealed++;
	log_info("%s: sealed for %s, cv=%s", f->id, f->signer.domain,
	    arc_status_name(f->cv));
	end(f, &head);
}

/* ---- who seals ---- */

static const char *
sealing_domain(void)
{
	if (params.arc_seal_domain[0] != '\0')
		return params.arc_seal_domain;
	return params.srs_domain[0] != '\0' ? params.srs_domain
					    : params.mydomain;
}

/* False where nobody seals here. */
static bool
choose_signer(struct forwarding *f)
{
	char *name = arena_strdup(&f->arena, sealing_domain());

	str_lower(name);
	f->domain = params.arc_seal ? seal_keys_find(name) : NULL;
	if (f->domain == NULL || choose_key(f->domain) == NULL)
		return false;
	/* RFC 8617 4.1.2: signatures that are there are covered too. */
	f->signer = (struct dkim_signer){
		.domain = f->domain->name,
		.header = DKIM_RELAXED,
		.body = DKIM_RELAXED,
		.names = arena_printf(&f->arena, "%s, DKIM-Signature",
		    params.dkim_sign_headers),
		.oversigned = params.dkim_oversign_headers,
	};
	return true;
}

/* ---- what was found out ---- */

static enum arc_status
chain_in(struct slice results)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct authres_reader r = { .rest = results };
	struct authres_word w;
	enum arc_status found = ARC_NONE;

	if (!authres_enter(&r))
		return ARC_NONE;
	while (authres_next(&r, &a, &w))
		if (w.method && str_eq(w.name, "arc"))
			found = str_eq(w.value, "pass") ? ARC_PASS : ARC_FAIL;
	return found;
}

/* Ours are among the fields that we have put in front; without them nothing was
 * found out. */
static void
find_results(struct forwarding *f)
{
	struct slice rest = { buf_str(&f->front), f->front.len };
	struct header_field field;

	f->results.at = arena_printf(&f->arena, " %s; none",
	    params.authserv_id);
	f->results.len = strlen(f->results.at);
	while (header_next(&rest, &field))
		if (header_is(&field, "Authentication-Results") &&
		    authres_claims(field.value, params.authserv_id)) {
			f->results = field.value;
			f->cv = chain_in(field.value);
			return;
		}
}

/* ---- the content ---- */

/* The fields in front, with which the content was opened.  False where they
 * cannot be read. */
static bool
read_front(struct forwarding *f, const struct msg_forward *m)
{
	CLEAN_BUF struct buf piece = { 0 };

	if (m->head_len > FRONT_MAX)
		return false;
	do {
		if (!seal_content_read(&f->content, &piece))
			return false;
		buf_add(&f->front, buf_str(&piece), piece.len);
	} while (piece.len > 0);
	f->content.at = m->data_at;
	f->content.left = m->data_len;
	return m->data_at <= INT64_MAX && m->data_len <= INT64_MAX - m->data_at;
}

/* The header, and the piece of the body that came with it. */
static bool
read_header(struct forwarding *f)
{
	CLEAN_BUF struct buf piece = { 0 };
	size_t taken = 0;

	while (f->header.end == HEADER_MORE) {
		if (!seal_content_read(&f->content, &piece))
			return false;
		taken = 0;
		if (piece.len == 0)
			header_finish(&f->header);
		else
			taken = header_feed(&f->header, piece.text, piece.len);
	}
	dkim_fields_add(&f->fields,
	    (struct slice){ buf_str(&f->front), f->front.len });
	dkim_fields_add(&f->fields, header_text(&f->header));

	struct slice body = header_body_start(&f->header);
	dkim_body_feed(&f->body, body.at, body.len);
	dkim_body_feed(&f->body, buf_str(&piece) + taken, piece.len - taken);
	return true;
}

static void
read_some(struct forwarding *f)
{
	CLEAN_BUF struct buf piece = { 0 };

	if (!seal_content_read(&f->content, &piece)) {
		end_without(f, "it cannot be read");
		return;
	}
	dkim_body_feed(&f->body, buf_str(&piece), piece.len);
	if (f->content.left == 0)
		conclude(f);
}

static void
on_turn(struct loop_timer *t)
{
	LIST_EACH(struct forwarding, f, &all, link)
		read_some(f);
	if (!list_empty(&all))
		loop_timer(t, 0, on_turn);
}

/* ---- the question ---- */

static void
start(struct forwarding *f, const struct msg_forward *m, int fd)
{
	static const struct slice none = { "", 0 };
	bool good = seal_content_open(&f->content, fd, m->head_at, m->head_len,
	    none);

	list_append(&all, &f->link);
	n_forwardings++;
	if (!choose_signer(f)) {
		end(f, &(struct buf){ 0 });
		return;
	}
	dkim_body_start(&f->body, DKIM_RELAXED);
	if (!good || !read_front(f, m) || !read_header(f)) {
		end_without(f, "it cannot be read");
		return;
	}
	find_results(f);
	if (f->content.left == 0)
		conclude(f);
	else if (turn.at == 0)
		loop_timer(&turn, 0, on_turn);
}

bool
seal_forward_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int mine = fd;
	struct msg_forward m;

	if (!msg_get_forward(&m, body, len) || chan_waiting(c) > ANSWERS_MAX)
		return false;
	struct forwarding *f = xcalloc(1, sizeof(*f));
	const char *sender = m.sender;
	enum found found = seal_srs_sender(&f->arena, m.sender, &sender);
	if (found == FOUND_FAILED) {
		answer(c, m.stream, NULL, &(struct buf){ 0 });
		arena_free(&f->arena);
		free(f);
		return true;
	}
	f->from = c;
	f->stream = m.stream;
	f->id = arena_strdup(&f->arena, m.id);
	f->sender = arena_strdup(&f->arena, sender);
	start(f, &m, TAKE_FD(mine));
	return true;
}

void
seal_forward_peer_ended(const struct chan *c)
{
	LIST_EACH(struct forwarding, f, &all, link)
		if (f->from == c)
			drop(f);
}

uint32_t
seal_forward_busy(void)
{
	return n_forwardings;
}

uint64_t
seal_forward_count(void)
{
	return n_sealed;
}
