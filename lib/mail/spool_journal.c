/*
 * The journal of a queue file: what qmgr has learned of the recipients.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spool_format.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "wire.h"

/* ---- writing ---- */

static void
put_entry(struct buf *out, enum spool_entry type, const struct buf *payload)
{
	struct spool_entry_head e = {
		.type = type,
		.len = (uint32_t)payload->len,
		.crc = wire_crc(0, buf_str(payload), payload->len),
	};

	assert(payload->len <= SPOOL_ENTRY_MAX);
	spool_put_entry_head(out, &e);
	buf_add(out, buf_str(payload), payload->len);
}

/* The text, or as much of it as is kept, in `kept`. */
static const char *
cut_text(struct buf *kept, const char *text)
{
	if (text == NULL)
		return "";
	buf_add(kept, text, strnlen(text, SPOOL_TEXT_MAX));
	return buf_str(kept);
}

void
spool_entry_rcpt(struct buf *out, uint32_t index, enum rcpt_state state,
    const struct dsn *last, const char *relay, int64_t when)
{
	CLEAN_BUF struct buf text = { 0 }, host = { 0 }, payload = { 0 };
	struct rec_entry_rcpt entry = {
		.index = index,
		.state = (uint8_t)state,
		.outcome = (uint8_t)last->outcome,
		.fault = (uint8_t)last->fault,
		.status = last->status,
		.text = cut_text(&text, last->text),
		.relay = cut_text(&host, relay),
		.when = when,
	};

	rec_put_entry_rcpt(&payload, &entry);
	put_entry(out, SPOOL_ENTRY_RCPT, &payload);
}

void
spool_entry_more(struct buf *out, const struct rec_env_rcpt *rcpt)
{
	CLEAN_BUF struct buf payload = { 0 };

	rec_put_env_rcpt(&payload, rcpt);
	put_entry(out, SPOOL_ENTRY_MORE, &payload);
}

void
spool_entry_retry(struct buf *out, uint32_t attempts, int64_t next)
{
	CLEAN_BUF struct buf payload = { 0 };
	struct rec_entry_retry entry = { .attempts = attempts, .next = next };

	rec_put_entry_retry(&payload, &entry);
	put_entry(out, SPOOL_ENTRY_RETRY, &payload);
}

void
spool_entry_notice(struct buf *out, int64_t when)
{
	CLEAN_BUF struct buf payload = { 0 };
	struct rec_entry_notice entry = { .when = when };

	rec_put_entry_notice(&payload, &entry);
	put_entry(out, SPOOL_ENTRY_NOTICE, &payload);
}

int
spool_cut(int fd, uint64_t journal_end)
{
	return ftruncate(fd, (off_t)journal_end);
}

int
spool_append(int fd, uint64_t *journal_end, const struct buf *entries)
{
	if (fd_pwrite_all(fd, buf_str(entries), entries->len,
		(off_t)*journal_end) < 0) {
		int error = errno;

		/* What it left would stand in the way of a shorter entry. */
		if (spool_cut(fd, *journal_end) < 0)
			error = errno;
		errno = error;
		return -1;
	}
	*journal_end += entries->len;
	return 0;
}

/* ---- reading ---- */

/* Attempts repeat themselves: the same text is kept once. */
static void
keep(struct arena *a, const char **text, const char *now)
{
	if (!str_eq(*text, now))
		*text = arena_strdup(a, now);
}

static bool
apply_rcpt(struct arena *a, struct spool_message *m, struct wire *w)
{
	struct rec_entry_rcpt entry;

	if (!rec_get_entry_rcpt(&entry, w) || entry.index >= m->n_rcpts ||
	    entry.state > RCPT_EXPANDED || entry.outcome > OUTCOME_BOUNCE ||
	    entry.fault > FAULT_LOCAL)
		return false;

	struct spool_rcpt *rcpt = &m->rcpts[entry.index];
	if (!str_copy(rcpt->last.status, DSN_STATUS_MAX, entry.status))
		return false;
	rcpt->state = (enum rcpt_state)entry.state;
	rcpt->last.outcome = (enum outcome)entry.outcome;
	rcpt->last.fault = (enum fault)entry.fault;
	rcpt->last_attempt = entry.when;
	keep(a, &rcpt->last.text, entry.text);
	keep(a, &rcpt->relay, entry.relay);
	return true;
}

static void
make_room(struct arena *a, struct spool_message *m)
{
	struct spool_rcpt *old = m->rcpts;

	if (m->n_rcpts < m->room)
		return;
	m->room = m->room * 2 + 8;
	m->rcpts = arena_new(a, m->room * sizeof(m->rcpts[0]));
	if (m->n_rcpts > 0)
		memcpy(m->rcpts, old, m->n_rcpts * sizeof(old[0]));
}

static bool
apply_more(struct arena *a, struct spool_message *m, struct wire *payload)
{
	char *bytes = arena_memdup(a, payload->at, payload->left);
	struct wire w = wire_open(bytes, payload->left);
	struct spool_rcpt rcpt = { .relay = "" };

	rcpt.last.text = "";
	if (!rec_get_env_rcpt(&rcpt.env, &w) || !wire_done(&w))
		return false;
	make_room(a, m);
	m->rcpts[m->n_rcpts++] = rcpt;
	*payload = w;
	return true;
}

static bool
apply_retry(struct arena *a __attribute__((unused)), struct spool_message *m,
    struct wire *w)
{
	struct rec_entry_retry entry;

	if (!rec_get_entry_retry(&entry, w))
		return false;
	m->attempts = entry.attempts;
	m->next_retry = entry.next;
	return true;
}

static bool
apply_notice(struct arena *a __attribute__((unused)), struct spool_message *m,
    struct wire *w)
{
	struct rec_entry_notice entry;

	m->warned = true;
	return rec_get_entry_notice(&entry, w);
}

typedef bool apply_fn(struct arena *a, struct spool_message *m, struct wire *w);

static apply_fn *const entries[] = {
	[SPOOL_ENTRY_RCPT] = apply_rcpt,
	[SPOOL_ENTRY_MORE] = apply_more,
	[SPOOL_ENTRY_RETRY] = apply_retry,
	[SPOOL_ENTRY_NOTICE] = apply_notice,
};

bool
spool_apply(struct arena *a, struct spool_message *m, uint32_t type,
    const struct buf *payload)
{
	struct wire w = wire_open(buf_str(payload), payload->len);

	return type < ARRAY_LEN(entries) && entries[type] != NULL &&
	    entries[type](a, m, &w) && wire_done(&w);
}
