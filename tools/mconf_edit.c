/*
 * Editing main.conf in place.
 *
 * A setting takes the place of the last one of its name; earlier ones of that
 * name go, because they count for nothing.  A new one comes at the end.  All
 * other lines stay as they are, comments between the lines of a setting too.
 * The new file is checked before it takes the place of the old one.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "logical.h"
#include "mconf.h"
#include "param_rows.h"
#include "tool.h"

#define FILE_MAX  ((size_t)4 << 20)
#define FILE_MODE 0644

/* One NAME=VALUE to put in. */
struct edit {
	struct slice name, value;
};

static struct edit
parse_edit(const char *text)
{
	struct slice value = slice_of(text);
	struct slice name = { "", 0 };

	if (strchr(text, '=') == NULL || strchr(text, '\n') != NULL)
		tool_fail(EX_USAGE, "%s: write NAME=VALUE, in one line", text);
	(void)slice_next_part(&value, '=', &name); /* there is one */
	return (struct edit){ slice_trim(name), slice_trim(value) };
}

/* Whether the line begins a setting of that name. */
static bool
begins(struct slice line, struct slice name)
{
	struct slice rest = line;
	struct slice before = { "", 0 };

	if (line.len == 0 || char_is_space(line.at[0]) || line.at[0] == '#' ||
	    memchr(line.at, '=', line.len) == NULL)
		return false;
	(void)slice_next_part(&rest, '=', &before); /* there is one */
	before = slice_trim(before);
	return before.len == name.len &&
	    memcmp(before.at, name.at, name.len) == 0;
}

static size_t
count(struct slice text, struct slice name)
{
	struct slice line;
	size_t n = 0;

	while (slice_next_part(&text, '\n', &line))
		n += begins(line, name);
	return n;
}

static void
put_setting(struct buf *out, const struct edit *e)
{
	buf_add(out, e->name.at, e->name.len);
	buf_adds(out, e->value.len > 0 ? " = " : " =");
	buf_add(out, e->value.at, e->value.len);
	buf_addc(out, '\n');
}

static bool
is_comment_or_blank(struct slice line)
{
	struct slice s = slice_trim(line);

	return s.len == 0 || s.at[0] == '#';
}

/* Copies the text, with the setting in the place of the old one. */
static void
apply(struct slice text, const struct edit *e, struct buf *out)
{
	size_t left = count(text, e->name);
	bool found = left > 0;
	bool dropping = false; /* lines that go on an old setting */
	struct slice line;

	while (slice_next_part(&text, '\n', &line)) {
		if (begins(line, e->name)) {
			dropping = true;
			if (--left == 0)
				put_setting(out, e);
			continue;
		}
		if (!is_comment_or_blank(line)) {
			dropping = dropping && char_is_space(line.at[0]);
			if (dropping)
				continue;
		}
		buf_add(out, line.at, line.len);
		buf_addc(out, '\n');
	}
	if (!found)
		put_setting(out, e);
}

/* Whether the settings of these names are right in the new text. */
static bool
check(struct slice text, char **settings, struct buf *errors)
{
	CLEAN_BUF struct buf others = { 0 };
	struct arena a = { 0 };
	struct param_view v = { .arena = &a, .conf_dir = tool_conf_dir() };
	bool ok = true;

	if (!settings_parse(&a, "main.conf", text, false, &v.main, &others))
		tool_say_lines(&others); /* not ours: it was so before */
	for (size_t i = 0; settings[i] != NULL; i++) {
		struct edit e = parse_edit(settings[i]);
		const char *name = arena_memdup(&a, e.name.at, e.name.len);
		const struct setting *s = settings_find(&v.main, "", name);
		if (s == NULL) {
			buf_addf(errors, "%s: this cannot be a name\n", name);
			ok = false;
		} else
			ok &= param_check_setting(&v, s, errors);
	}
	param_view_close(&v);
	arena_free(&a);
	return ok;
}

static void
read_old(const char *path, struct buf *text)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, text, FILE_MAX) < 0)
		tool_fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
}

int
mconf_edit(char **settings)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf errors = { 0 };

	if (settings[0] == NULL)
		tool_usage();
	buf_addf(&path, "%s/main.conf", tool_conf_dir());
	read_old(buf_str(&path), &text);
	for (size_t i = 0; settings[i] != NULL; i++) {
		struct edit e = parse_edit(settings[i]);
		CLEAN_BUF struct buf next = { 0 };
		apply((struct slice){ buf_str(&text), text.len }, &e, &next);
		buf_reset(&text);
		buf_add(&text, buf_str(&next), next.len);
	}
	if (!check((struct slice){ buf_str(&text), text.len }, settings,
		&errors)) {
		tool_say_lines(&errors);
		tool_say("main.conf was not changed");
		return EX_DATAERR;
	}
	if (fd_replace_file(buf_str(&path), buf_str(&text), text.len,
		FILE_MODE) == 0)
		return EX_OK;
	tool_say("%s: %s", buf_str(&path), strerror(errno));
	return errno == EACCES || errno == EPERM ? EX_NOPERM : EX_CANTCREAT;
}
