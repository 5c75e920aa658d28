/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_reply.h"

#include <string.h>

#include "str.h"

/* The three digits of a reply code, 2 to 5 first; 0 where there are none. */
static int
code_of(struct slice line)
{
	if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5' ||
	    !char_is_digit(line.at[1]) || !char_is_digit(line.at[2]))
		return 0;
	if (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-')
		return 0;
	return (line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + line.at[2] -
	    '0';
}

static void
keep_text(struct smtp_reply *r, struct slice line)
{
	if (r->text.len >= SMTP_REPLY_TEXT_MAX)
		return;
	if (r->text.len > 0)
		buf_addc(&r->text, ' ');
	str_printable(&r->text, line.at, line.len,
	    SMTP_REPLY_TEXT_MAX - r->text.len + 3);
}

/* The enhanced code counts where its class is that of the reply code. */
static void
find_status(struct smtp_reply *r, const char *text)
{
	char status[DSN_STATUS_MAX];
	const char *rest;

	(void)snprintf(r->status, DSN_STATUS_MAX, "%s",
	    dsn_status_of_code(r->code));
	r->has_status = dsn_split(text, status, &rest) == MATCH_YES &&
	    status[0] - '0' == r->code / 100;
	if (r->has_status)
		memcpy(r->status, status, DSN_STATUS_MAX);
}

/* One line, without its end. */
static enum match
take_line(struct smtp_reply *r, struct slice line)
{
	int code = code_of(line);
	size_t skip = MIN(line.len, (size_t)4);

	keep_text(r, line);
	if (code == 0 || ++r->n_lines > SMTP_REPLY_LINES_MAX)
		return MATCH_BAD;

	size_t from = r->lines.len;
	buf_add(&r->lines, line.at + skip, line.len - skip);
	if (line.len <= 3 || line.at[3] != '-') {
		r->code = code;
		find_status(r, buf_str(&r->lines) + from);
	}
	buf_addc(&r->lines, '\n');
	return r->code != 0 ? MATCH_YES : MATCH_NO;
}

enum match
smtp_reply_take(struct smtp_reply *r, const char *bytes, size_t n,
    size_t *taken)
{
	*taken = 0;
	while (*taken < n) {
		const char *at = bytes + *taken;
		const char *end = memchr(at, '\n', n - *taken);
		size_t len = end != NULL ? (size_t)(end - at) : n - *taken;

		buf_add(&r->line, at, MIN(len, SMTP_REPLY_LINE_MAX + 1));
		*taken += len + (end != NULL);
		if (r->line.len > SMTP_REPLY_LINE_MAX) {
			keep_text(r, (struct slice){ r->line.text, 100 });
			return MATCH_BAD;
		}
		if (end == NULL)
			return MATCH_NO;
		if (r->line.len > 0 && r->line.text[r->line.len - 1] == '\r')
			buf_cut(&r->line, r->line.len - 1);

		enum match m = take_line(r,
		    (struct slice){ buf_str(&r->line), r->line.len });
		buf_reset(&r->line);
		if (m != MATCH_NO)
			return m;
	}
	return MATCH_NO;
}

enum outcome
smtp_reply_refusal(const struct smtp_reply *r, int code,
    char status[DSN_STATUS_MAX])
{
	bool never = dsn_outcome_of_code(code) == OUTCOME_BOUNCE;

	memcpy(status, r->status, DSN_STATUS_MAX);
	status[0] = never ? '5' : '4';
	return never ? OUTCOME_BOUNCE : OUTCOME_DEFER;
}

void
smtp_reply_reset(struct smtp_reply *r)
{
	r->code = 0;
	r->n_lines = 0;
	buf_reset(&r->text);
	buf_reset(&r->lines);
	buf_reset(&r->line);
}

void
smtp_reply_free(struct smtp_reply *r)
{
	buf_free(&r->text);
	buf_free(&r->lines);
	buf_free(&r->line);
	*r = (struct smtp_reply){ 0 };
}
