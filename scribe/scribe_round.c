/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "scribe_round.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const struct line_source *from;
	struct log_record record; /* its text is found by `at` */
	size_t at;                /* in texts; also the order of arrival */
};

static struct {
	struct entry *entries;
	size_t n, room;
	struct buf texts;
} lines;

void
round_add(const struct line_source *from, const struct log_record *r)
{
	if (lines.n == lines.room) {
		lines.room = lines.room == 0 ? 64 : lines.room * 2;
		lines.entries = xrealloc(lines.entries, lines.room,
		    sizeof(*lines.entries));
	}
	lines.entries[lines.n++] = (struct entry){
		.from = from,
		.record = *r,
		.at = lines.texts.len,
	};
	buf_adds(&lines.texts, r->text);
	buf_addc(&lines.texts, '\0');
}

static int
compare(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->record.time != b->record.time)
		return a->record.time < b->record.time ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* A line far ahead of the clock was written before the clock was set back. */
static bool
is_young(const struct entry *e, int64_t now)
{
	return e->record.time > now - ROUND_HOLD &&
	    e->record.time < now + ROUND_HOLD;
}

/* An entry stays: behind those that do, its text in `texts`. */
static void
keep(const struct entry *e, struct buf *texts)
{
	struct entry kept = *e;

	kept.at = texts->len;
	buf_add(texts, e->record.text, strlen(e->record.text) + 1);
	lines.entries[lines.n++] = kept;
}

size_t
round_each(int64_t now,
    void (*fn)(const struct line_source *from, const struct log_record *r))
{
	struct buf texts = { 0 };
	size_t n = lines.n;

	if (n == 0)
		return 0;
	qsort(lines.entries, n, sizeof(*lines.entries), compare);
	lines.n = 0;
	for (size_t i = 0; i < n; i++) {
		struct entry *e = &lines.entries[i];

		e->record.text = lines.texts.text + e->at;
		if (now != ROUND_ALL && is_young(e, now))
			keep(e, &texts);
		else
			fn(e->from, &e->record);
	}
	buf_free(&lines.texts);
	lines.texts = texts;
	return lines.n;
}
