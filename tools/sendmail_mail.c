/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sendmail_mail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "header.h"
#include "rewrite.h"

#define CHUNK ((size_t)65536)

void
sendmail_free(struct sendmail_mail *m)
{
	buf_free(&m->bad);
	buf_free(&m->text);
	arena_free(&m->arena);
}

/* ---- addresses ---- */

static void
add_rcpt(struct sendmail_mail *m, const char *address)
{
	if (m->n_rcpts == m->room) {
		size_t room = MAX(m->room * 2, (size_t)8);
		const char **rcpts = arena_new(&m->arena,
		    room * sizeof(*rcpts));

		if (m->n_rcpts > 0)
			memcpy(rcpts, m->rcpts, m->n_rcpts * sizeof(*rcpts));
		m->rcpts = rcpts;
		m->room = room;
	}
	m->rcpts[m->n_rcpts++] = address;
}

static const char *
complete(struct sendmail_mail *m, const struct addr *addr)
{
	struct addr full = rewrite_complete(&m->arena, *addr);

	return addr_internal(&m->arena, &full);
}

static void
note_bad(struct sendmail_mail *m, struct slice value)
{
	struct slice s = slice_trim(value);

	if (m->bad.len > 0)
		buf_adds(&m->bad, "; ");
	str_printable(&m->bad, s.at, s.len, 200);
}

bool
sendmail_add_rcpts(struct sendmail_mail *m, struct slice value)
{
	struct addr_list list = addr_parse_list(&m->arena, value);

	for (size_t i = 0; i < list.n; i++)
		add_rcpt(m, complete(m, &list.at[i]));
	if (list.bad > 0)
		note_bad(m, value);
	return list.bad == 0;
}

bool
sendmail_set_sender(struct sendmail_mail *m, const char *value)
{
	struct slice s = slice_trim(slice_of(value));

	m->sender = "";
	if (s.len == 0 || slice_eq(s, "<>"))
		return true;
	struct addr_list list = addr_parse_list(&m->arena, s);
	if (list.n != 1 || list.bad > 0) {
		note_bad(m, s);
		return false;
	}
	m->sender = complete(m, &list.at[0]);
	return true;
}

/* ---- the text ---- */

static void
find_dot(struct sendmail_mail *m)
{
	const char *lf;

	while ((lf = memchr(buf_str(&m->text) + m->line, '\n',
		    m->text.len - m->line)) != NULL) {
		size_t end = (size_t)(lf - m->text.text) + 1;

		if (end - m->line == 3 && m->text.text[m->line] == '.') {
			buf_cut(&m->text, m->line);
			m->lines.cr = m->lines.open = false;
			m->over = true;
			return;
		}
		m->line = end;
	}
}

void
sendmail_add_text(struct sendmail_mail *m, const char *bytes, size_t n)
{
	if (m->over)
		return;
	lines_add(&m->lines, &m->text, bytes, n);
	if (m->dot_ends)
		find_dot(m);
}

int
sendmail_read(struct sendmail_mail *m, int fd, uint64_t limit)
{
	char chunk[CHUNK];
	ssize_t n = 1;

	while (n > 0 && !m->over) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			sendmail_add_text(m, chunk, (size_t)n);
		else if (n < 0)
			n = 1; /* a signal: once more */
		if (limit > 0 && m->text.len > limit) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

/* ---- names ---- */

static bool
is_phrase(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!char_is_alpha(*p) && !char_is_digit(*p) &&
		    strchr(" !#$%&'*+-/=?^_`{|}~", *p) == NULL)
			return false;
	return strstr(name, "=?") == NULL;
}

/* RFC 2047 4.2, in words of few enough bytes, none within a character. */
static void
put_encoded(struct buf *out, const char *name)
{
	size_t room = 0;

	for (const char *p = name; *p != '\0'; p++) {
		bool begins = ((unsigned char)*p & 0xc0) != 0x80;

		if (begins && room < 4) {
			buf_adds(out,
			    room == 0 && p == name ? "=?utf-8?Q?"
						   : "?= =?utf-8?Q?");
			room = 18;
		}
		if (char_is_alpha(*p) || char_is_digit(*p))
			buf_addc(out, *p);
		else
			buf_addf(out, "=%02X", (unsigned char)*p);
		room -= MIN(room, (size_t)1);
	}
	buf_adds(out, "?=");
}

