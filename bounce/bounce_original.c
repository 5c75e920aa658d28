/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "bounce_original.h"

#include <string.h>

#include "fd.h"
#include "header.h"
#include "log.h"
#include "param.h"
#include "str.h"

#define CHUNK ((size_t)65536)
#define PIECE (BOUNCE_LINE_MAX - 8) /* of a line that must be broken */

/* Appends a part of the file; false where it cannot be read. */
static bool
read_part(struct buf *out, int fd, uint64_t at, uint64_t len)
{
	char *room = buf_room(out, len);

	if (len > 0 && fd_pread_all(fd, room, len, (off_t)at) < 0)
		return false;
	buf_grown(out, len);
	return true;
}

static bool
read_header(struct header *h, int fd, const struct msg_notice *about)
{
	CLEAN_BUF struct buf chunk = { 0 };

	for (uint64_t done = 0;
	     done < about->data_len && h->end == HEADER_MORE;) {
		uint64_t n = MIN(about->data_len - done, CHUNK);

		buf_reset(&chunk);
		if (!read_part(&chunk, fd, about->data_at + done, n))
			return false;
		done += n;
		(void)header_feed(h, buf_str(&chunk), n); /* the rest is body */
	}
	header_finish(h);
	return true;
}

static size_t
longest_line(const struct buf *text)
{
	struct slice rest = { buf_str(text), text->len }, line;
	size_t longest = 0;

	while (slice_next_part(&rest, '\n', &line))
		longest = MAX(longest, line.len);
	return longest > 0 ? longest - 1 : 0; /* the CR */
}

static bool
is_canonical(const struct buf *text)
{
	const char *p = buf_str(text);

	for (size_t i = 0; i < text->len; i++)
		if (p[i] == '\0' || (p[i] == '\r' && p[i + 1] != '\n') ||
		    (p[i] == '\n' && (i == 0 || p[i - 1] != '\r')))
			return false;
	return text->len == 0 || p[text->len - 1] == '\n';
}

/* Lines of a header, those that are too long folded by force. */
static void
add_broken(struct buf *out, const char *bytes, size_t n)
{
	struct slice rest = { bytes, n }, line;

	while (slice_next_part(&rest, '\n', &line)) {
		for (; line.len > PIECE; line.at += PIECE, line.len -= PIECE) {
			buf_add(out, line.at, PIECE);
			buf_adds(out, "\r\n ");
		}
		buf_add(out, line.at, line.len);
		if (line.len == 0 || line.at[line.len - 1] != '\r')
			buf_addc(out, '\r');
		buf_addc(out, '\n');
	}
}

static bool
wants_whole(const struct msg_notice *about)
{
	uint64_t limit = (uint64_t)params.bounce_size_limit;

	return about->kind == NOTICE_BOUNCE && about->ret != RET_HDRS &&
	    about->data_len <= limit && about->head_len <= limit;
}

static bool
read_whole(struct bounce_original *o, int fd, const struct msg_notice *about)
{
	o->whole = read_part(&o->text, fd, about->head_at, about->head_len) &&
	    read_part(&o->text, fd, about->data_at, about->data_len) &&
	    longest_line(&o->text) <= BOUNCE_LINE_MAX && is_canonical(&o->text);
	if (!o->whole)
		buf_reset(&o->text);
	return o->whole;
}

static void
read_header_alone(struct bounce_original *o, int fd,
    const struct msg_notice *about)
{
	CLEAN_HEADER struct header h = { 0 };
	CLEAN_BUF struct buf front = { 0 };

	if (about->head_len > HEADER_MAX ||
	    !read_part(&front, fd, about->head_at, about->head_len) ||
	    !read_header(&h, fd, about)) {
		log_warn("%s: the message cannot be read: the notification "
			 "goes without it",
		    about->id);
		return;
	}
	struct slice fields = header_text(&h);
	add_broken(&o->text, buf_str(&front), front.len);
	add_broken(&o->text, fields.at, fields.len);
	if (!is_canonical(&o->text))
		buf_reset(&o->text);
}

void
bounce_original_read(struct bounce_original *o, int fd,
    const struct msg_notice *about)
{
	*o = (struct bounce_original){ 0 };
	if (!wants_whole(about) || !read_whole(o, fd, about))
		read_header_alone(o, fd, about);
	o->high = !str_is_ascii(buf_str(&o->text), o->text.len);
}

void
bounce_original_free(struct bounce_original *o)
{
	buf_free(&o->text);
	*o = (struct bounce_original){ 0 };
}
