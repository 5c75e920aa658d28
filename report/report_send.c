/*
 * A report goes round: who wants it, then to one after the other of them.
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_send.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "queueid.h"
#include "report_dmarc.h"
#include "report_gzip.h"
#include "report_mail.h"
#include "report_store.h"
#include "report_tls.h"
#include "tlsrpt.h"

#define LOOK_EVERY   SECOND
#define AT_A_TIME    ((size_t)20)
#define ATTEMPTS_MAX 24u
#define RETRY        HOUR
#define ANSWER_TIME  (5 * MINUTE)
#define POST_MAX     ((size_t)120000) /* what fits into a packet */
#define DATA_MAX     ((size_t)65536)

/* Who knows who wants it, and who writes it. */
static const struct {
	enum role knows;
	void (*write)(struct buf *out, const struct report_due *due,
	    const char *id);
} kinds[REPORT_KINDS] = {
	[REPORT_TLS] = { ROLE_STS, report_tls_write },
	[REPORT_DMARC] = { ROLE_VERIFY, report_dmarc_write },
};

static const struct report_form forms[REPORT_KINDS] = {
	[REPORT_DMARC] = {
		.word = "DMARC",
		.type = "application/gzip",
		.extension = "xml",
		.text = "This is an aggregate report about DMARC (RFC 7489), "
			"of mail in the name of the domain below.",
	},
	[REPORT_TLS] = {
		.word = "TLS",
		.type = "application/tlsrpt+gzip",
		.name = "tlsrpt",
		.extension = "json",
		.text = "This is an aggregate report about TLS (RFC 8460), of "
			"mail sent to the domain below.",
	},
};

/* A report in hand. */
struct sending {
	struct list link;
	struct loop_timer timer;
	struct arena arena;
	struct buf due_room, done_room;
	struct report_due due;
	const char *id;
	struct buf packed;
	struct slice uris;  /* those that are left */
	struct slice uri;   /* where it goes now */
	struct chan *asked; /* whose answer is waited for */
	uint32_t stream;
	bool failed; /* to somebody */
};

static struct list all;
static struct loop_timer clock_timer;
static size_t n_all;
static uint32_t last_stream;

/* ---- the end ---- */

static void
end_sending(struct sending *s)
{
	loop_cancel(&s->timer);
	list_drop(&s->link);
	n_all--;
	buf_free(&s->due_room);
	buf_free(&s->done_room);
	buf_free(&s->packed);
	arena_free(&s->arena);
	free(s);
}

static void
forget(struct sending *s)
{
	report_store_forget(&s->due);
	end_sending(s);
}

static void
finish(struct sending *s)
{
	if (!s->failed) {
		forget(s);
	} else if (s->due.attempts >= ATTEMPTS_MAX) {
		log_info("%s: %s report %s is given up", s->due.domain,
		    forms[s->due.kind].word, s->id);
		forget(s);
	} else {
		end_sending(s); /* it comes again */
	}
}

/* ---- answers ---- */

static void next_uri(struct sending *s);

static void
wait_for(struct sending *s, struct chan *c, void (*late)(struct loop_timer *t))
{
	s->asked = c;
	loop_timer(&s->timer, ANSWER_TIME, late);
}

static struct sending *
answered(const struct chan *c, uint32_t stream)
{
	LIST_EACH(struct sending, s, &all, link)
		if (s->asked == c && s->stream == stream) {
			s->asked = NULL;
			loop_cancel(&s->timer);
			return s;
		}
	return NULL;
}

static void
on_late(struct loop_timer *t)
{
	struct sending *s = container_of(t, struct sending, timer);

	s->asked = NULL;
	s->failed = true;
	next_uri(s);
}

