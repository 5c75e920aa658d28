/*
 * The content is read twice, from where it lies: the first time to learn what
 * must be encoded, the second time into a new draft.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_convert.h"

#include <errno.h>

#include "fd.h"
#include "param.h"
#include "smtp_mime.h"

#define PIECE ((size_t)65536)

struct source {
	struct buf text; /* all of it, where it was in memory */
	int fd;          /* else */
	uint64_t at, len;
};

struct pass {
	struct smtp_mime mime;
	struct spool_draft *to; /* NULL: the first time */
	bool in_line;
};

static void
close_source(struct source *s)
{
	buf_free(&s->text);
	close_fd(&s->fd);
}

/* The old file stays readable when its draft is gone. */
static bool
open_source(struct cleanup_mail *m, struct source *s)
{
	struct slice content;

	*s = (struct source){
		.fd = -1,
		.at = m->draft.head.data_at,
		.len = m->draft.head.data_len,
	};
	if (!spool_draft_show(&m->draft, &content, &s->fd))
		return false;
	buf_add(&s->text, content.at, content.len);
	return true;
}

static void
hand_on(struct pass *p, struct buf *out)
{
	if (p->to != NULL)
		spool_draft_data(p->to, buf_str(out), out->len);
	buf_reset(out);
}

static void
give(struct pass *p, const char *bytes, size_t n, struct buf *out)
{
	smtp_mime_bytes(&p->mime, bytes, n, &p->in_line, out);
	hand_on(p, out);
}

/* False with errno. */
static bool
run(struct pass *p, const struct source *s)
{
	CLEAN_BUF struct buf piece = { 0 }, out = { 0 };

	p->in_line = false;
	for (uint64_t done = 0; s->fd >= 0 && done < s->len;) {
		size_t n = (size_t)MIN(s->len - done, (uint64_t)PIECE);
		char *to = buf_room(&piece, n);

		if (fd_pread_all(s->fd, to, n, (off_t)(s->at + done)) < 0)
			return false;
		give(p, to, n, &out);
		done += n;
	}
	if (s->fd < 0)
		give(p, buf_str(&s->text), s->text.len, &out);
	smtp_mime_end(&p->mime, &out);
	hand_on(p, &out);
	errno = p->to != NULL ? p->to->error : 0;
	return errno == 0;
}

static bool
replace(struct cleanup_mail *m, struct pass *p, const struct source *s)
{
	int queue = m->draft.dir;

	spool_draft_free(&m->draft);
	spool_draft_start(&m->draft, queue, m->env.id);
	p->to = &m->draft;
	return run(p, s);
}

void
cleanup_convert(struct cleanup_mail *m)
{
	struct source source;
	struct pass pass = {
		.mime.limit = (size_t)params.smtp_line_length_limit,
	};
	const char *why;
	bool ok = true;

	if (params.disable_mime_output_conversion)
		return;
	ok = open_source(m, &source) && run(&pass, &source);
	if (ok && pass.mime.needed && smtp_mime_convert(&pass.mime, &why))
		ok = replace(m, &pass, &source);
	if (!ok)
		cleanup_mail_fail(m, errno);
	smtp_mime_free(&pass.mime);
	close_source(&source);
}
