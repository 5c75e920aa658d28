/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_vars.h"

#include <string.h>

#include "str.h"

static bool
is_name(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '_';
}

static const char *
find(const struct local_var *vars, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(name, vars[i].name))
			return vars[i].value;
	return NULL;
}

/* Behind "$": appends the value, gives where the text goes on, or NULL. */
static const char *
expand_one(struct buf *out, const char *at, const struct local_var *vars,
    size_t n)
{
	bool braced = *at == '{';
	struct slice name = { at + braced, 0 };

	while (is_name(name.at[name.len]))
		name.len++;
	const char *value = find(vars, n, name);
	const char *end = name.at + name.len;
	if (value == NULL)
		return NULL;
	if (!braced || *end == '}') {
		buf_adds(out, value);
		return end + braced;
	}

	const char *close = strchr(end, '}');
	if (close == NULL || (*end != '?' && *end != ':'))
		return NULL;
	if ((*end == '?') == (value[0] != '\0'))
		buf_add(out, end + 1, (size_t)(close - end) - 1);
	return close + 1;
}

const char *
local_vars_safe(struct arena *a, const char *text)
{
	char *safe = arena_strdup(a, text);

	for (char *p = safe; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p <= ' ')
			*p = '_';
	return safe;
}

bool
local_vars_expand(struct buf *out, const char *text,
    const struct local_var *vars, size_t n)
{
	size_t before = out->len;

	while (*text != '\0') {
		if (*text != '$') {
			buf_addc(out, *text++);
			continue;
		}
		text = expand_one(out, text + 1, vars, n);
		if (text == NULL) {
			buf_cut(out, before);
			return false;
		}
	}
	return true;
}
