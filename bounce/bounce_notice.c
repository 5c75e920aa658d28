/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "bounce_notice.h"

#include <string.h>

#include "arena.h"
#include "bounce_original.h"
#include "bounce_text.h"
#include "clock.h"
#include "log.h"
#include "map.h"
#include "param.h"
#include "program.h"
#include "queueid.h"
#include "str.h"

#define ANSWER_TIME (5 * MINUTE) /* for cleanup; it has died long before */
#define DATA_MAX    ((size_t)65536)

/* One message that cleanup is writing. */
struct note {
	struct chan *asker; /* NULL: nobody waits for the answer */
	uint32_t asked;     /* the asker's number of the notice */
	struct chan *cleanup;
	uint32_t stream;
	char *about; /* id of the message that it is about */
	const char *what;
	struct queueid id;
	struct loop_timer timer;
};

static struct map notes; /* by stream */
static uint32_t last_stream;

/* As the log calls them. */
static const char *const sender_words[] = {
	[NOTICE_BOUNCE] = "sender non-delivery notification",
	[NOTICE_DELAY] = "sender delay notification",
	[NOTICE_SUCCESS] = "sender delivery status notification",
	[NOTICE_POSTMASTER] = "postmaster non-delivery notification",
	[NOTICE_HELD] = "postmaster notification of mail in hold",
};
static const char *const copy_words[] = {
	[NOTICE_BOUNCE] = "postmaster non-delivery notification",
	[NOTICE_DELAY] = "postmaster delay notification",
	[NOTICE_SUCCESS] = "",
	[NOTICE_POSTMASTER] = "",
	[NOTICE_HELD] = "",
};

uint32_t
bounce_under_way(void)
{
	return (uint32_t)notes.len;
}

/* ---- the answer ---- */

static void
answer(struct chan *asker, uint32_t stream, bool ok, const char *id)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_notice_done m = {
		.stream = stream,
		.ok = ok,
		.notice_id = id,
	};

	if (asker == NULL)
		return;
	msg_put_notice_done(&packet, &m);
	chan_send(asker, &packet, -1, false);
}

static void
end_note(struct note *n, bool ok, const char *id)
{
	answer(n->asker, n->asked, ok, id);
	loop_cancel(&n->timer);
	(void)map_drop(&notes, &n->stream, sizeof(n->stream)); /* it is n */
	free(n->about);
	free(n);
}

static void
on_timeout(struct loop_timer *t)
{
	struct note *n = container_of(t, struct note, timer);
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_abort m = { .stream = n->stream };

	log_warn("%s: cleanup does not answer: the %s is tried again", n->about,
	    n->what);
	msg_put_mail_abort(&packet, &m);
	chan_send(n->cleanup, &packet, -1, false);
	end_note(n, false, "");
}

bool
bounce_done(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_done m;

	close_fd(&fd);
	if (!msg_get_mail_done(&m, body, len))
		return false;
	struct note *n = map_get(&notes, &m.stream, sizeof(m.stream));
	if (n == NULL || n->cleanup != c)
		return true; /* it came too late */
	if (m.code == 250) {
		log_info("%s: %s: %s", n->about, n->what, n->id.text);
		end_note(n, true, n->id.text);
		return true;
	}

	/* What cleanup will never take would be asked for without end. */
	bool never = m.code >= 500;
	log_warn("%s: the %s was refused: %u %s %s: %s", n->about, n->what,
	    m.code, m.status, m.text, never ? "given up" : "tried again");
	end_note(n, never, "");
	return true;
}

void
bounce_peer_ended(struct chan *c)
{
	MAP_EACH(&notes, e) {
		struct note *n = e->value;

		if (n->asker == c)
			n->asker = NULL;
		if (n->cleanup == c)
			end_note(n, false, "");
	}
}

/* ---- to cleanup ---- */

static void
send_begin(const struct note *n, const struct bounce_report *r, size_t size)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	bool to_postmaster = r->copy || r->kind == NOTICE_POSTMASTER ||
	    r->kind == NOTICE_HELD;
	struct msg_mail_begin begin = {
		.stream = n->stream,
		.id = n->id.text,
		.flags = MAIL_NOTICE | (r->about->flags & MAIL_REQUIRETLS) |
		    (r->original->high ? MAIL_BODY_8BIT : 0u),
		/* What goes to the postmaster is never answered: qmgr knows
		 * this sender. */
		.sender = to_postmaster
		    ? arena_printf(&a, "double-bounce@%s", params.myorigin)
		    : "",
		.size_hint = size,
		.notice_of = n->about,
	};
	struct msg_mail_rcpt rcpt = { .stream = n->stream, .address = r->to };

	msg_put_mail_begin(&packet, &begin);
	chan_send(n->cleanup, &packet, -1, false);
	buf_reset(&packet);
	msg_put_mail_rcpt(&packet, &rcpt);
	chan_send(n->cleanup, &packet, -1, false);
}

