/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_feed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "queueid.h"

/* A message up to this size is sent whole at its end. */
#define COLLECT ((size_t)16384)

/* Content of one packet, well below CHAN_PACKET_MAX. */
#define PIECE ((size_t)65536)

/* Clients are not read while more than this waits for cleanup. */
#define WAITING_MAX ((size_t)1 << 20)

struct smtpd_feed {
	struct list link;
	struct smtpd_conn *conn; /* NULL: the client is gone */
	struct chan *to;         /* NULL: nothing was sent yet */
	struct buf rcpts;        /* their addresses, and what they came for,
				    counted, not yet sent */
	struct buf content;      /* not yet sent */
	uint32_t stream;
	bool ended; /* all was sent: the answer decides */
};

static const struct smtpd_verdict lost = {
	.code = 451,
	.status = "4.3.0",
	.text = "Error: queue file write error",
};

static struct list feeds;
static struct map streams; /* number to feed */
static struct list choked;
static uint32_t last_stream;
static uint32_t orphans;

static void
free_feed(struct smtpd_feed *f)
{
	list_drop(&f->link);
	(void)map_drop(&streams, &f->stream, sizeof(f->stream));
	if (f->conn != NULL)
		f->conn->feed = NULL;
	else
		orphans--;
	buf_free(&f->rcpts);
	buf_free(&f->content);
	free(f);
}

/* ---- the start ---- */

static void
log_client(const struct smtpd_conn *c)
{
	CLEAN_BUF struct buf sasl = { 0 };

	if (c->s.user != NULL) {
		buf_addf(&sasl,
		    LOG_SEP "sasl_method=%s" LOG_SEP "sasl_username=",
		    c->s.mech);
		str_printable(&sasl, c->s.user, strlen(c->s.user), ADDR_MAX);
	}
	if (c->local)
		log_info("%s: uid=%u from=<%s>", c->s.tx.id, c->uid,
		    c->s.tx.sender);
	else
		log_info("%s: client=%s%s", c->s.tx.id, c->s.client.peer,
		    buf_str(&sasl));
}

static struct smtpd_feed *
new_feed(struct smtpd_conn *c)
{
	struct smtpd_feed *f = xcalloc(1, sizeof(*f));

	f->conn = c;
	f->stream = ++last_stream;
	*map_put(&streams, &f->stream, sizeof(f->stream)) = f;
	list_append(&feeds, &f->link);
	if (c == NULL)
		orphans++;
	return f;
}

static struct smtpd_feed *
open_feed(struct smtpd_conn *c)
{
	struct smtpd_feed *f = new_feed(c);
	struct queueid id = queueid_new(program_slot());

	c->feed = f;
	c->s.tx.id = arena_strdup(&c->s.tx.arena, id.text);
	log_client(c);
	return f;
}

void
smtpd_feed_rcpt(struct smtpd_conn *c)
{
	struct smtpd_feed *f = c->feed != NULL ? c->feed : open_feed(c);

	wire_put_str(&f->rcpts,
	    c->stands_for != NULL ? c->stands_for : c->s.tx.rcpt);
	wire_put_str(&f->rcpts, c->stands_for != NULL ? c->s.tx.rcpt : "");
}

struct smtpd_verdict
smtpd_feed_ready(struct smtpd_conn *c)
{
	(void)c;
	return program_peer(ROLE_CLEANUP) != NULL ? SMTPD_FINE : lost;
}

/* ---- sending ---- */

static uint32_t
flags_of(const struct smtpd_conn *c)
{
	uint32_t flags = c->s.tx.flags;

	if (c->local)
		flags |= MAIL_LOCAL;
	if (c->networks == FOUND_ONE)
		flags |= MAIL_TRUSTED;
	if (c->s.user != NULL)
		flags |= MAIL_AUTH;
	return flags;
}

