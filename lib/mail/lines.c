/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "lines.h"

/* How many bytes of a line's ordinary text stand here. */
static size_t
plain_run(struct lines *l, const char *bytes, size_t n)
{
	size_t i = 0;

	for (; i < n; i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\0')
			break;
		if (bytes[i] < 0)
			l->high = true;
	}
	return i;
}

/* A CR that no LF followed. */
static void
end_cr(struct lines *l, struct buf *out)
{
	if (!l->cr)
		return;
	buf_addc(out, ' ');
	l->cr = false;
	l->open = true;
}

void
lines_add(struct lines *l, struct buf *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			buf_add(out, "\r\n", 2);
			l->cr = l->open = false;
			continue;
		}
		end_cr(l, out);
		if (bytes[i] == '\r') {
			l->cr = true;
			continue;
		}

		size_t run = plain_run(l, bytes + i, n - i);
		if (run > 0)
			buf_add(out, bytes + i, run);
		else
			buf_addc(out, '?');
		l->open = true;
		i += run > 0 ? run - 1 : 0;
	}
}

void
lines_end(struct lines *l, struct buf *out)
{
	end_cr(l, out);
	if (l->open)
		buf_add(out, "\r\n", 2);
	l->open = false;
}

void
lines_stuff(struct buf *out, struct slice text)
{
	struct slice rest = text, line;

	while (slice_next_part(&rest, '\n', &line)) {
		if (line.len > 0 && line.at[0] == '.')
			buf_addc(out, '.');
		buf_add(out, line.at, line.len);
		buf_addc(out, '\n');
	}
}
