/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_content.h"

#include <string.h>

#include "fd.h"
#include "msg.h"
#include "param.h"

/* ---- dots and line lengths ---- */

/* Text of a line, without its end. */
static void
put_text(struct smtp_dots *d, const char *text, size_t n, struct buf *out)
{
	if (d->column == 0 && n > 0 && *text == '.')
		buf_addc(out, '.');
	while (d->limit > 0 && d->column + n > d->limit) {
		size_t room = d->limit - d->column;

		buf_add(out, text, room);
		buf_adds(out, "\r\n ");
		text += room;
		n -= room;
		d->column = 1;
	}
	buf_add(out, text, n);
	d->column += n;
}

void
smtp_dots_put(struct smtp_dots *d, const char *bytes, size_t n, struct buf *out)
{
	while (n > 0) {
		const char *lf = memchr(bytes, '\n', n);
		size_t len = lf != NULL ? (size_t)(lf - bytes) + 1 : n;
		size_t text = len - (lf != NULL);

		if (text > 0 && bytes[text - 1] == '\r')
			text--;
		put_text(d, bytes, text, out);
		buf_add(out, bytes + text, len - text);
		if (lf != NULL)
			d->column = 0;
		bytes += len;
		n -= len;
	}
}

/* ---- reading ---- */

/* The next bytes of the content, cut behind a line where there is one. */
static bool
read_piece(struct smtp_content *c, struct buf *piece)
{
	size_t n = (size_t)MIN(c->left, (uint64_t)CONTENT_PIECE);
	char *to = buf_room(piece, n);

	if (c->from.data != NULL)
		memcpy(to, c->from.data + (c->at - c->from.data_at), n);
	else if (fd_pread_all(c->from.fd, to, n, (off_t)c->at) < 0)
		return false;
	const char *lf = n < c->left ? memrchr(to, '\n', n) : NULL;
	if (lf != NULL)
		n = (size_t)(lf - to) + 1;
	buf_grown(piece, n);
	c->at += n;
	c->left -= n;
	return true;
}

static void
rewind_to(struct smtp_content *c, const struct smtp_source *from)
{
	c->from = *from;
	c->at = from->data_at;
	c->left = from->data_len;
	c->in_line = false;
	c->over = false;
	c->dots = (struct smtp_dots){
		.limit = (size_t)params.smtp_line_length_limit,
	};
}

bool
smtp_content_can_convert(struct smtp_content *c, const struct smtp_source *from,
    const char **why, bool *broken_file)
{
	CLEAN_BUF struct buf piece = { 0 }, none = { 0 };

	*broken_file = false;
	smtp_mime_free(&c->mime);
	rewind_to(c, from);
	smtp_mime_bytes(&c->mime, from->head.at, from->head.len, &c->in_line,
	    &none);
	while (c->left > 0) {
		buf_reset(&piece);
		buf_reset(&none);
		if (!read_piece(c, &piece)) {
			*broken_file = true;
			*why = "the queue file cannot be read";
			return false;
		}
		smtp_mime_bytes(&c->mime, buf_str(&piece), piece.len,
		    &c->in_line, &none);
	}
	smtp_mime_end(&c->mime, &none);
	c->convert = true;
	return smtp_mime_convert(&c->mime, why);
}

/* ---- output ---- */

static bool
as_it_lies(const struct smtp_content *c)
{
	return !c->convert && (c->from.flags & MAIL_DOTS) == 0 &&
	    (c->dots.limit == 0 || c->from.max_line <= c->dots.limit);
}

static void
put_end(struct smtp_content *c, struct buf *out)
{
	if (c->dots.column > 0)
		buf_adds(out, "\r\n");
	buf_adds(out, ".\r\n");
	c->over = true;
}

static void
put_file(struct smtp_content *c, struct port *port)
{
	uint64_t n = MIN(c->left, CONTENT_FILE_PIECE);

	port->file = c->from.fd;
	port->file_at = (off_t)c->at;
	port->file_left = n;
	c->at += n;
	c->left -= n;
	if (c->left == 0)
		put_end(c, &port->out_tail);
}

static void
put_memory(struct smtp_content *c, struct buf *out)
{
	buf_add(out, c->from.data, (size_t)c->left);
	c->at += c->left;
	c->left = 0;
	put_end(c, out);
}

static void
put_bytes(struct smtp_content *c, const char *bytes, size_t n, struct buf *out)
{
	CLEAN_BUF struct buf converted = { 0 };

	if (!c->convert) {
		smtp_dots_put(&c->dots, bytes, n, out);
		return;
	}
	smtp_mime_bytes(&c->mime, bytes, n, &c->in_line, &converted);
	smtp_dots_put(&c->dots, buf_str(&converted), converted.len, out);
}

static void
finish_conversion(struct smtp_content *c, struct buf *out)
{
	CLEAN_BUF struct buf rest = { 0 };

	smtp_mime_end(&c->mime, &rest);
	smtp_dots_put(&c->dots, buf_str(&rest), rest.len, out);
}

void
smtp_content_start(struct smtp_content *c, const struct smtp_source *from)
{
	rewind_to(c, from);
}

bool
smtp_content_next(struct smtp_content *c, struct port *port)
{
	CLEAN_BUF struct buf piece = { 0 };

	if (c->at == c->from.data_at)
		put_bytes(c, c->from.head.at, c->from.head.len, &port->out);
	if (as_it_lies(c)) {
		if (c->from.data != NULL)
			put_memory(c, &port->out);
		else
			put_file(c, port);
		return true;
	}
	if (!read_piece(c, &piece))
		return false;
	put_bytes(c, buf_str(&piece), piece.len, &port->out);
	if (c->left > 0)
		return true;
	if (c->convert)
		finish_conversion(c, &port->out);
	put_end(c, &port->out);
	return true;
}

void
smtp_content_free(struct smtp_content *c)
{
	smtp_mime_free(&c->mime);
	*c = (struct smtp_content){ 0 };
}
