/*
 * RFC 8461 3.1 (the record) and 3.2 (the policy).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_policy.h"

#include <string.h>

#include "buf.h"
#include "dns_answer.h"
#include "num.h"

#define MAGIC        "v=STSv1"
#define EXT_NAME_MAX ((size_t)32)

static const char *const modes[] = {
	[STS_NONE] = "none",
	[STS_TESTING] = "testing",
	[STS_ENFORCE] = "enforce",
};

const char *
sts_mode_name(enum sts_mode mode)
{
	return modes[mode];
}

/* ---- words ---- */

static bool
is_alnum(char c)
{
	return char_is_alpha(c) || char_is_digit(c);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice
trim_blanks(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s = (struct slice){ s.at + 1, s.len - 1 };
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
static bool
is_name(struct slice s)
{
	if (s.len == 0 || s.len > EXT_NAME_MAX || !is_alnum(s.at[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!is_alnum(s.at[i]) && s.at[i] != '_' && s.at[i] != '-' &&
		    s.at[i] != '.')
			return false;
	return true;
}

/* ---- the record ---- */

bool
sts_txt_is_ours(struct slice record)
{
	size_t n = sizeof(MAGIC) - 1;

	if (record.len < n || memcmp(record.at, MAGIC, n) != 0)
		return false;
	while (n < record.len && is_blank(record.at[n]))
		n++;
	return n < record.len && record.at[n] == ';';
}

/* 1*32(ALPHA / DIGIT) */
static bool
is_id(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.at[i]))
			return false;
	return s.len > 0 && s.len <= STS_ID_MAX;
}

/* 1*(%x21-3A / %x3C / %x3E-7E) */
static bool
is_ext_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~' || s.at[i] == ';' ||
		    s.at[i] == '=')
			return false;
	return s.len > 0;
}

/* The text in front of a separator and behind it, or false without one. */
static bool
split(struct slice text, char separator, struct slice *name,
    struct slice *value)
{
	const char *at = text.len > 0 ? memchr(text.at, separator, text.len)
				      : NULL;

	if (at == NULL)
		return false;
	*name = (struct slice){ text.at, (size_t)(at - text.at) };
	*value = (struct slice){ at + 1, text.len - name->len - 1 };
	return is_name(*name);
}

/* Delimiters are *WSP ";" *WSP, and one may stand at the end. */
enum match
sts_field_next(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice field;

	if (!slice_next_part(rest, ';', &field))
		return MATCH_NO;
	field = trim_blanks(field);
	if (field.len == 0 && rest->len == 0)
		return MATCH_NO;
	return split(field, '=', name, value) ? MATCH_YES : MATCH_BAD;
}

bool
sts_extension_is_valid(struct slice value)
{
	return is_ext_value(value);
}

static bool
read_id(struct slice record, struct slice *id, const char **why)
{
	struct slice rest = record, name, value;
	enum match m = sts_field_next(&rest, &name, &value); /* version */

	while ((m = sts_field_next(&rest, &name, &value)) == MATCH_YES) {
		bool is_the_id = slice_eq(name, "id");

		*why = "the record's id is malformed or stands twice";
		if (is_the_id && (!is_id(value) || id->len > 0))
			return false;
		*why = "an extension of the record is malformed";
		if (!is_the_id && !is_ext_value(value))
			return false;
		if (is_the_id)
			*id = value;
	}
	*why = m == MATCH_BAD ? "a field of the record is malformed"
			      : "the record has no id";
	return m == MATCH_NO && id->len > 0;
}

bool
sts_txt_parse(struct slice record, char id[STS_ID_MAX + 1], const char **why)
{
	struct slice found = { 0 };

	*why = "the record does not begin with " MAGIC ";";
	if (!sts_txt_is_ours(record) || !read_id(record, &found, why))
		return false;
	memcpy(id, found.at, found.len);
	id[found.len] = '\0';
	return true;
}

/* ---- the policy ---- */

struct reading {
	struct arena *arena;
	struct buf mx;
	size_t n_mx;
	bool version, mode, max_age; /* the first of each counts */
	struct sts_policy policy;
};

