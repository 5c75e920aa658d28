/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "log.h"
#include "param.h"
#include "peerlist.h"

#define CODE_LEN 3

struct trace {
	enum trace_side side;
	size_t lines;
	bool secret; /* AUTH was said and has no final reply */
	bool keep;
	struct buf kept;
	char *shown; /* in the log; NULL: it is not logged */
};

static struct peerlist *peers; /* NULL: nobody */

void
trace_open(void)
{
	const char *why;

	if (params.debug_peer_list[0] == '\0')
		return;
	peers = peerlist_open(params.debug_peer_list, &why);
	if (peers == NULL)
		log_fatal("debug_peer_list: %s", why);
}

struct trace *
trace_start(enum trace_side side, const char *name, const char *addr,
    const char *shown)
{
	if (peers == NULL ||
	    peerlist_has(peers, name, addr,
		param_has_word(params.parent_domain_matches_subdomains,
		    "debug_peer_list")) != FOUND_ONE)
		return NULL;

	struct trace *t = xcalloc(1, sizeof(*t));
	t->side = side;
	t->shown = xstrdup(shown);
	return t;
}

void
trace_stop(struct trace **t)
{
	if (*t == NULL)
		return;
	buf_free(&(*t)->kept);
	free((*t)->shown);
	free(*t);
	*t = NULL;
}

void
trace_keep(struct trace **t, enum trace_side side)
{
	if (*t == NULL) {
		*t = xcalloc(1, sizeof(**t));
		(*t)->side = side;
	}
	(*t)->keep = true;
}

const char *
trace_kept(const struct trace *t)
{
	return t != NULL ? buf_str(&t->kept) : "";
}

static void
keep(struct trace *t, char way, struct slice text)
{
	if (t->kept.len > TRACE_KEPT_MAX)
		return;
	buf_adds(&t->kept, way == '<' ? " In:  " : "Out: ");
	str_printable(&t->kept, text.at, text.len, TRACE_LINE_MAX);
	buf_adds(&t->kept, "\r\n");
	if (t->kept.len > TRACE_KEPT_MAX)
		buf_adds(&t->kept, "[no more is shown]\r\n");
}

static void
put(struct trace *t, char way, struct slice text)
{
	CLEAN_BUF struct buf shown = { 0 };

	if (t->keep)
		keep(t, way, text);
	if (t->shown == NULL || t->lines++ > TRACE_LINES)
		return;
	if (t->lines > TRACE_LINES) {
		log_info("%c %s: [more than %d lines: no more is shown]", way,
		    t->shown, TRACE_LINES);
		return;
	}
	str_printable(&shown, text.at, text.len, TRACE_LINE_MAX);
	log_info("%c %s: %s", way, t->shown, buf_str(&shown));
}

/* The beginning of a line whose rest is a secret. */
static void
put_hidden(struct trace *t, char way, struct slice text)
{
	CLEAN_BUF struct buf line = { 0 };

	buf_add(&line, text.at, text.len);
	buf_addf(&line, "%s[not shown]", text.len > 0 ? " " : "");
	put(t, way, (struct slice){ line.text, line.len });
}

/* "AUTH PLAIN AGFsaWNlAHNlY3JldA==": how much of it is no secret; 0 where it is
 * another command. */
static size_t
auth_len(struct slice line)
{
	static const char verb[] = "AUTH";
	size_t n = sizeof(verb) - 1;

	if (line.len < n || strncasecmp(line.at, verb, n) != 0 ||
	    (line.len > n && !char_is_space(line.at[n])))
		return 0;
	while (n < line.len && char_is_space(line.at[n]))
		n++;
	while (n < line.len && !char_is_space(line.at[n]))
		n++;
	return n;
}

static void
put_command(struct trace *t, char way, struct slice line)
{
	size_t n = auth_len(line);

	if (n > 0)
		t->secret = true;
	if (!t->secret || n == line.len || slice_eq(line, "*"))
		put(t, way, line);
	else
		put_hidden(t, way, (struct slice){ line.at, n });
}

static void
put_reply(struct trace *t, char way, struct slice line)
{
	bool more = line.len > CODE_LEN && line.at[CODE_LEN] == '-';

	if (t->secret && line.len >= CODE_LEN &&
	    memcmp(line.at, "334", CODE_LEN) == 0) {
		put_hidden(t, way, (struct slice){ line.at, CODE_LEN });
		return;
	}
	t->secret = false;
	if (!more || params.debug_peer_level > 1)
		put(t, way, line);
}

static void
put_lines(struct trace *t, char way, bool replies, struct slice text)
{
	struct slice line;

	while (slice_next_part(&text, '\n', &line)) {
		line = slice_trim(line);
		if (replies)
			put_reply(t, way, line);
		else
			put_command(t, way, line);
	}
}

void
trace_said(struct trace *t, struct slice text)
{
	if (t != NULL)
		put_lines(t, '>', t->side == TRACE_SERVER, text);
}

void
trace_heard(struct trace *t, struct slice text)
{
	if (t != NULL)
		put_lines(t, '<', t->side == TRACE_CLIENT, text);
}

void
trace_content(struct trace *t, uint64_t bytes)
{
	CLEAN_BUF struct buf text = { 0 };

	if (t == NULL)
		return;
	buf_addf(&text, "[content of %llu bytes]", (unsigned long long)bytes);
	put(t, t->side == TRACE_SERVER ? '<' : '>',
	    (struct slice){ text.text, text.len });
}
