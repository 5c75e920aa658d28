/*
 * What is in force: the service's settings, main.conf, the defaults.
 *
 * A value may name others, whose values may name others: depth and the number
 * of look-ups for one value are bounded, so that a loop ends and a tree of
 * names cannot grow without end.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

#include "param.h"

#define DEPTH_MAX 20
#define STEPS_MAX 10000

const struct setting *
param_view_setting(const struct param_view *v, const char *name)
{
	const struct setting *s = NULL;

	if (v->section != NULL)
		s = settings_find(&v->own, v->section, name);
	return s != NULL ? s : settings_find(&v->main, "", name);
}

const char *
param_view_raw(struct param_view *v, const struct param_row *row)
{
	const struct setting *s = param_view_setting(v, row->name);

	return s != NULL ? s->value : param_default(v, row);
}

/* A param_value_fn; arg is the view. */
static const char *
value_of(void *arg, struct slice name)
{
	struct param_view *v = arg;
	CLEAN_BUF struct buf out = { 0 };
	const char *text = arena_memdup(v->arena, name.at, name.len);
	const struct param_row *row = param_find(text);

	if (row == NULL) {
		const char *nearest = param_nearest(text);
		buf_addf(&v->trouble, "$%s: there is no such parameter%s%s%s",
		    text, nearest != NULL ? " (did you mean " : "",
		    nearest != NULL ? nearest : "",
		    nearest != NULL ? "?)" : "");
		return NULL;
	}
	if (v->depth >= DEPTH_MAX || v->steps >= STEPS_MAX) {
		buf_addf(&v->trouble,
		    "$%s: the value stands, through others, for itself", text);
		return NULL;
	}
	v->steps++;
	v->depth++;
	bool ok = param_view_expand(v, param_view_raw(v, row), &out);
	v->depth--;
	return ok ? arena_memdup(v->arena, buf_str(&out), out.len) : NULL;
}

bool
param_view_expand(struct param_view *v, const char *raw, struct buf *out)
{
	const char *why;

	if (v->depth == 0) {
		buf_reset(&v->trouble);
		v->steps = 0;
	}
	if (param_expand_with(raw, value_of, v, out, &why))
		return true;
	if (v->trouble.len == 0)
		buf_adds(&v->trouble, why);
	return false;
}

bool
param_view_value(struct param_view *v, const struct param_row *row,
    struct buf *out)
{
	const char *raw = param_view_raw(v, row);

	if (row->kind != PARAM_KIND_RAW)
		return param_view_expand(v, raw, out);
	buf_adds(out, raw);
	return true;
}

/* The row that rules a name: its own, or that of a TRANSPORT_suffix. */
static const struct param_row *
rule_of(const char *name)
{
	const struct param_row *row = param_find(name);

	return row != NULL ? row : param_find_transport(name);
}

static bool
check_value(struct param_view *v, const struct setting *s,
    const struct param_row *row, struct buf *why)
{
	CLEAN_BUF struct buf value = { 0 };
	int64_t number;

	if (str_eq(row->name, "config_directory")) {
		buf_adds(why,
		    "cannot be set: use -c DIR or the environment's "
		    "POSTHOUSE_CONF");
		return false;
	}
	if (row->kind == PARAM_KIND_RAW)
		return true;
	if (!param_view_expand(v, s->value, &value)) {
		buf_adds(why, buf_str(&v->trouble));
		return false;
	}
	return param_check(row, buf_str(&value), &number, why);
}

bool
param_check_setting(struct param_view *v, const struct setting *s,
    struct buf *errors)
{
	CLEAN_BUF struct buf why = { 0 };
	const struct param_row *row = rule_of(s->name);

	if (row == NULL) {
		const char *nearest = param_nearest(s->name);
		buf_adds(&why, "there is no such parameter: ");
		if (nearest != NULL)
			buf_addf(&why, "did you mean %s?", nearest);
		else
			buf_adds(&why, "remove it, or see main.conf(5)");
	} else if (check_value(v, s, row, &why))
		return true;
	buf_addf(errors, "%s:%zu: %s: %s\n", s->file, s->line, s->name,
	    buf_str(&why));
	return false;
}

static bool
check_section(struct param_view *v, struct buf *errors)
{
	bool ok = true;

	if (settings_find(&v->own, v->section, "") == NULL) {
		buf_addf(errors,
		    "master.conf: [%s]: there is no such section\n",
		    v->section);
		return false;
	}
	for (size_t i = 0; i < v->own.n; i++) {
		const struct setting *s = &v->own.at[i];
		if (str_eq(s->section, v->section) && s->name[0] != '\0' &&
		    !service_is_key(s->name))
			ok &= param_check_setting(v, s, errors);
	}
	return ok;
}

bool
param_view_open(struct param_view *v, struct arena *a, const char *conf_dir,
    const char *section, struct buf *errors)
{
	*v = (struct param_view){ .arena = a, .conf_dir = conf_dir };

	bool ok = settings_read(a, conf_dir, "main.conf", false, &v->main,
	    errors);
	for (size_t i = 0; i < v->main.n; i++)
		ok &= param_check_setting(v, &v->main.at[i], errors);
	if (section == NULL)
		return ok;

	ok &= settings_read(a, conf_dir, "master.conf", true, &v->own, errors);
	v->section = section;
	return check_section(v, errors) && ok;
}

void
param_view_close(struct param_view *v)
{
	buf_free(&v->trouble);
}
