/*
 * Reading a queue file, through a window of 16 KiB: most messages are small,
 * and if the file ends within the first window that is the only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spool.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "spool_format.h"
#include "wire.h"

#define WINDOW ((size_t)16384)

/* What a disk writes whole or not at all; file systems write multiples of
 * it. */
#define BLOCK ((size_t)512)

/* Fewer bytes no encoded recipient has: six strings of five, three of one. */
#define RCPT_MIN ((size_t)33)

struct reader {
	int fd;
	uint64_t size;      /* of the file */
	uint64_t at;        /* where the window begins */
	size_t n;           /* bytes in it */
	const char *why;    /* what is wrong */
	int error;          /* the errno that goes with it */
	char bytes[WINDOW]; /* the window */
};

static bool
wrong(struct reader *r, const char *why)
{
	r->why = why;
	r->error = EBADMSG;
	return false;
}

static bool
unreadable(struct reader *r)
{
	r->error = errno;
	r->why = "the file cannot be read";
	return false;
}

/* Also learns the size, for nothing where the file is small. */
static bool
read_first(struct reader *r, size_t want)
{
	struct stat st;
	ssize_t n;

	while ((n = pread(r->fd, r->bytes, want, 0)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return unreadable(r);
	r->n = (size_t)n;
	r->size = r->n;
	if (r->n == want) {
		if (fstat(r->fd, &st) < 0)
			return unreadable(r);
		r->size = (uint64_t)st.st_size;
	}
	return r->n >= SPOOL_HEAD_SIZE ||
	    wrong(r, "too short for a queue file");
}

static bool
read_file(struct reader *r, void *to, size_t len, uint64_t at)
{
	if (fd_pread_all(r->fd, to, len, (off_t)at) == 0)
		return true;
	if (errno == ENODATA)
		return wrong(r, "the file was cut while it was read");
	return unreadable(r);
}

/* len bytes, which lie within the file's size. */
static bool
read_at(struct reader *r, void *to, size_t len, uint64_t at)
{
	if (len > WINDOW)
		return read_file(r, to, len, at);
	if (at < r->at || at + len > r->at + r->n) {
		r->at = at;
		r->n = (size_t)MIN(r->size - at, (uint64_t)WINDOW);
		if (!read_file(r, r->bytes, r->n, at))
			return false;
	}
	memcpy(to, r->bytes + (at - r->at), len);
	return true;
}

static bool
check_part(struct reader *r, uint64_t at, uint64_t len, uint32_t crc,
    const char *why)
{
	char chunk[WINDOW];
	uint32_t got = 0;

	while (len > 0) {
		size_t n = (size_t)MIN(len, (uint64_t)sizeof(chunk));

		if (!read_at(r, chunk, n, at))
			return false;
		got = wire_crc(got, chunk, n);
		at += n;
		len -= n;
	}
	return got == crc || wrong(r, why);
}

/* ---- the envelope ---- */

static bool
decode_envelope(struct arena *a, struct wire *w, struct spool_message *m)
{
	if (!rec_get_env(&m->env, w) || !queueid_valid(m->env.id) ||
	    m->env.n_rcpt != m->head.n_rcpt)
		return false;

	/* Nothing is allocated for what cannot be there. */
	if (m->env.n_rcpt > w->left / RCPT_MIN)
		return false;
	m->n_rcpts = m->room = m->env.n_rcpt;
	m->rcpts = arena_new(a, m->n_rcpts * sizeof(m->rcpts[0]));
	for (size_t i = 0; i < m->n_rcpts; i++) {
		if (!rec_get_env_rcpt(&m->rcpts[i].env, w))
			return false;
		m->rcpts[i].last.text = "";
		m->rcpts[i].relay = "";
	}
	return wire_done(w);
}

static bool
read_envelope(struct reader *r, struct arena *a, struct spool_message *m)
{
	size_t len = (size_t)m->head.env_len;
	char *bytes = arena_new(a, len);

	if (!read_at(r, bytes, len, m->head.env_at))
		return false;
	if (wire_crc(0, bytes, len) != m->head.env_crc)
		return wrong(r, "the envelope is damaged");

	struct wire w = wire_open(bytes, len);
	if (!decode_envelope(a, &w, m))
		return wrong(r, "the envelope does not make sense");
	return true;
}

/* ---- the journal ---- */

/* What a file system may show of a write that a power cut interrupted: the
 * file has its new length, and a block of it, first or last or in the
 * middle, is not there and reads as zeros.  True where that is so in one of
 * the blocks that the len bytes lie in. */
static bool
block_is_missing(struct reader *r, uint64_t at, uint64_t len)
{
	static const char zeros[BLOCK];
	char chunk[BLOCK];
	uint64_t end = at + len;

	while (at < end) {
		uint64_t rest = BLOCK - at % BLOCK;
		size_t n = (size_t)MIN(r->size - at, rest);

		if (!read_at(r, chunk, n, at))
			return false;
		if (memcmp(chunk, zeros, n) == 0)
			return true;
		at += n;
	}
	return false;
}

/* What stands there is no whole entry: a piece of one, or damage. */
static enum match
not_whole(struct reader *r, uint64_t at, uint64_t len, const char *why)
{
	if (block_is_missing(r, at, len))
		return MATCH_NO;
	(void)(r->error != 0 || wrong(r, why));
	return MATCH_BAD;
}

/* The entry at journal_end: MATCH_NO where only a piece of one is left. */
static enum match
next_entry(struct reader *r, struct spool_message *m,
    struct spool_entry_head *e, struct buf *payload)
{
	uint64_t at = m->journal_end;
	char head[SPOOL_ENTRY_HEAD];

	if (r->size - at < sizeof(head))
		return MATCH_NO;
	if (!read_at(r, head, sizeof(head), at))
		return MATCH_BAD;
	if (!spool_get_entry_head(head, e))
		return not_whole(r, at, sizeof(head), "the journal is damaged");
	at += sizeof(head);
	if (r->size - at < e->len)
		return MATCH_NO;
	buf_reset(payload);
	if (!read_at(r, buf_room(payload, e->len), e->len, at))
		return MATCH_BAD;
	buf_grown(payload, e->len);
	if (wire_crc(0, buf_str(payload), payload->len) != e->crc)
		return not_whole(r, at, e->len,
		    "an entry of the journal is damaged");
	return MATCH_YES;
}

static bool
read_journal(struct reader *r, struct arena *a, struct spool_message *m)
{
	CLEAN_BUF struct buf payload = { 0 };
	struct spool_entry_head e = { 0 };

	m->journal_end = m->head.journal_at;
	while (m->journal_end < r->size) {
		enum match got = next_entry(r, m, &e, &payload);

		if (got == MATCH_BAD)
			return false;
		m->torn = got == MATCH_NO;
		if (m->torn)
			break;
		if (!spool_apply(a, m, e.type, &payload))
			return wrong(r, "the journal does not make sense");
		m->journal_end += SPOOL_ENTRY_HEAD + e.len;
	}
	return true;
}

/* ---- all of it ---- */

static bool
read_head(struct reader *r, struct spool_head *out)
{
	const char *why;

	if (spool_get_head(r->bytes, r->size, out, &why))
		return true;
	return wrong(r, why);
}

static bool
read_message(struct reader *r, struct arena *a, struct spool_message *m,
    bool check_data)
{
	const struct spool_head *h = &m->head;

	if (!read_first(r, WINDOW) || !read_head(r, &m->head))
		return false;
	if (check_data &&
	    !check_part(r, h->data_at, h->data_len, h->data_crc,
		"the content is damaged"))
		return false;
	return check_part(r, h->head_at, h->head_len, h->head_crc,
		   "the headers in front of the content are damaged") &&
	    read_envelope(r, a, m) && read_journal(r, a, m);
}

static bool
judge(const struct reader *r, bool good, const char **why)
{
	if (!good) {
		*why = r->why;
		errno = r->error;
	}
	return good;
}

bool
spool_read(int fd, struct arena *a, struct spool_message *out, bool check_data,
    const char **why)
{
	struct reader r;
	struct spool_message m = { 0 };

	r.fd = fd;
	r.at = 0;
	r.error = 0;
	r.why = "it cannot be read";
	bool good = read_message(&r, a, &m, check_data);
	if (good)
		*out = m;
	return judge(&r, good, why);
}

bool
spool_read_head(int fd, struct spool_head *out, const char **why)
{
	struct reader r;

	r.fd = fd;
	r.at = 0;
	r.error = 0;
	r.why = "it cannot be read";
	return judge(&r, read_first(&r, SPOOL_HEAD_SIZE) && read_head(&r, out),
	    why);
}