/* One destination is over. */
static void
sent(struct sending *s, bool ok, const char *why)
{
	CLEAN_BUF struct buf uri = { 0 };
	CLEAN_BUF struct buf room = { 0 };

	buf_add(&uri, s->uri.at, s->uri.len);
	if (ok) {
		log_info("%s: %s report %s sent to %s", s->due.domain,
		    forms[s->due.kind].word, s->id, buf_str(&uri));
		report_store_done(&s->due, buf_str(&uri), &room, &s->due);
		s->due.done = arena_strdup(&s->arena, s->due.done);
	} else {
		log_info("%s: %s report %s cannot be sent to %s: %s",
		    s->due.domain, forms[s->due.kind].word, s->id,
		    buf_str(&uri), why);
		s->failed = true;
	}
	next_uri(s);
}

/* ---- by mail ---- */

static void
send_packet(struct chan *c, struct buf *packet)
{
	chan_send(c, packet, -1, false);
	buf_reset(packet);
}

static void
send_message(struct sending *s, struct chan *c, const char *id, const char *to,
    const struct buf *text)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_mail_begin(&packet,
	    &(struct msg_mail_begin){
		.stream = s->stream,
		.id = id,
		.flags = MAIL_NOTICE | MAIL_REPORT,
		.sender = "",
		.size_hint = text->len,
	    });
	send_packet(c, &packet);
	msg_put_mail_rcpt(&packet,
	    &(struct msg_mail_rcpt){ .stream = s->stream, .address = to });
	send_packet(c, &packet);
	for (size_t at = 0; at < text->len; at += DATA_MAX) {
		msg_put_mail_data(&packet,
		    &(struct msg_mail_data){
			.stream = s->stream,
			.bytes = { text->text + at,
			    MIN(text->len - at, DATA_MAX) },
		    });
		send_packet(c, &packet);
	}
	msg_put_mail_end(&packet,
	    &(struct msg_mail_end){ .stream = s->stream });
	send_packet(c, &packet);
}

static void
by_mail(struct sending *s, const char *to)
{
	CLEAN_BUF struct buf text = { 0 };
	struct chan *c = program_peer(ROLE_CLEANUP);
	struct queueid id = queueid_new(program_slot());

	if (c == NULL) {
		sent(s, false, "cleanup is not there");
		return;
	}
	report_mail_write(&text,
	    &(struct report_letter){
		.form = &forms[s->due.kind],
		.due = &s->due,
		.id = s->id,
		.mail_id = id.text,
		.to = to,
		.now = loop_wall(),
		.packed = { s->packed.text, s->packed.len },
	    });
	wait_for(s, c, on_late);
	send_message(s, c, id.text, to, &text);
}

bool
report_send_mailed(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_done m;

	close_fd(&fd);
	if (!msg_get_mail_done(&m, body, len))
		return false;
	struct sending *s = answered(c, m.stream);
	if (s != NULL)
		sent(s, m.code == 250, m.text);
	return true;
}

/* ---- by HTTPS ---- */

static void
by_post(struct sending *s, const char *url)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *c = program_peer(ROLE_STS);

	if (c == NULL || s->packed.len > POST_MAX) {
		sent(s, false,
		    c == NULL ? "sts is not there" : "the report is too long");
		return;
	}
	msg_put_post(&packet,
	    &(struct msg_post){
		.stream = s->stream,
		.url = url,
		.type = forms[s->due.kind].type,
		.body = { s->packed.text, s->packed.len },
	    });
	wait_for(s, c, on_late);
	chan_send(c, &packet, -1, false);
}

bool
report_send_posted(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_posted m;

	close_fd(&fd);
	if (!msg_get_posted(&m, body, len))
		return false;
	struct sending *s = answered(c, m.stream);
	if (s != NULL)
		sent(s, m.ok != 0, m.why);
	return true;
}

/* ---- to one after the other ---- */

static bool
has_it(const struct sending *s, struct slice uri)
{
	struct slice rest = slice_of(s->due.done), done;

	while (slice_next_part(&rest, ' ', &done))
		if (done.len == uri.len &&
		    memcmp(done.at, uri.at, uri.len) == 0)
			return true;
	return false;
}

