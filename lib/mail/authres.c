/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "authres.h"

#include <string.h>

#include "domain_ascii.h"

/* A comment at the cursor, with those inside it; false where it has no end. */
static bool
pass_comment(struct slice *rest)
{
	size_t depth = 0;

	while (rest->len > 0) {
		char c = *rest->at;

		if (c == '\\' && rest->len > 1) {
			rest->at++;
			rest->len--;
		}
		rest->at++;
		rest->len--;
		if (c == '(')
			depth++;
		if (c == ')' && --depth == 0)
			return true;
	}
	return false;
}

/* CFWS; false where a comment has no end. */
static bool
pass_blanks(struct slice *rest)
{
	while (rest->len > 0) {
		if (*rest->at == '(') {
			if (!pass_comment(rest))
				return false;
			continue;
		}
		if (!char_is_space(*rest->at))
			return true;
		rest->at++;
		rest->len--;
	}
	return true;
}

static bool
read_quoted(struct slice *rest, struct buf *out)
{
	while (rest->at++, --rest->len > 0) {
		char c = *rest->at;

		if (c == '"') {
			rest->at++;
			rest->len--;
			return true;
		}
		if (c == '\0') /* somebody reads on, and somebody does not */
			return false;
		if (c == '\r' || c == '\n') /* of a fold */
			continue;
		if (c == '\\' && rest->len > 1) {
			c = *++rest->at;
			rest->len--;
		}
		buf_addc(out, c);
	}
	return false;
}

/* RFC 2045 5.1: what a token may hold. */
static bool
is_token(char c)
{
	return c > ' ' && c != 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

bool
authres_id(struct slice value, struct buf *out)
{
	size_t before = out->len;

	if (!pass_blanks(&value) || value.len == 0)
		return false;
	if (*value.at == '"') {
		if (!read_quoted(&value, out))
			return false;
	} else {
		/* Bytes above 127 stand in a name that is not ASCII. */
		while (value.len > 0 &&
		    (is_token(*value.at) || (uint8_t)*value.at > 127)) {
			buf_addc(out, *value.at++);
			value.len--;
		}
	}
	/* A version, the results, or the end. */
	if (!pass_blanks(&value))
		return false;
	return out->len > before &&
	    (value.len == 0 || *value.at == ';' || char_is_digit(*value.at));
}

bool
authres_claims(struct slice value, const char *id)
{
	CLEAN_BUF struct buf found = { 0 };
	CLEAN_ARENA struct arena a = { 0 };

	if (!authres_id(value, &found))
		return true;
	struct slice name = slice_trim(
	    (struct slice){ buf_str(&found), found.len });
	while (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (slice_eq_nocase(name, id))
		return true;
	/* RFC 8616 6: a name has two forms where it is not ASCII. */
	const char *theirs = domain_ascii(&a, name);
	const char *ours = domain_ascii(&a, slice_of(id));
	return theirs != NULL && ours != NULL && str_eq(theirs, ours);
}

void
authres_put(struct buf *out, const char *method, const char *result,
    const char *property, const char *value)
{
	bool plain = value[0] != '\0';

	for (const char *p = value; *p != '\0'; p++)
		plain = plain && is_token(*p);
	buf_addf(out, "; %s=%s", method, result);
	if (plain)
		buf_addf(out, " %s=%s", property, value);
}

bool
authres_is_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_token(text.at[i]))
			return false;
	return text.len > 0;
}

static void
put_quoted(struct buf *out, struct slice text)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, text.at[i]);
	}
	buf_addc(out, '"');
}

void
authres_property(struct buf *out, const char *property, struct slice value)
{
	buf_addf(out, " %s=", property);
	if (authres_is_token(value))
		buf_add(out, value.at, value.len);
	else
		put_quoted(out, value);
}

void
authres_reason(struct buf *out, const char *why)
{
	buf_adds(out, " reason=");
	put_quoted(out, slice_of(why));
}

/* ---- the results of a field ---- */

bool
authres_enter(struct authres_reader *r)
{
	CLEAN_BUF struct buf quoted = { 0 };
	struct slice *rest = &r->rest;

	while (pass_blanks(rest) && rest->len > 0) {
		char c = *rest->at;

		if (c == '"' && !read_quoted(rest, &quoted))
			return false;
		if (c == '"')
			continue;
		rest->at++;
		rest->len--;
		if (c == ';') {
			r->fresh = true;
			return true;
		}
	}
	return false;
}

/* A word up to one of `ends`, or a quoted string; nothing where neither stands
 * there. */
static bool
read_word(struct slice *rest, const char *ends, struct buf *out)
{
	if (!pass_blanks(rest))
		return false;
	if (rest->len > 0 && *rest->at == '"')
		return read_quoted(rest, out);
	while (rest->len > 0 && !char_is_space(*rest->at) &&
	    strchr(ends, *rest->at) == NULL) {
		buf_addc(out, *rest->at++);
		rest->len--;
	}
	return true;
}

/* One character that must stand there. */
static bool
pass_mark(struct slice *rest, char mark)
{
	if (!pass_blanks(rest) || rest->len == 0 || *rest->at != mark)
		return false;
	rest->at++;
	rest->len--;
	return true;
}

bool
authres_next(struct authres_reader *r, struct arena *a,
    struct authres_word *out)
{
	size_t before;

	do {
		CLEAN_BUF struct buf name = { 0 }, value = { 0 };

		before = r->rest.len;
		if (pass_mark(&r->rest, ';')) {
			r->fresh = true;
			continue;
		}
		out->method = r->fresh;
		r->fresh = false;
		if (!read_word(&r->rest, "()\";=", &name))
			return false;
		if (!pass_mark(&r->rest, '='))
			continue;
		/* Many leave the end of base64 without quotes. */
		if (!read_word(&r->rest, "()\";", &value))
			return false;
		char *lower = arena_strdup(a, buf_str(&name));
		str_lower(lower);
		out->name = lower;
		out->value = arena_strdup(a, buf_str(&value));
		return true;
	} while (r->rest.len < before);
	return false;
}
