/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "logical.h"

static bool
is_blank_or_comment(struct slice line)
{
	struct slice s = slice_trim(line);

	return s.len == 0 || s.at[0] == '#';
}

bool
logical_next(struct logical *l)
{
	struct slice line;

	buf_reset(&l->text);
	while (l->rest.len > 0) {
		struct slice before = l->rest;

		(void)slice_next_part(&l->rest, '\n', &line);
		if (is_blank_or_comment(line)) {
			l->number++;
			continue;
		}
		if (l->text.len > 0 && !char_is_space(line.at[0])) {
			l->rest = before;
			break;
		}
		l->number++;
		if (l->text.len == 0) {
			l->first = l->number;
			l->indented = char_is_space(line.at[0]);
		}
		if (line.at[line.len - 1] == '\r')
			line.len--;
		buf_add(&l->text, line.at, line.len);
	}
	return l->text.len > 0;
}

struct slice
logical_text(const struct logical *l)
{
	return slice_trim((struct slice){ buf_str(&l->text), l->text.len });
}

void
logical_free(struct logical *l)
{
	buf_free(&l->text);
}