static void
send_begin(struct smtpd_feed *f)
{
	CLEAN_BUF struct buf packet = { 0 };
	const struct smtpd_conn *c = f->conn;
	const struct smtpd_session *s = &c->s;
	CLEAN_BUF struct buf tls = { 0 };

	if (s->tls != NULL) {
		/* Two comments of Received; names have no parentheses. */
		buf_addf(&tls, "using %s) (", s->tls);
		smtpd_cert_comment(c->cert, &tls);
	}
	struct msg_mail_begin m = {
		.stream = f->stream,
		.id = s->tx.id,
		.flags = flags_of(c),
		.sender = s->tx.sender,
		.client_name = s->client.name,
		.client_addr = s->client.addr,
		.client_port = s->client.port,
		.helo = s->helo,
		.protocol = smtpd_with(s),
		.auth_user = s->user,
		.tls = tls.text,
		.uid = c->uid,
		.user = c->user,
		.size_hint = s->tx.announced,
	};

	msg_put_mail_begin(&packet, &m);
	chan_send(f->to, &packet, -1, false);
}

static void
send_rcpts(struct smtpd_feed *f)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct wire w = wire_open(buf_str(&f->rcpts), f->rcpts.len);

	while (wire_more(&w)) {
		struct msg_mail_rcpt m = {
			.stream = f->stream,
			.address = wire_get_str(&w),
		};
		m.orig = wire_get_str(&w);

		buf_reset(&packet);
		msg_put_mail_rcpt(&packet, &m);
		chan_send(f->to, &packet, -1, false);
	}
	buf_free(&f->rcpts);
}

/* All content that there is, in packets. */
static void
send_content(struct smtpd_feed *f)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct slice rest = { buf_str(&f->content), f->content.len };

	while (rest.len > 0) {
		size_t n = MIN(rest.len, PIECE);
		struct msg_mail_data m = {
			.stream = f->stream,
			.bytes = { rest.at, n },
		};

		buf_reset(&packet);
		msg_put_mail_data(&packet, &m);
		chan_send(f->to, &packet, -1, false);
		rest = (struct slice){ rest.at + n, rest.len - n };
	}
	buf_free(&f->content);
}

/* Sends what was collected; false where there is no cleanup to send it to. */
static bool
flush(struct smtpd_feed *f)
{
	if (f->to == NULL) {
		f->to = program_peer(ROLE_CLEANUP);
		if (f->to == NULL)
			return false;
		send_begin(f);
		send_rcpts(f);
	}
	send_content(f);
	return true;
}

void
smtpd_feed_content(struct smtpd_conn *c, const char *bytes, size_t n)
{
	struct smtpd_feed *f = c->feed;

	buf_add(&f->content, bytes, n);
	if (f->content.len < COLLECT)
		return;
	if (!flush(f)) {
		smtpd_spoil(&c->s, lost);
		return;
	}
	if (chan_waiting(f->to) > WAITING_MAX && !list_linked(&c->choked)) {
		list_append(&choked, &c->choked);
		c->s.port.paused = true;
	}
}

static void
send_end(struct smtpd_feed *f)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_end m = { .stream = f->stream };

	if (f->conn != NULL) {
		const struct smtpd_verify *v = &f->conn->verify;

		m.flags = (v->failed ? MAIL_SPF_FAIL : 0u) |
		    (v->failed && smtpd_verify_holds() ? MAIL_HOLD : 0u) |
		    (f->conn->over_limit ? MAIL_OVER_LIMIT : 0u);
		m.results = v->results;
		m.spf = v->result;
		m.spf_domain = v->domain;
	}
	msg_put_mail_end(&packet, &m);
	chan_send(f->to, &packet, -1, false);
}

static void
send_abort(struct smtpd_feed *f)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_abort m = { .stream = f->stream };

	msg_put_mail_abort(&packet, &m);
	chan_send(f->to, &packet, -1, false);
}

struct smtpd_verdict
smtpd_feed_end(struct smtpd_conn *c)
{
	struct smtpd_feed *f = c->feed;

	if (!flush(f))
		return lost;
	send_end(f);
	f->ended = true;
	return SMTPD_LATER;
}

