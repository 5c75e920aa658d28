/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver_text.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "fd.h"

#define PIECE ((size_t)65536)

static const char from[] = "From ";
#define FROM_LEN (sizeof(from) - 1)

/* What was held back turns out to be an ordinary start of a line. */
static void
release(struct deliver_text *t, struct buf *out)
{
	buf_add(out, from, t->matched);
	t->in_line = t->in_line || t->matched > 0;
	t->matched = 0;
}

static void
end_line(struct deliver_text *t, struct buf *out)
{
	release(t, out);
	buf_addc(out, '\n');
	t->in_line = false;
	t->cr = false;
}

static void
add_char(struct deliver_text *t, char c, struct buf *out)
{
	if (t->quote && !t->in_line && c == from[t->matched]) {
		t->matched++;
		if (t->matched == FROM_LEN) {
			buf_addc(out, '>');
			release(t, out);
		}
		return;
	}
	release(t, out);
	buf_addc(out, c);
	t->in_line = true;
}

/* The rest of a line that needs no look at its characters, or 0. */
static size_t
plain_len(const struct deliver_text *t, const char *bytes, size_t n)
{
	if (t->quote && !t->in_line)
		return 0;

	const char *lf = memchr(bytes, '\n', n);
	size_t len = lf != NULL ? (size_t)(lf - bytes) : n;
	const char *cr = memchr(bytes, '\r', len);
	return cr != NULL ? (size_t)(cr - bytes) : len;
}

void
deliver_text_add(struct deliver_text *t, const char *bytes, size_t n,
    struct buf *out)
{
	for (size_t i = 0; i < n;) {
		size_t plain = t->cr ? 0 : plain_len(t, bytes + i, n - i);

		if (plain > 0) {
			buf_add(out, bytes + i, plain);
			t->in_line = true;
			i += plain;
			continue;
		}
		char c = bytes[i++];
		if (c == '\n') {
			end_line(t, out);
			continue;
		}
		if (t->cr)
			add_char(t, '\r', out);
		t->cr = c == '\r';
		if (!t->cr)
			add_char(t, c, out);
	}
}

void
deliver_text_end(struct deliver_text *t, struct buf *out)
{
	if (t->in_line || t->matched > 0 || t->cr)
		end_line(t, out);
}

void
deliver_text_from_line(struct buf *out, const char *sender, int64_t now)
{
	time_t seconds = (time_t)(now / SECOND);
	struct tm tm;
	char date[64];

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm) == 0)
		date[0] = '\0';
	buf_adds(out, from);
	if (sender[0] == '\0')
		buf_adds(out, "MAILER-DAEMON");
	for (; *sender != '\0'; sender++)
		buf_addc(out, (unsigned char)*sender <= ' ' ? '_' : *sender);
	buf_addf(out, "  %s\n", date);
}

/* Where the message goes, and what has gathered for it. */
struct sink {
	struct deliver_text text;
	struct buf in, out;
	deliver_piece_fn *piece;
	void *owner;
};

static void
sink_free(struct sink *s)
{
	buf_free(&s->in);
	buf_free(&s->out);
}

static bool
pour(struct sink *s)
{
	bool good = s->out.len == 0 || s->piece(s->owner, &s->out);

	buf_reset(&s->out);
	return good;
}

static bool
give_part(struct sink *s, int mail, uint64_t at, uint64_t len)
{
	while (len > 0) {
		size_t n = MIN(len, PIECE);

		if (fd_pread_all(mail, buf_room(&s->in, n), n, (off_t)at) < 0)
			return false;
		deliver_text_add(&s->text, s->in.text, n, &s->out);
		if (s->out.len >= PIECE && !pour(s))
			return false;
		at += n;
		len -= n;
	}
	return true;
}

/* A small message in one go, for its header fields lie behind its content. */
static bool
give_small(struct sink *s, const struct msg_deliver *m, int mail)
{
	size_t content = m->data_len, front = m->head_len;
	char *in = buf_room(&s->in, content + front);

	if (fd_pread_all(mail, in, content + front, (off_t)m->data_at) < 0)
		return false;
	deliver_text_add(&s->text, in + content, front, &s->out);
	deliver_text_add(&s->text, in, content, &s->out);
	return true;
}

static bool
give_message(struct sink *s, const struct msg_deliver *m, int mail)
{
	if (m->data_len <= PIECE && m->head_len <= PIECE - m->data_len &&
	    m->head_at == m->data_at + m->data_len)
		return give_small(s, m, mail);
	return give_part(s, mail, m->head_at, m->head_len) &&
	    give_part(s, mail, m->data_at, m->data_len);
}

bool
deliver_text_each(const struct msg_deliver *m, int mail, bool quote,
    bool from_line, deliver_piece_fn *piece, void *owner)
{
	CLEANUP(sink_free)
	struct sink s = { .piece = piece, .owner = owner };

	if (from_line)
		deliver_text_from_line(&s.out, m->sender, clock_wall());
	deliver_text_add(&s.text, m->head, strlen(m->head), &s.out);
	deliver_text_end(&s.text, &s.out);
	s.text.quote = quote;
	if (!give_message(&s, m, mail))
		return false;
	deliver_text_end(&s.text, &s.out);
	return pour(&s);
}
