/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_dkim.h"

#include <stdlib.h>

#include "dkim_sign.h"
#include "dmarc_from.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "param.h"
#include "seal_content.h"
#include "seal_keys.h"

/* Who has so many bytes of answers waiting, and asks on, does not read. */
#define ANSWERS_MAX ((size_t)4 << 20)

struct signing {
	struct list link; /* among all, which are read in turn */
	struct chan *from;
	uint32_t stream;
	struct arena arena;
	const char *id;
	struct buf front;
	struct seal_content content;
	struct header header;
	struct dkim_fields fields;
	struct seal_domain *domain;
	struct dkim_signer signer;
	struct dkim_body body;
	bool as_it_is;
	bool unfit; /* the body has bytes above 127, or lines that are too
			  long */
};

static struct list all;
static struct loop_timer turn;
static uint32_t n_signings;
static uint64_t n_signed;

static void
answer(struct chan *c, uint32_t stream, enum seal_verdict verdict,
    const struct buf *head)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_sealed(&packet,
	    &(struct msg_sealed){
		.stream = stream,
		.verdict = (uint8_t)verdict,
		.head = { buf_str(head), head->len },
	    });
	chan_send(c, &packet, -1, false);
}

static void
drop(struct signing *s)
{
	list_drop(&s->link);
	dkim_body_free(&s->body);
	dkim_fields_free(&s->fields);
	seal_content_close(&s->content);
	header_free(&s->header);
	buf_free(&s->front);
	arena_free(&s->arena);
	free(s);
	n_signings--;
}

static void
end(struct signing *s, enum seal_verdict verdict, const struct buf *head)
{
	answer(s->from, s->stream, verdict, head);
	drop(s);
}

/* ---- signing ---- */

static bool
has_keys(struct seal_domain *d)
{
	LIST_EACH(struct seal_key, k, &d->keys, link)
		if (k->pkey != NULL)
			return true;
	return false;
}

static bool
sign_all(struct signing *s, struct buf *head)
{
	LIST_EACH(struct seal_key, k, &s->domain->keys, link) {
		if (k->pkey == NULL)
			continue;
		s->signer.selector = k->selector;
		s->signer.pkey = k->pkey;
		if (!dkim_sign(&s->signer, &s->fields, s->body.hash,
			loop_wall(), head))
			return false;
	}
	return true;
}

static void
conclude(struct signing *s)
{
	CLEAN_BUF struct buf head = { 0 };

	dkim_body_end(&s->body);
	if (s->unfit && !s->as_it_is) {
		end(s, SEAL_CONVERT, &head);
		return;
	}
	if (sign_all(s, &head)) {
		n_signed++;
		end(s, SEAL_SIGNED, &head);
		return;
	}
	log_warn("%s: OpenSSL cannot sign for %s", s->id, s->domain->name);
	buf_reset(&head);
	end(s, SEAL_FAILED, &head);
}

/* ---- the content ---- */

static void
take_body(struct signing *s, const char *bytes, size_t n)
{
	s->unfit = s->unfit || !str_is_ascii(bytes, n);
	dkim_body_feed(&s->body, bytes, n);
}

/* A piece.  True: there is more to read; else it has ended. */
static bool
read_some(struct signing *s)
{
	CLEAN_BUF struct buf piece = { 0 };

	if (!seal_content_read(&s->content, &piece)) {
		log_warn("%s: the message cannot be read: not signed", s->id);
		end(s, SEAL_FAILED, &piece);
		return false;
	}
	take_body(s, buf_str(&piece), piece.len);
	/* What will be converted need not be read to its end. */
	if (s->content.left > 0 && (!s->unfit || s->as_it_is))
		return true;
	conclude(s);
	return false;
}

static void
on_turn(struct loop_timer *t)
{
	LIST_EACH(struct signing, s, &all, link)
		(void)read_some(s); /* it ends by itself */
	if (!list_empty(&all))
		loop_timer(t, 0, on_turn);
}

/* The domain of the first author, or NULL. */
static const char *
author_domain(struct signing *s)
{
	struct header_field from;

	if (!dkim_fields_find(&s->fields, "From", &from))
		return NULL;
	return dmarc_from_first(&s->arena, from.value);
}

static bool
choose_signer(struct signing *s)
{
	const char *author = author_domain(s);

	if (author != NULL)
		s->domain = seal_keys_find(author);
	if (s->domain == NULL || !has_keys(s->domain))
		return false;
	s->signer = (struct dkim_signer){
		.domain = s->domain->name,
		.names = params.dkim_sign_headers,
		.oversigned = params.dkim_oversign_headers,
	};
	return dkim_canon_parse(params.dkim_canonicalization, &s->signer.header,
	    &s->signer.body);
}

/* The header, and the piece of the body that came with it. */
static bool
read_header(struct signing *s, struct buf *piece, size_t *taken)
{
	while (s->header.end == HEADER_MORE) {
		if (!seal_content_read(&s->content, piece))
			return false;
		*taken = 0;
		if (piece->len == 0)
			header_finish(&s->header);
		else
			*taken = header_feed(&s->header, piece->text,
			    piece->len);
	}
	dkim_fields_add(&s->fields,
	    (struct slice){ buf_str(&s->front), s->front.len });
	dkim_fields_add(&s->fields, header_text(&s->header));
	return true;
}

static void
start(struct signing *s)
{
	CLEAN_BUF struct buf piece = { 0 };
	CLEAN_BUF struct buf none = { 0 };
	size_t taken = 0;

	list_append(&all, &s->link);
	n_signings++;
	if (!read_header(s, &piece, &taken)) {
		log_warn("%s: the message cannot be read: not signed", s->id);
		end(s, SEAL_FAILED, &none);
		return;
	}
	if (!choose_signer(s)) {
		end(s, SEAL_NONE, &none);
		return;
	}
	dkim_body_start(&s->body, s->signer.body);
	struct slice body = header_body_start(&s->header);
	take_body(s, body.at, body.len);
	take_body(s, buf_str(&piece) + taken, piece.len - taken);
	if (s->content.left == 0)
		conclude(s);
	else if (turn.at == 0)
		loop_timer(&turn, 0, on_turn);
}

bool
seal_dkim_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int mine = fd;
	struct msg_seal m;

	if (!msg_get_seal(&m, body, len) || chan_waiting(c) > ANSWERS_MAX)
		return false;
	struct signing *s = xcalloc(1, sizeof(*s));
	s->from = c;
	s->stream = m.stream;
	s->id = arena_strdup(&s->arena, m.id);
	s->unfit = m.long_lines != 0;
	s->as_it_is = m.as_it_is != 0;
	buf_add(&s->front, m.front.at, m.front.len);
	if (seal_content_open(&s->content, TAKE_FD(mine), m.data_at, m.data_len,
		m.content)) {
		start(s);
		return true;
	}
	log_warn("%s: seal got no content: not signed", s->id);
	list_append(&all, &s->link);
	n_signings++;
	end(s, SEAL_FAILED, &(struct buf){ 0 });
	return true;
}

void
seal_dkim_peer_ended(const struct chan *c)
{
	LIST_EACH(struct signing, s, &all, link)
		if (s->from == c)
			drop(s);
}

uint32_t
seal_dkim_busy(void)
{
	return n_signings;
}

uint64_t
seal_dkim_count(void)
{
	return n_signed;
}
