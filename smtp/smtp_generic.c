/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_generic.h"

#include "canonical.h"
#include "fd.h"
#include "header.h"
#include "log.h"
#include "param.h"
#include "rewrite.h"
#include "route.h"
#include "srs.h"

#define PIECE ((size_t)16384)

void
smtp_generic_open(void)
{
	const char *why;

	if (params.smtp_generic_maps[0] == '\0')
		return;
	if (!route_open(&why) || !canonical_open_generic(&why))
		log_fatal("%s", why);
}

/* ---- the header ---- */

static uint64_t
longest_line(struct slice text)
{
	struct slice line;
	uint64_t longest = 0;

	while (slice_next_part(&text, '\n', &line))
		longest = MAX(longest, (uint64_t)line.len);
	return longest;
}

static bool
put_fields(struct buf *out, struct slice fields, bool *changed)
{
	struct header_field f;

	while (header_next(&fields, &f)) {
		size_t before = out->len;

		buf_add(out, f.text.at, (size_t)(f.value.at - f.text.at));
		if (rewrite_is_address_field(&f))
			switch (canonical_generic_field(out, &f)) {
			case FOUND_ONE:
				*changed = true;
				buf_add(out, f.value.at + f.value.len,
				    f.text.len - f.value.len -
					(size_t)(f.value.at - f.text.at));
				continue;
			case FOUND_FAILED:
				return false;
			case FOUND_NONE:
				break;
			}
		buf_cut(out, before);
		buf_add(out, f.text.at, f.text.len);
	}
	return true;
}

/* Reads on until the header of the content is there. */
static bool
read_header(struct header *h, const struct smtp_source *from)
{
	uint64_t at = from->data_at, left = from->data_len;

	while (left > 0 && h->end == HEADER_MORE) {
		CLEAN_BUF struct buf piece = { 0 };
		size_t n = (size_t)MIN(left, (uint64_t)PIECE);
		const char *bytes = from->data;

		if (bytes != NULL)
			bytes += at - from->data_at;
		else if (fd_pread_all(from->fd, buf_room(&piece, n), n,
			     (off_t)at) < 0)
			return false;
		(void)header_feed(h, bytes != NULL ? bytes : piece.text,
		    n); /* the rest is body */
		at += n;
		left -= n;
	}
	header_finish(h);
	return true;
}

bool
smtp_generic_header(struct arena *a, struct smtp_source *from)
{
	CLEAN_HEADER struct header h = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	bool changed = false;

	if (!read_header(&h, from))
		return false;
	struct slice own = header_text(&h);
	if (!put_fields(&text, from->head, &changed) ||
	    !put_fields(&text, own, &changed))
		return false;
	if (!changed)
		return true;

	from->head.at = arena_memdup(a, buf_str(&text), text.len);
	from->head.len = text.len;
	from->data_at += own.len;
	from->data_len -= own.len;
	if (from->data != NULL)
		from->data += own.len;
	from->max_line = MAX(from->max_line, longest_line(from->head));
	return true;
}

/* ---- the envelope ---- */

static bool
show(struct arena *a, const char *address, const char **shown)
{
	const char *to;

	if (address[0] == '\0')
		return true;
	switch (canonical_generic(a, address, &to)) {
	case FOUND_ONE:
		*shown = to;
		return true;
	case FOUND_NONE:
		return true;
	case FOUND_FAILED:
		break;
	}
	return false;
}

bool
smtp_generic_show(struct job *j)
{
	struct smtp_source *from = &j->mail.source;

	if (!canonical_has_generic())
		return true;
	if (!srs_is(j->mail.sender) &&
	    !show(&j->arena, j->mail.sender, &j->mail.shown))
		return false;
	for (size_t i = 0; i < j->mail.n_rcpts; i++)
		if (!show(&j->arena, j->mail.rcpts[i].address,
			&j->mail.rcpts[i].shown))
			return false;
	if (!smtp_generic_header(&j->arena, from))
		return false;
	j->mail.size = from->data_len + from->head.len;
	return true;
}