/* RFC 7489 6.2: more than they say is not sent to them. */
static void
skip_place(struct sending *s)
{
	log_info("%s: %s report %s is larger than %.*s takes: not sent",
	    s->due.domain, forms[s->due.kind].word, s->id, (int)s->uri.len,
	    s->uri.at);
	next_uri(s);
}

static void
next_uri(struct sending *s)
{
	CLEAN_BUF struct buf address = { 0 };
	bool more;

	do {
		more = slice_next_part(&s->uris, ' ', &s->uri);
	} while (more && (s->uri.len == 0 || has_it(s, s->uri)));
	if (!more || program_draining()) {
		s->failed |= more;
		finish(s);
		return;
	}
	if (++last_stream == 0)
		last_stream = 1;
	s->stream = last_stream;
	if (s->due.kind == REPORT_DMARC &&
	    !report_dmarc_place(s->uri, s->packed.len, &address))
		skip_place(s);
	else if (address.len > 0 || tlsrpt_mailto(s->uri, &address))
		by_mail(s, arena_strdup(&s->arena, buf_str(&address)));
	else
		by_post(s, arena_memdup(&s->arena, s->uri.at, s->uri.len));
}

/* ---- who wants it ---- */

static void
write_report(struct sending *s)
{
	CLEAN_BUF struct buf text = { 0 };

	kinds[s->due.kind].write(&text, &s->due, s->id);
	report_gzip(&s->packed, text.text, text.len);
}

bool
report_send_rua(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_rua_said m;

	close_fd(&fd);
	if (!msg_get_rua_said(&m, body, len) || m.found > FOUND_FAILED)
		return false;
	struct sending *s = answered(c, m.stream);
	if (s == NULL)
		return true;
	switch ((enum found)m.found) {
	case FOUND_NONE: /* nobody wants it */
		forget(s);
		break;
	case FOUND_FAILED:
		s->failed = true;
		finish(s);
		break;
	case FOUND_ONE:
		s->uris = slice_of(arena_strdup(&s->arena, m.uris));
		write_report(s);
		next_uri(s);
		break;
	}
	return true;
}

static void
ask_rua(struct sending *s)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *c = program_peer(kinds[s->due.kind].knows);

	if (c == NULL) {
		s->failed = true;
		finish(s);
		return;
	}
	if (++last_stream == 0)
		last_stream = 1;
	s->stream = last_stream;
	msg_put_rua_ask(&packet,
	    &(struct msg_rua_ask){ .stream = s->stream,
		.domain = s->due.domain });
	wait_for(s, c, on_late);
	chan_send(c, &packet, -1, false);
}

/* ---- the clock ---- */

/* An hour is long where the period is short. */
static int64_t
retry_time(void)
{
	return MIN(RETRY, params.report_interval);
}

/* The id is the same when it is sent again: who has it already sees that. */
static bool
take_one(void)
{
	struct sending *s = xcalloc(1, sizeof(*s));

	if (report_store_take(loop_wall(), loop_wall() + retry_time(),
		&s->due_room, &s->due) != FOUND_ONE) {
		buf_free(&s->due_room);
		free(s);
		return false;
	}
	s->id = arena_printf(&s->arena, "%lld.%s@%s",
	    (long long)(s->due.begin / SECOND), s->due.domain,
	    params.myhostname);
	list_append(&all, &s->link);
	n_all++;
	ask_rua(s);
	return true;
}

static void
on_clock(struct loop_timer *t)
{
	if (program_draining())
		return;
	while (n_all < AT_A_TIME && take_one())
		continue;
	loop_timer(t, LOOK_EVERY, on_clock);
}

void
report_send_start(void)
{
	loop_timer(&clock_timer, LOOK_EVERY, on_clock);
}

void
report_send_drain(void)
{
	loop_cancel(&clock_timer);
}

void
report_send_peer_ended(struct chan *c)
{
	LIST_EACH(struct sending, s, &all, link) {
		if (s->asked != c)
			continue;
		s->asked = NULL;
		loop_cancel(&s->timer);
		s->failed = true;
		finish(s);
	}
}

size_t
report_send_open(void)
{
	return n_all;
}