static bool
read_version(struct reading *r, struct slice value, const char **why)
{
	*why = "its version is not STSv1";
	if (!r->version && !slice_eq(value, "STSv1"))
		return false;
	r->version = true;
	return true;
}

static bool
read_mode(struct reading *r, struct slice value, const char **why)
{
	if (r->mode)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (slice_eq(value, modes[i])) {
			r->policy.mode = (enum sts_mode)i;
			r->mode = true;
			return true;
		}
	*why = "its mode is not enforce, testing or none";
	return false;
}

static bool
read_max_age(struct reading *r, struct slice value, const char **why)
{
	int64_t seconds;

	if (r->max_age)
		return true;
	*why = "its max_age is no number of at most ten digits";
	if (value.len > 10 ||
	    !num_parse_len(value.at, value.len, 0, INT64_MAX, &seconds))
		return false;
	r->policy.max_age = MIN(seconds, STS_MAX_AGE_TOP);
	r->max_age = true;
	return true;
}

/* ["*."] Domain */
static bool
read_mx(struct reading *r, struct slice value, const char **why)
{
	char *pattern = arena_memdup(r->arena, value.at, value.len);
	const char *name = str_starts(pattern, "*.") ? pattern + 2 : pattern;

	str_lower(pattern);
	*why = "an mx is no name of a host";
	if (strlen(pattern) != value.len || !dns_name_valid(name))
		return false;
	*why = "it has too many mx";
	if (++r->n_mx > STS_MX_MAX)
		return false;
	buf_addf(&r->mx, "%s%s", r->mx.len > 0 ? " " : "", pattern);
	return true;
}

/* No control characters, and UTF-8. */
static bool
is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == '\x7f')
			return false;
	return s.len > 0 && str_is_utf8(s.at, s.len);
}

static bool
read_field(struct reading *r, struct slice line, const char **why)
{
	static const struct {
		const char *name;
		bool (*read)(struct reading *r, struct slice value,
		    const char **why);
	} fields[] = {
		{ "version", read_version },
		{ "mode", read_mode },
		{ "max_age", read_max_age },
		{ "mx", read_mx },
	};
	struct slice value, name;

	*why = "a line is no field";
	if (!split(line, ':', &name, &value))
		return false;
	value = trim_blanks(value);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq(name, fields[i].name))
			return fields[i].read(r, value, why);
	*why = "a field has no text as its value";
	return is_text(value);
}

static bool
read_lines(struct reading *r, struct slice text, const char **why)
{
	struct slice line;

	while (slice_next_part(&text, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = trim_blanks(line);
		if (line.len > 0 && !read_field(r, line, why))
			return false;
	}
	*why = "it has no version";
	if (!r->version)
		return false;
	*why = "it has no mode";
	if (!r->mode)
		return false;
	*why = "it has no max_age";
	if (!r->max_age)
		return false;
	*why = "it has no mx";
	return r->n_mx > 0 || r->policy.mode == STS_NONE;
}

bool
sts_policy_parse(struct arena *a, struct slice text, struct sts_policy *out,
    const char **why)
{
	struct reading r = { .arena = a };
	bool ok = read_lines(&r, text, why);

	if (ok) {
		*out = r.policy;
		out->mx = arena_strdup(a, buf_str(&r.mx));
		out->n_mx = r.n_mx;
	}
	buf_free(&r.mx);
	return ok;
}

/* ---- hosts ---- */

static bool
matches(struct slice pattern, const char *host)
{
	const char *dot = strchr(host, '.');

	if (pattern.len < 2 || memcmp(pattern.at, "*.", 2) != 0)
		return slice_eq_nocase(pattern, host);
	return dot != NULL && dot > host &&
	    slice_eq_nocase((struct slice){ pattern.at + 1, pattern.len - 1 },
		dot);
}

bool
sts_mx_matches(const char *patterns, const char *host)
{
	struct slice rest = slice_of(patterns), pattern;

	while (slice_next_part(&rest, ' ', &pattern))
		if (matches(pattern, host))
			return true;
	return false;
}
