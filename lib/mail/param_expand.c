/*
 * $name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{a}:{b}},
 * ${{a} == {b} ? {c} : {d}}, and $$ for a dollar (postconf(5)).
 *
 * The text between braces is expanded too, but only the branch that is taken.
 * White space just inside of {a} does not count.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param.h"

#include <string.h>

#include "num.h"

#define NEST_MAX  20                /* braces in braces */
#define VALUE_MAX ((size_t)1 << 20) /* what a value may grow to */

struct expansion {
	param_value_fn *value;
	void *arg;
	const char **why;
	unsigned int nest;
};

static bool expand_text(struct expansion *e, struct slice text,
    struct buf *out);

static bool
fail(struct expansion *e, const char *why)
{
	*e->why = why;
	return false;
}

static struct slice
skip(struct slice s, size_t n)
{
	return (struct slice){ s.at + n, s.len - n };
}

static struct slice
skip_space(struct slice s)
{
	while (s.len > 0 && char_is_space(s.at[0]))
		s = skip(s, 1);
	return s;
}

static size_t
name_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len &&
	    (char_is_alpha(s.at[n]) || char_is_digit(s.at[n]) ||
		s.at[n] == '_'))
		n++;
	return n;
}

/* What stands between the bracket at the cursor and its partner; the cursor
 * moves behind that. */
