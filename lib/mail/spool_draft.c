/*
 * Writing a queue file.
 *
 * The content is collected behind room for the head.  If all of the message
 * fits into one chunk, head, content, headers and envelope go out with one
 * write; else the chunks are written as they fill up, and the head last, over
 * the zeros that stood for it: a file whose writing did not come to its end
 * has no head.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "spool_format.h"
#include "wire.h"

/* The bit of each byte that ASCII has not. */
#define HIGH_BITS UINT64_C(0x8080808080808080)

void
spool_draft_start(struct spool_draft *d, int queue_fd, const char *id)
{
	*d = (struct spool_draft){ .dir = queue_fd, .fd = -1 };

	if (!queueid_valid(id) || !str_copy(d->id.text, sizeof(d->id.text), id))
		d->error = EINVAL;
	d->head.data_at = SPOOL_HEAD_SIZE;
}

/* ---- what the content is like ---- */

static bool
has_8bit(const char *bytes, size_t n)
{
	uint64_t all = 0, word;

	for (; n >= sizeof(word); bytes += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		all |= word;
	}
	word = 0;
	memcpy(&word, bytes, n);
	return ((all | word) & HIGH_BITS) != 0;
}

/* True where the piece leaves every CR in front of an LF, every LF behind a CR,
 * and has no NUL. */
static bool
is_canonical(struct spool_draft *d, const char *bytes, size_t n, bool ends)
{
	size_t text = n - (ends ? 1 : 0);
	bool cr = text > 0 ? bytes[text - 1] == '\r' : d->cr;

	if (ends && !cr)
		return false;
	if (d->cr && text > 0)
		return false;
	d->cr = cr && !ends;
	if (text > 0 && cr)
		text--;
	return memchr(bytes, '\r', text) == NULL &&
	    memchr(bytes, '\0', text) == NULL;
}

/* A piece of one line, which ends with it or goes on in the next call. */
static void
learn_line(struct spool_draft *d, const char *bytes, size_t n, bool ends)
{
	if (!is_canonical(d, bytes, n, ends))
		d->error = EILSEQ;
	if (d->line == 0 && bytes[0] == '.')
		d->head.flags |= MAIL_DOTS;
	if (has_8bit(bytes, n)) {
		d->head.flags |= MAIL_8BIT;
		if (!d->in_body)
			d->head.flags |= MAIL_UTF8_HEADER;
	}
	d->line += n;
	if (ends) {
		uint64_t len = d->line >= 2 ? d->line - 2 : 0;

		d->head.max_line = MAX(d->head.max_line, len);
		if (len == 0)
			d->in_body = true;
		d->line = 0;
	}
}

static void
learn(struct spool_draft *d, const char *bytes, size_t n)
{
	d->head.data_crc = wire_crc(d->head.data_crc, bytes, n);
	d->head.data_len += n;
	while (n > 0) {
		const char *lf = memchr(bytes, '\n', n);
		size_t len = lf != NULL ? (size_t)(lf - bytes) + 1 : n;

		learn_line(d, bytes, len, lf != NULL);
		bytes += len;
		n -= len;
	}
}

/* ---- bytes to the file ---- */

static bool
make_file(struct spool_draft *d)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, SPOOL_TMP, d->id.text);
	d->fd = openat(d->dir, path,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
	if (d->fd < 0) {
		d->error = errno;
		return false;
	}
	d->lies = SPOOL_TMP;
	d->armed = true;
	return true;
}

static void
write_pending(struct spool_draft *d)
{
	if (d->error != 0 || (!d->armed && !make_file(d)))
		return;
	if (fd_pwrite_all(d->fd, buf_str(&d->pending), d->pending.len,
		(off_t)d->at) < 0) {
		d->error = errno;
		return;
	}
	d->at += d->pending.len;
	buf_reset(&d->pending);
}

/* The file begins with room for the head. */
static void
begin_file(struct spool_draft *d)
{
	static const char no_head[SPOOL_HEAD_SIZE];

	if (d->at == 0 && d->pending.len == 0)
		buf_add(&d->pending, no_head, sizeof(no_head));
}

void
spool_draft_data(struct spool_draft *d, const void *bytes, size_t n)
{
	if (d->error != 0 || n == 0)
		return;
	begin_file(d);
	learn(d, bytes, n);
	buf_add(&d->pending, bytes, n);
	if (d->pending.len >= SPOOL_CHUNK)
		write_pending(d);
	if (d->error != 0)
		buf_free(&d->pending);
}

