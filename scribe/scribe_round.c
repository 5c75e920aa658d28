/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "scribe_round.h"

#include <stdlib.h>

#define KEPT_MAX ((size_t)1 << 20) /* memory after a storm of lines */

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

void
round_each(
    void (*fn)(const struct line_source *from, const struct log_record *r))
{
	if (lines.n == 0)
		return;
	qsort(lines.entries, lines.n, sizeof(*lines.entries), compare);
	for (size_t i = 0; i < lines.n; i++) {
		struct entry *e = &lines.entries[i];

		e->record.text = lines.texts.text + e->at;
		fn(e->from, &e->record);
	}
	lines.n = 0;
	if (lines.texts.room > KEPT_MAX)
		buf_free(&lines.texts);
	buf_reset(&lines.texts);
}
