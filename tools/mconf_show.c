/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mconf.h"
#include "param_rows.h"
#include "tool.h"

/* A parameter as it is shown. */
struct line {
	const char *name;
	const char *raw;
};

struct show {
	const struct mconf_show *how;
	struct arena arena;
	struct param_view view;
	struct line *at;
	size_t n, room;
	int code;
};

static void
add(struct show *s, const char *name, const char *raw)
{
	if (s->n == s->room) {
		s->room = s->room == 0 ? 256 : 2 * s->room;
		s->at = xrealloc(s->at, s->room, sizeof(*s->at));
	}
	s->at[s->n++] = (struct line){ name, raw };
}

/* What a TRANSPORT_suffix has that is not set: the value of its row. */
static const char *
inherited(struct show *s, const struct param_row *row)
{
	return arena_printf(&s->arena, "$%s", row->name);
}

static const char *
raw_of(struct show *s, const struct param_row *row)
{
	return s->how->defaults ? param_default(&s->view, row)
				: param_view_raw(&s->view, row);
}

static void
add_named(struct show *s, const char *name)
{
	const struct setting *set = param_view_setting(&s->view, name);
	const struct param_row *row = param_find(name);

	if (s->how->set_only && set == NULL)
		return;
	if (row != NULL) {
		add(s, row->name, raw_of(s, row));
		return;
	}
	row = param_find_transport(name);
	if (row != NULL) {
		bool own = set != NULL && !s->how->defaults;
		add(s, name, own ? set->value : inherited(s, row));
		return;
	}
	const char *nearest = param_nearest(name);
	tool_say("%s: there is no such parameter%s%s%s", name,
	    nearest != NULL ? ": did you mean " : ": see main.conf(5)",
	    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
	s->code = EX_USAGE;
}

static int
by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
add_all(struct show *s)
{
	PARAM_EACH(row)
		if (!s->how->set_only ||
		    param_view_setting(&s->view, row->name) != NULL)
			add(s, row->name, raw_of(s, row));
	for (size_t i = 0; i < s->view.main.n && !s->how->defaults; i++) {
		const struct setting *set = &s->view.main.at[i];
		if (param_find(set->name) == NULL &&
		    param_find_transport(set->name) != NULL &&
		    param_view_setting(&s->view, set->name) == set)
			add(s, set->name, set->value);
	}
	qsort(s->at, s->n, sizeof(*s->at), by_name);
}

static void
print(struct show *s, const struct line *line)
{
	const struct param_row *row = param_find(line->name);
	CLEAN_BUF struct buf value = { 0 };

	if (!s->how->expanded || (row != NULL && row->kind == PARAM_KIND_RAW))
		buf_adds(&value, line->raw);
	else if (!param_view_expand(&s->view, line->raw, &value)) {
		tool_say("%s: %s", line->name, buf_str(&s->view.trouble));
		s->code = EX_CONFIG;
		return;
	}
	if (!s->how->value_only) /* tool_end() sees a failure */
		(void)printf("%s =%s", line->name, value.len > 0 ? " " : "");
	(void)printf("%s\n", buf_str(&value));
}

int
mconf_show(const struct mconf_show *how, char **names)
{
	struct show s = { .how = how };
	CLEAN_BUF struct buf errors = { 0 };

	if (!param_view_open(&s.view, &s.arena, tool_conf_dir(), NULL,
		&errors) &&
	    !how->defaults) {
		tool_say_lines(&errors);
		s.code = EX_CONFIG;
	}
	for (size_t i = 0; names[i] != NULL; i++)
		add_named(&s, names[i]);
	if (names[0] == NULL)
		add_all(&s);
	for (size_t i = 0; i < s.n; i++)
		print(&s, &s.at[i]);
	free(s.at);
	param_view_close(&s.view);
	arena_free(&s.arena);
	return s.code;
}
