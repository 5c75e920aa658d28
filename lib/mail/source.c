/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "logical.h"

#define FILE_MAX  ((size_t)1 << 30)
#define SHOWN_MAX 40

struct reader {
	struct source *source;
	const char *file;
	size_t line;
	struct buf *messages;
	bool ok;
};

static void
complain(struct reader *r, struct slice shown, const char *what)
{
	buf_addf(r->messages, "%s:%zu: ", r->file, r->line);
	str_printable(r->messages, shown.at, shown.len, SHOWN_MAX);
	buf_addf(r->messages, ": %s\n", what);
	r->ok = false;
}

/* The length of what stands in front of `end` (a class), outside quotes; the
 * whole length where there is none. */
static size_t
find_unquoted(struct slice s, bool (*end)(char c))
{
	bool quoted = false;
	size_t i = 0;

	for (; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
		else if (!quoted && end(s.at[i]))
			break;
	}
	return MIN(i, s.len);
}

static bool
is_colon(char c)
{
	return c == ':';
}

/* Without quotes, and in lower case. */
static char *
take_key(struct source *s, struct slice text)
{
	char *key = arena_memdup(&s->arena, text.at, text.len);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			continue;
		if (text.at[i] == '\\' && i + 1 < text.len)
			i++;
		key[n++] = text.at[i];
	}
	key[n] = '\0';
	str_lower(key);
	return key;
}

static void
add(struct reader *r, struct slice key, struct slice value)
{
	struct source *s = r->source;
	const char *name = take_key(s, key);

	if (strlen(name) > SOURCE_KEY_MAX) {
		complain(r, key, "the key is longer than 511 bytes");
		return;
	}
	void **place = map_puts(&s->keys, name);
	if (*place != NULL) {
		const struct source_entry *first = *place;
		buf_addf(r->messages,
		    "%s:%zu: warning: %s stands in line %zu already, which "
		    "counts\n",
		    r->file, r->line, name, first->line);
		return;
	}

	struct source_entry *e = arena_new(&s->arena, sizeof(*e));
	*e = (struct source_entry){
		.key = name,
		.value = arena_memdup(&s->arena, value.at, value.len),
		.line = r->line,
	};
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		s->at = xrealloc(s->at, s->room, sizeof(struct source_entry *));
	}
	s->at[s->n++] = e;
	*place = e;
}

static void
read_table_line(struct reader *r, struct slice text)
{
	size_t n = find_unquoted(text, char_is_space);
	struct slice key = { text.at, n };
	struct slice value = slice_trim(
	    (struct slice){ text.at + n, text.len - n });

	if (key.len > 1 && value.len > 0 && key.at[key.len - 1] == ':')
		complain(r, key,
		    "this looks like an alias: write key value, or build it "
		    "with newaliases");
	else if (value.len == 0)
		complain(r, key, "there is no value: write key value");
	else
		add(r, key, value);
}

static void
read_alias_line(struct reader *r, struct slice text)
{
	size_t n = find_unquoted(text, is_colon);
	struct slice key = slice_trim((struct slice){ text.at, n });

	if (n == text.len) {
		complain(r, text, "there is no colon: write name: member");
		return;
	}
	struct slice value = slice_trim(
	    (struct slice){ text.at + n + 1, text.len - n - 1 });
	if (key.len == 0 || slice_eq(key, "\"\""))
		complain(r, text, "there is no name: write name: member");
	else if (value.len == 0)
		complain(r, key, "there is no member: write name: member");
	else
		add(r, key, value);
}

/* Whether every quote has its partner. */
static bool
quotes_close(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
	return !quoted;
}

bool
source_parse(struct source *s, enum source_form form, const char *file,
    struct slice text, struct buf *messages)
{
	CLEAN_LOGICAL struct logical l = { .rest = text };
	struct reader r = {
		.source = s,
		.file = file,
		.messages = messages,
		.ok = true,
	};

	while (logical_next(&l)) {
		struct slice line = logical_text(&l);
		r.line = l.first;
		if (memchr(line.at, '\0', line.len) != NULL)
			complain(&r, line, "there is a NUL byte: remove it");
		else if (l.indented)
			complain(&r, line,
			    "white space in front goes on a line, but there "
			    "is none above");
		else if (form == SOURCE_ALIASES && !quotes_close(line))
			complain(&r, line, "a quote has no partner");
		else if (form == SOURCE_ALIASES)
			read_alias_line(&r, line);
		else
			read_table_line(&r, line);
	}
	return r.ok;
}

bool
source_read(struct source *s, enum source_form form, const char *path,
    struct buf *messages)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0) {
		buf_addf(messages, "%s: %s\n", path, strerror(errno));
		return false;
	}
	return source_parse(s, form, path,
	    (struct slice){ buf_str(&text), text.len }, messages);
}

void
source_free(struct source *s)
{
	map_free(&s->keys);
	free(s->at);
	arena_free(&s->arena);
	*s = (struct source){ 0 };
}
