/*
 * main.conf and master.conf apart into settings.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "logical.h"

#define FILE_MAX ((size_t)4 << 20)

struct reader {
	struct arena *arena;
	const char *file;
	const char *section;
	bool sections; /* [name] lines are allowed */
	struct settings *out;
	size_t room;
	struct buf *errors;
	bool ok;
};

static void complain(struct reader *r, size_t line, const char *fmt, ...)
    PRINTFLIKE(3, 4);

static void
complain(struct reader *r, size_t line, const char *fmt, ...)
{
	va_list ap;

	buf_addf(r->errors, "%s:%zu: ", r->file, line);
	va_start(ap, fmt);
	buf_vaddf(r->errors, fmt, ap);
	va_end(ap);
	buf_addc(r->errors, '\n');
	r->ok = false;
}

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!char_is_alpha(s.at[i]) && !char_is_digit(s.at[i]) &&
		    strchr("_-.", s.at[i]) == NULL)
			return false;
	return s.len > 0;
}

static void
add_setting(struct reader *r, struct slice name, struct slice value,
    size_t line)
{
	if (r->out->n == r->room) {
		struct setting *old = r->out->at;

		r->room = r->room == 0 ? 64 : 2 * r->room;
		r->out->at = arena_new(r->arena,
		    r->room * sizeof(struct setting));
		if (r->out->n > 0)
			memcpy(r->out->at, old,
			    r->out->n * sizeof(struct setting));
	}
	r->out->at[r->out->n++] = (struct setting){
		.section = r->section,
		.name = arena_memdup(r->arena, name.at, name.len),
		.value = arena_memdup(r->arena, value.at, value.len),
		.file = r->file,
		.line = line,
	};
}

static void
read_section(struct reader *r, struct slice text, size_t line)
{
	struct slice name = { text.at + 1, text.len - 1 };

	if (!r->sections) {
		complain(r, line,
		    "[...]: sections stand in master.conf, not here");
		return;
	}
	if (name.len == 0 || name.at[name.len - 1] != ']') {
		complain(r, line, "a section's line is [NAME] and no more");
		return;
	}
	name.len--;
	name = slice_trim(name);
	if (!is_name(name)) {
		complain(r, line,
		    "a section's name is letters, digits, _ - and .");
		return;
	}
	r->section = arena_memdup(r->arena, name.at, name.len);
	add_setting(r, (struct slice){ "", 0 }, (struct slice){ "", 0 }, line);
}

static void
read_setting(struct reader *r, struct slice text, size_t line)
{
	const char *equals = memchr(text.at, '=', text.len);
	CLEAN_BUF struct buf shown = { 0 };

	if (equals == NULL) {
		str_printable(&shown, text.at, text.len, 40);
		complain(r, line, "%s: there is no =: write name = value",
		    buf_str(&shown));
		return;
	}

	struct slice name = { text.at, (size_t)(equals - text.at) };
	struct slice value = { equals + 1,
		text.len - (size_t)(equals + 1 - text.at) };
	name = slice_trim(name);
	if (!is_name(name)) {
		str_printable(&shown, name.at, name.len, 40);
		complain(r, line, "\"%s\" cannot be a name: write name = value",
		    buf_str(&shown));
		return;
	}
	if (r->sections && r->section[0] == '\0') {
		complain(r, line,
		    "a setting before the first section: begin with [NAME]");
		return;
	}
	add_setting(r, name, slice_trim(value), line);
}

static void
read_logical(struct reader *r, const struct logical *l)
{
	struct slice s = logical_text(l);

	if (memchr(s.at, '\0', s.len) != NULL)
		complain(r, l->first, "there is a NUL byte: remove it");
	else if (l->indented)
		complain(r, l->first,
		    "white space in front goes on a line, but there is none "
		    "above: move it to the first column");
	else if (s.at[0] == '[')
		read_section(r, s, l->first);
	else
		read_setting(r, s, l->first);
}

bool
settings_parse(struct arena *a, const char *file, struct slice text,
    bool sections, struct settings *out, struct buf *errors)
{
	CLEAN_LOGICAL struct logical l = { .rest = text };
	struct reader r = {
		.arena = a,
		.file = file,
		.section = "",
		.sections = sections,
		.out = out,
		.errors = errors,
		.ok = true,
	};

	*out = (struct settings){ 0 };
	while (logical_next(&l))
		read_logical(&r, &l);
	return r.ok;
}

bool
settings_read(struct arena *a, const char *dir, const char *file, bool sections,
    struct settings *out, struct buf *errors)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf text = { 0 };

	*out = (struct settings){ 0 };
	buf_addf(&path, "%s/%s", dir, file);
	CLEAN_FD int fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0) {
		buf_addf(errors, "%s: %s%s\n", buf_str(&path), strerror(errno),
		    errno == ENOENT ? ": run posthouse setup, or name the "
				      "folder with -c"
				    : "");
		return false;
	}
	return settings_parse(a, file,
	    (struct slice){ buf_str(&text), text.len }, sections, out, errors);
}

const struct setting *
settings_find(const struct settings *s, const char *section, const char *name)
{
	for (size_t i = s->n; i > 0; i--)
		if (str_eq(s->at[i - 1].name, name) &&
		    str_eq(s->at[i - 1].section, section))
			return &s->at[i - 1];
	return NULL;
}