void
sendmail_put_name(struct buf *out, const char *name)
{
	CLEAN_BUF struct buf clean = { 0 };

	str_printable(&clean, name, strlen(name), 200);
	name = buf_str(&clean);
	if (!str_is_ascii(name, clean.len)) {
		put_encoded(out, name);
		return;
	}
	if (is_phrase(name)) {
		buf_adds(out, name);
		return;
	}
	buf_addc(out, '"');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

/* ---- the header ---- */

/* Where recipients stand. */
static const struct {
	const char *name;
	bool resent, blind;
} rcpt_fields[] = {
	{ "To", false, false },
	{ "Cc", false, false },
	{ "Bcc", false, true },
	{ "Resent-To", true, false },
	{ "Resent-Cc", true, false },
	{ "Resent-Bcc", true, true },
};

static size_t
rcpt_field(const struct header_field *f)
{
	size_t i = 0;

	while (i < ARRAY_LEN(rcpt_fields) && !header_is(f, rcpt_fields[i].name))
		i++;
	return i;
}

static bool
has_field(const struct header *h, const char *name)
{
	struct slice rest = header_text(h);
	struct header_field f;

	while (header_next(&rest, &f))
		if (header_is(&f, name))
			return true;
	return false;
}

static bool
is_resent(const struct header *h)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(rcpt_fields) && !found; i++)
		found = rcpt_fields[i].resent &&
		    has_field(h, rcpt_fields[i].name);
	return found;
}

static bool
extract_rcpts(struct sendmail_mail *m, const struct header *h)
{
	bool resent = is_resent(h), good = true;
	struct slice rest = header_text(h);
	struct header_field f;

	while (header_next(&rest, &f)) {
		size_t i = rcpt_field(&f);

		if (i < ARRAY_LEN(rcpt_fields) &&
		    rcpt_fields[i].resent == resent &&
		    !sendmail_add_rcpts(m, f.value))
			good = false;
	}
	return good;
}

static void
put_from(struct sendmail_mail *m, struct buf *out)
{
	buf_adds(out, "From: ");
	if (m->fullname != NULL && m->fullname[0] != '\0') {
		sendmail_put_name(out, m->fullname);
		buf_addc(out, ' ');
	}
	buf_addc(out, '<');
	addr_put_internal(out, m->sender);
	buf_adds(out, ">\r\n");
}

static void
put_fields(const struct header *h, bool drop_blind, struct buf *out)
{
	struct slice rest = header_text(h);
	struct header_field f;

	while (header_next(&rest, &f)) {
		size_t i = rcpt_field(&f);

		if (!drop_blind || i == ARRAY_LEN(rcpt_fields) ||
		    !rcpt_fields[i].blind)
			buf_add(out, f.text.at, f.text.len);
	}
}

/* The text without the line that parts messages in an mbox. */
static struct slice
without_from_line(const struct buf *text)
{
	struct slice s = { buf_str(text), text->len };

	while (str_starts(s.at, "From ") || str_starts(s.at, ">From ")) {
		size_t n = strcspn(s.at, "\n") + 1;

		s.at += n;
		s.len -= n;
	}
	return s;
}

bool
sendmail_compose(struct sendmail_mail *m, bool extract, struct buf *out,
    const char **why)
{
	CLEAN_HEADER struct header h = { 0 };

	lines_end(&m->lines, &m->text);
	struct slice s = without_from_line(&m->text);
	size_t n = header_feed(&h, s.at, s.len);
	header_finish(&h);
	if (h.end == HEADER_TOO_LONG) {
		*why = "the header is too long";
		return false;
	}
	if (extract && !extract_rcpts(m, &h)) {
		*why = "malformed address in the header";
		return false;
	}

	if (m->sender[0] != '\0' && !has_field(&h, "From"))
		put_from(m, out);
	put_fields(&h, extract, out);
	buf_adds(out, "\r\n");
	struct slice start = header_body_start(&h);
	buf_add(out, start.at, start.len);
	buf_add(out, s.at + n, s.len - n);
	return true;
}