bool
spool_draft_show(struct spool_draft *d, struct slice *content, int *fd)
{
	char path[SPOOL_PATH_MAX];

	*fd = -1;
	*content = (struct slice){ "", 0 };
	if (d->error == 0 && d->at == 0) {
		if (d->pending.len > 0)
			*content = (struct slice){ d->pending.text +
				    SPOOL_HEAD_SIZE,
				d->pending.len - SPOOL_HEAD_SIZE };
		return true;
	}
	write_pending(d);
	errno = d->error;
	if (d->error != 0)
		return false;
	spool_path(path, d->lies, d->id.text);
	*fd = openat(d->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *fd >= 0;
}

/* ---- the end ---- */

static void
add_headers(struct spool_draft *d, const struct buf *headers)
{
	d->head.head_at = d->at + d->pending.len;
	d->head.head_len = headers->len;
	d->head.head_crc = wire_crc(0, buf_str(headers), headers->len);
	buf_add(&d->pending, buf_str(headers), headers->len);
}

static void
add_envelope(struct spool_draft *d, const struct rec_env *given,
    const struct rec_env_rcpt *rcpts, size_t n)
{
	struct rec_env env = *given;
	size_t start = d->pending.len;

	d->head.flags |= env.flags;
	d->head.arrived = env.arrived;
	d->head.n_rcpt = n;
	env.id = d->id.text;
	env.flags = d->head.flags;
	env.size = d->head.data_len + d->head.head_len;
	env.n_rcpt = (uint32_t)n;
	rec_put_env(&d->pending, &env);
	for (size_t i = 0; i < n; i++)
		rec_put_env_rcpt(&d->pending, &rcpts[i]);

	d->head.env_at = d->at + start;
	d->head.env_len = d->pending.len - start;
	d->head.journal_at = d->head.env_at + d->head.env_len;
	d->head.env_crc = wire_crc(0, buf_str(&d->pending) + start,
	    d->pending.len - start);
	if (d->head.env_len > SPOOL_ENV_MAX)
		d->error = EMSGSIZE;
}

/* With all of the message in hand the head goes in front of it; else it is
 * written after everything that it vouches for. */
static void
write_rest(struct spool_draft *d)
{
	char head[SPOOL_HEAD_SIZE];
	bool whole = d->at == 0;

	spool_put_head(head, &d->head);
	if (whole)
		memcpy(d->pending.text, head, sizeof(head));
	write_pending(d);
	if (d->error == 0 && !whole &&
	    fd_pwrite_all(d->fd, head, sizeof(head), 0) < 0)
		d->error = errno;
}

static void
rename_to(struct spool_draft *d, enum spool_dir dir)
{
	char from[SPOOL_PATH_MAX], to[SPOOL_PATH_MAX];

	spool_path(from, d->lies, d->id.text);
	spool_path(to, dir, d->id.text);
	if (renameat2(d->dir, from, d->dir, to, RENAME_NOREPLACE) < 0)
		d->error = errno;
	else
		d->lies = dir;
}

int
spool_draft_finish(struct spool_draft *d, const struct buf *headers,
    const struct rec_env *env, const struct rec_env_rcpt *rcpts, size_t n,
    enum spool_dir dir)
{
	if (d->error == 0 && d->cr)
		d->error = EILSEQ;
	if (d->error == 0) {
		begin_file(d);
		d->head.max_line = MAX(d->head.max_line, d->line);
		add_headers(d, headers);
		add_envelope(d, env, rcpts, n);
		write_rest(d);
	}
	if (d->error == 0)
		rename_to(d, dir);
	buf_free(&d->pending);
	errno = d->error;
	return d->error == 0 ? 0 : -1;
}

int
spool_draft_take(struct spool_draft *d)
{
	d->armed = false;
	return TAKE_FD(d->fd);
}

void
spool_draft_free(struct spool_draft *d)
{
	char path[SPOOL_PATH_MAX];

	if (d->armed) {
		/* What cannot be unlinked is found at the next start: without a
		 * head it is removed, with one it is a message too many. */
		spool_path(path, d->lies, d->id.text);
		(void)unlinkat(d->dir, path, 0);
		close_fd(&d->fd);
	}
	buf_free(&d->pending);
	*d = (struct spool_draft){ .fd = -1 };
}