/* ---- notices ---- */

/* qmgr knows this sender: what cannot be delivered is not answered. */
static void
send_notice_begin(const struct smtpd_feed *f, const char *id)
{
	CLEAN_BUF struct buf packet = { 0 }, sender = { 0 };

	buf_addf(&sender, "double-bounce@%s", params.myorigin);
	const struct msg_mail_begin m = {
		.stream = f->stream,
		.id = id,
		.flags = MAIL_LOCAL | MAIL_TRUSTED,
		.sender = buf_str(&sender),
		.uid = (uint32_t)getuid(),
	};

	msg_put_mail_begin(&packet, &m);
	chan_send(f->to, &packet, -1, false);
}

bool
smtpd_feed_notice(const char *to, struct buf *text)
{
	struct chan *cleanup = program_peer(ROLE_CLEANUP);
	struct queueid id = queueid_new(program_slot());

	if (cleanup == NULL)
		return false;
	struct smtpd_feed *f = new_feed(NULL);
	f->to = cleanup;
	f->ended = true;
	wire_put_str(&f->rcpts, to);
	wire_put_str(&f->rcpts, "");
	buf_add(&f->content, buf_str(text), text->len);
	log_info("%s: notice to <%s>", id.text, to);
	send_notice_begin(f, id.text);
	send_rcpts(f);
	send_content(f);
	send_end(f);
	return true;
}

/* ---- the end ---- */

void
smtpd_feed_drop(struct smtpd_conn *c)
{
	struct smtpd_feed *f = c->feed;

	if (f == NULL)
		return;
	if (f->ended) {
		f->conn = NULL;
		c->feed = NULL;
		orphans++;
		return;
	}
	if (f->to != NULL)
		send_abort(f);
	free_feed(f);
}

/* The feed is over with this verdict, whose text need not live longer. */
static void
conclude(struct smtpd_feed *f, struct smtpd_verdict v)
{
	struct smtpd_conn *c = f->conn;
	bool ended = f->ended;

	free_feed(f);
	if (c == NULL && v.code >= 400)
		log_info("a message that nobody waits for is not taken: %d %s "
			 "%s",
		    v.code, v.status, v.text);
	if (c == NULL)
		return;
	if (ended) {
		smtpd_conn_answer(c, v);
		return;
	}
	v.status = arena_strdup(&c->s.tx.arena, v.status);
	v.text = arena_strdup(&c->s.tx.arena, v.text);
	smtpd_spoil(&c->s, v);
}

bool
smtpd_feed_done(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_done m;

	close_fd(&fd);
	if (!msg_get_mail_done(&m, body, len) || m.code < 200 || m.code > 599)
		return false;
	struct smtpd_feed *f = map_get(&streams, &m.stream, sizeof(m.stream));
	/* An abort and an answer may have met on the way. */
	if (f == NULL || f->to != c)
		return true;
	if (!f->ended && m.code < 400)
		return false;
	conclude(f,
	    (struct smtpd_verdict){
		.code = m.code,
		.status = m.status,
		.text = m.text,
	    });
	return true;
}

void
smtpd_feed_peer_ended(const struct chan *c)
{
	bool more = true;

	/* An answer may lead to other feeds, so each step begins anew. */
	while (more) {
		more = false;
		LIST_EACH(struct smtpd_feed, f, &feeds, link) {
			if (f->to != c)
				continue;
			conclude(f, lost);
			more = true;
			break;
		}
	}
}

static bool
may_go_on(const struct smtpd_conn *c)
{
	const struct smtpd_feed *f = c->feed;

	return f == NULL || f->to == NULL ||
	    chan_waiting(f->to) < WAITING_MAX / 2;
}

void
smtpd_feed_each_round(void)
{
	LIST_EACH(struct smtpd_conn, c, &choked, choked) {
		if (!may_go_on(c))
			continue;
		list_drop(&c->choked);
		smtpd_conn_resume(c);
	}
}

uint32_t
smtpd_feed_orphans(void)
{
	return orphans;
}