static void
send_content(const struct note *n, const struct buf *text)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_end end = { .stream = n->stream };

	for (size_t done = 0; done < text->len; done += DATA_MAX) {
		struct msg_mail_data data = {
			.stream = n->stream,
			.bytes = { text->text + done,
			    MIN(text->len - done, DATA_MAX) },
		};

		buf_reset(&packet);
		msg_put_mail_data(&packet, &data);
		chan_send(n->cleanup, &packet, -1, false);
	}
	buf_reset(&packet);
	msg_put_mail_end(&packet, &end);
	chan_send(n->cleanup, &packet, -1, false);
}

/* Writes the notification and hands it to cleanup, for an asker or for
 * nobody. */
static void
start_note(struct chan *cleanup, struct chan *asker, struct bounce_report *r)
{
	CLEAN_BUF struct buf text = { 0 };
	struct note *n = xcalloc(1, sizeof(*n));

	n->asker = asker;
	n->asked = r->about->stream;
	n->cleanup = cleanup;
	n->stream = ++last_stream;
	n->about = xstrdup(r->about->id);
	n->what = r->copy ? copy_words[r->kind] : sender_words[r->kind];
	n->id = queueid_new(program_slot());
	*map_put(&notes, &n->stream, sizeof(n->stream)) = n;
	loop_timer(&n->timer, ANSWER_TIME, on_timeout);

	r->notice_id = n->id.text;
	bounce_text(&text, r);
	send_begin(n, r, text.len);
	send_content(n, &text);
}

/* ---- from qmgr and pickup ---- */

static bool
get_rcpts(struct arena *a, struct slice blob, struct bounce_report *r)
{
	struct wire w = wire_open(blob.at, blob.len);
	size_t room = 0;
	struct rec_notice_rcpt *rcpts = NULL;

	for (; wire_more(&w); r->n_rcpts++) {
		if (r->n_rcpts == room) {
			struct rec_notice_rcpt *old = rcpts;

			room = MAX(room * 2, (size_t)8);
			rcpts = arena_new(a, room * sizeof(*rcpts));
			if (old != NULL)
				memcpy(rcpts, old, r->n_rcpts * sizeof(*old));
		}
		if (!rec_get_notice_rcpt(&rcpts[r->n_rcpts], &w))
			return false;
	}
	r->rcpts = rcpts;
	return r->n_rcpts > 0 && wire_done(&w);
}

/* Who gets a copy for the postmaster, by notify_classes; NULL: nobody. */
static const char *
copy_recipient(struct arena *a, enum notice_kind kind)
{
	const char *class = kind == NOTICE_BOUNCE ? "bounce" : "delay";
	const char *to = kind == NOTICE_BOUNCE ? params.bounce_notice_recipient
					       : params.delay_notice_recipient;

	if ((kind != NOTICE_BOUNCE && kind != NOTICE_DELAY) ||
	    !param_has_word(params.notify_classes, class))
		return NULL;
	if (strchr(to, '@') != NULL)
		return to;
	return arena_printf(a, "%s@%s", to, params.myorigin);
}

/* The copy has the header alone, whatever the sender gets. */
static void
send_copy(struct chan *cleanup, struct bounce_report *r, int fd)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct bounce_original header = { 0 };
	struct msg_notice about = *r->about;
	const char *to = copy_recipient(&a, r->kind);

	if (to == NULL)
		return;
	about.ret = RET_HDRS;
	bounce_original_read(&header, fd, &about);
	r->copy = true;
	r->to = to;
	r->original = &header;
	start_note(cleanup, NULL, r);
	bounce_original_free(&header);
}

bool
bounce_notice(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int file = fd;
	CLEAN_ARENA struct arena a = { 0 };
	struct bounce_original original = { 0 };
	struct msg_notice m;
	struct bounce_report r = { .now = loop_wall(), .about = &m };

	if (!msg_get_notice(&m, body, len) ||
	    m.kind >= ARRAY_LEN(sender_words) || m.to[0] == '\0' ||
	    (c->role == ROLE_PICKUP && m.kind != NOTICE_BOUNCE) ||
	    !get_rcpts(&a, m.rcpts, &r))
		return false;
	struct chan *cleanup = program_peer(ROLE_CLEANUP);
	if (cleanup == NULL || file < 0) {
		answer(c, m.stream, false, "");
		return true;
	}
	/* RFC 8689 5: its content may come to where it may not. */
	if ((m.flags & MAIL_REQUIRETLS) != 0)
		m.ret = RET_HDRS;
	r.kind = (enum notice_kind)m.kind;
	r.to = m.to;
	bounce_original_read(&original, file, &m);
	r.original = &original;
	start_note(cleanup, c, &r);
	send_copy(cleanup, &r, file);
	bounce_original_free(&original);
	return true;
}