static bool
take_bracketed(struct slice *rest, struct slice *inside)
{
	char open = rest->at[0];
	char close = open == '(' ? ')' : '}';
	size_t depth = 0;

	for (size_t i = 0; i < rest->len; i++) {
		if (rest->at[i] == open)
			depth++;
		else if (rest->at[i] == close && --depth == 0) {
			*inside = (struct slice){ rest->at + 1, i - 1 };
			*rest = skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

/* The {text} at the cursor, without the white space at its sides. */
static bool
take_braced(struct expansion *e, struct slice *rest, struct slice *inside)
{
	*rest = skip_space(*rest);
	if (rest->len == 0 || rest->at[0] != '{')
		return fail(e, "a {text} is missing in ${...}");
	if (!take_bracketed(rest, inside))
		return fail(e, "a closing brace is missing");
	*inside = slice_trim(*inside);
	return true;
}

/* What follows the condition: ?text, :text, ?{a}, :{b}, ?{a}:{b}. */
static bool
expand_choice(struct expansion *e, bool holds, struct slice rest,
    struct buf *out)
{
	bool wanted = rest.at[0] == '?';
	struct slice part = skip(rest, 1);

	rest = skip_space(part);
	if (rest.len > 0 && rest.at[0] == '{') {
		if (!take_braced(e, &rest, &part))
			return false;
		rest = skip_space(rest);
		if (wanted && rest.len > 0 && rest.at[0] == ':') {
			if (holds)
				return expand_text(e, part, out);
			return expand_choice(e, holds, rest, out);
		}
		if (rest.len > 0)
			return fail(e, "text behind {...} in ${...}");
	}
	return holds != wanted || expand_text(e, part, out);
}

static int
compare(const struct buf *a, const struct buf *b)
{
	int64_t x, y;

	if (num_parse(buf_str(a), INT64_MIN, INT64_MAX, &x) &&
	    num_parse(buf_str(b), INT64_MIN, INT64_MAX, &y))
		return (x > y) - (x < y);
	return strcmp(buf_str(a), buf_str(b));
}

/* The operator at the cursor, applied to the outcome of compare(). */
static enum match
take_operator(struct slice *rest, int order, bool *holds)
{
	const struct {
		const char *sign;
		bool holds;
	} operators[] = {
		{ "==", order == 0 },
		{ "!=", order != 0 },
		{ "<=", order <= 0 },
		{ ">=", order >= 0 },
		{ "<", order < 0 },
		{ ">", order > 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		size_t n = strlen(operators[i].sign);
		if (rest->len < n ||
		    memcmp(rest->at, operators[i].sign, n) != 0)
			continue;
		*rest = skip(*rest, n);
		*holds = operators[i].holds;
		return MATCH_YES;
	}
	return MATCH_NO;
}

/* {a} == {b} ? {c} : {d} */
static bool
expand_comparison(struct expansion *e, struct slice rest, struct buf *out)
{
	CLEAN_BUF struct buf a = { 0 };
	CLEAN_BUF struct buf b = { 0 };
	struct slice left, right;
	bool holds;

	if (!take_braced(e, &rest, &left))
		return false;
	rest = skip_space(rest);
	struct slice sign = rest;
	if (take_operator(&rest, 0, &holds) == MATCH_NO)
		return fail(e, "${{a} ...} needs one of == != < <= > >=");
	if (!take_braced(e, &rest, &right) || !expand_text(e, left, &a) ||
	    !expand_text(e, right, &b))
		return false;
	(void)take_operator(&sign, compare(&a, &b), &holds); /* it is there */

	rest = skip_space(rest);
	if (rest.len == 0 || (rest.at[0] != '?' && rest.at[0] != ':'))
		return fail(e, "${{a} == {b} ...} needs ?{text} or :{text}");
	return expand_choice(e, holds, rest, out);
}

static bool
expand_name(struct expansion *e, struct slice name, struct buf *out)
{
	const char *value = e->value(e->arg, name);

	if (value == NULL)
		return fail(e, "unknown name behind $");
	buf_adds(out, value);
	return true;
}

/* What stands in ${...} or $(...). */
static bool
expand_inside(struct expansion *e, struct slice inside, struct buf *out)
{
	CLEAN_BUF struct buf value = { 0 };

	inside = skip_space(inside);
	if (inside.len > 0 && inside.at[0] == '{')
		return expand_comparison(e, inside, out);

	struct slice name = { inside.at, name_len(inside) };
	struct slice rest = skip_space(skip(inside, name.len));
	if (name.len == 0)
		return fail(e, "a name is missing in ${...}");
	if (rest.len == 0)
		return expand_name(e, name, out);
	if (rest.at[0] != '?' && rest.at[0] != ':')
		return fail(e, "behind the name in ${...} comes ? or :");
	if (!expand_name(e, name, &value))
		return false;
	return expand_choice(e, value.len > 0, rest, out);
}

/* What follows a dollar. */
static bool
expand_dollar(struct expansion *e, struct slice *rest, struct buf *out)
{
	struct slice inside;
	size_t n = name_len(*rest);

	if (n > 0) {
		inside = (struct slice){ rest->at, n };
		*rest = skip(*rest, n);
		return expand_name(e, inside, out);
	}
	if (rest->len > 0 && rest->at[0] == '$') {
		buf_addc(out, '$');
		*rest = skip(*rest, 1);
		return true;
	}
	if (rest->len == 0 || strchr("{(", rest->at[0]) == NULL)
		return fail(e, "a $ without a name: write $$ for a dollar");
	if (!take_bracketed(rest, &inside))
		return fail(e, "a closing brace is missing");
	return expand_inside(e, inside, out);
}

static bool
expand_text(struct expansion *e, struct slice text, struct buf *out)
{
	bool ok = true;

	if (++e->nest > NEST_MAX)
		return fail(e, "braces are nested too deeply");
	while (ok && text.len > 0) {
		const char *dollar = memchr(text.at, '$', text.len);
		size_t n = dollar != NULL ? (size_t)(dollar - text.at)
					  : text.len;
		buf_add(out, text.at, n);
		text = skip(text, n);
		if (text.len == 0)
			break;
		text = skip(text, 1);
		ok = expand_dollar(e, &text, out);
		if (ok && out->len > VALUE_MAX)
			ok = fail(e, "the value grows beyond all bounds");
	}
	e->nest--;
	return ok;
}

bool
param_expand_with(const char *raw, param_value_fn *value, void *arg,
    struct buf *out, const char **why)
{
	struct expansion e = { .value = value, .arg = arg, .why = why };

	return expand_text(&e, slice_of(raw), out);
}
