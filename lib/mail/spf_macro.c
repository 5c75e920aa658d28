/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf_macro.h"

#include <string.h>

#include "buf.h"

#define LETTERS         "slodiphv"
#define LETTERS_EXPLAIN "slodiphvcrt"
#define DELIMITERS      ".-+,/_="

/* One macro-expand, read. */
struct macro {
	char letter; /* lower case; '%', ' ' and '-' for the short ones */
	bool escape; /* the letter was a capital: URL-encoded */
	bool reverse;
	size_t keep;         /* parts, 0: all */
	struct slice parted; /* delimiters; none: "." */
};

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static const char *
read_transformers(struct slice *rest, struct macro *m)
{
	bool digits = false;

	for (; rest->len > 0 && char_is_digit(*rest->at);
	     rest->at++, rest->len--) {
		/* More parts than this no value has. */
		if (m->keep < 1000)
			m->keep = m->keep * 10 + (size_t)(*rest->at - '0');
		digits = true;
	}
	if (digits && m->keep == 0)
		return "a macro keeps no parts";
	if (rest->len > 0 && char_lower(*rest->at) == 'r') {
		m->reverse = true;
		rest->at++;
		rest->len--;
	}
	m->parted.at = rest->at;
	while (rest->len > 0 && is_one_of(*rest->at, DELIMITERS)) {
		rest->at++;
		rest->len--;
		m->parted.len++;
	}
	return NULL;
}

/* Reads a macro whose "%" is at the start of rest, and takes it off; NULL, or
 * what is wrong. */
static const char *
read_macro(struct slice *rest, enum spf_text kind, struct macro *m)
{
	const char *letters = kind == SPF_EXPLANATION ? LETTERS_EXPLAIN
						      : LETTERS;

	*m = (struct macro){ 0 };
	if (rest->len >= 2 && is_one_of(rest->at[1], "%_-")) {
		m->letter = rest->at[1] == '_' ? ' ' : rest->at[1];
		*rest = (struct slice){ rest->at + 2, rest->len - 2 };
		return NULL;
	}
	if (rest->len < 3 || rest->at[1] != '{')
		return "a percent sign that begins no macro";
	m->letter = char_lower(rest->at[2]);
	m->escape = m->letter != rest->at[2];
	if (!is_one_of(m->letter, letters))
		return "a macro of an unknown letter";
	*rest = (struct slice){ rest->at + 3, rest->len - 3 };

	const char *why = read_transformers(rest, m);
	if (why != NULL)
		return why;
	if (rest->len == 0 || *rest->at != '}')
		return "a macro that does not end well";
	*rest = (struct slice){ rest->at + 1, rest->len - 1 };
	return NULL;
}

/* toplabel = ( *alphanum ALPHA *alphanum ) /
 *            ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool
is_toplabel(struct slice label)
{
	bool more_than_digits = false;

	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-')
			return false;
		more_than_digits = more_than_digits || !char_is_digit(c);
	}
	return more_than_digits && label.at[0] != '-' &&
	    label.at[label.len - 1] != '-';
}

/* The literal text behind the last macro ends as a domain must. */
static bool
is_domain_end(struct slice literal)
{
	size_t len = literal.len;

	if (len > 0 && literal.at[len - 1] == '.')
		len--;
	size_t dot = len;
	while (dot > 0 && literal.at[dot - 1] != '.')
		dot--;
	return dot > 0 &&
	    is_toplabel((struct slice){ literal.at + dot, len - dot });
}

bool
spf_macro_valid(struct slice text, enum spf_text kind, const char **why)
{
	struct slice literal = { text.at, 0 }; /* behind the last macro */
	bool macro_last = false;
	struct macro m;

	*why = NULL;
	while (text.len > 0 && *why == NULL) {
		char c = *text.at;

		macro_last = c == '%';
		if (macro_last) {
			*why = read_macro(&text, kind, &m);
			literal = (struct slice){ text.at, 0 };
			continue;
		}
		if ((c < 0x21 || c > 0x7e) &&
		    (c != ' ' || kind != SPF_EXPLANATION))
			*why = "a character that must not be there";
		text.at++;
		text.len--;
		literal.len++;
	}
	if (*why != NULL)
		return false;
	if (kind == SPF_DOMAIN_SPEC && !macro_last && !is_domain_end(literal))
		*why = "no domain name";
	return *why == NULL;
}

bool
spf_macro_uses(struct slice text, char letter)
{
	for (size_t i = 0; i + 2 < text.len; i++) {
		if (text.at[i] != '%')
			continue;
		if (text.at[i + 1] == '{' &&
		    char_lower(text.at[i + 2]) == letter)
			return true;
		i++; /* "%%" begins no other macro */
	}
	return false;
}

/* ---- expansion ---- */

static void
add_escaped(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (char_is_alpha(c) || char_is_digit(c) ||
		    is_one_of(c, "-._~"))
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned int)(uint8_t)c);
	}
}

static void
add_part(struct buf *out, struct slice part, bool escape)
{
	if (escape)
		add_escaped(out, part);
	else
		buf_add(out, part.at, part.len);
}

static bool
parts_here(const struct macro *m, char c)
{
	return m->parted.len > 0
	    ? memchr(m->parted.at, c, m->parted.len) != NULL
	    : c == '.';
}

static size_t
count_parts(const struct macro *m, const char *value)
{
	size_t n = 1;

	for (; *value != '\0'; value++)
		n += parts_here(m, *value);
	return n;
}

/* The next part, or the last one where they go backwards. */
static struct slice
take_part(const struct macro *m, struct slice *rest)
{
	size_t n = 0;
	struct slice part;

	if (!m->reverse) {
		while (n < rest->len && !parts_here(m, rest->at[n]))
			n++;
		part = (struct slice){ rest->at, n };
		n = MIN(n + 1, rest->len);
		*rest = (struct slice){ rest->at + n, rest->len - n };
		return part;
	}
	while (n < rest->len && !parts_here(m, rest->at[rest->len - n - 1]))
		n++;
	part = (struct slice){ rest->at + rest->len - n, n };
	rest->len -= MIN(n + 1, rest->len);
	return part;
}

static void
add_value(struct buf *out, const struct macro *m, const char *value)
{
	struct slice rest = slice_of(value);
	size_t n = count_parts(m, value);
	size_t skip = m->keep > 0 && m->keep < n ? n - m->keep : 0;

	for (size_t i = 0; i < n; i++) {
		struct slice part = take_part(m, &rest);

		if (i > skip)
			buf_addc(out, '.');
		if (i >= skip)
			add_part(out, part, m->escape);
	}
}

static void
expand_macro(struct buf *out, struct slice *text, enum spf_text kind,
    const struct spf_letters *letters)
{
	struct macro m;

	if (read_macro(text, kind, &m) != NULL) {
		*text = (struct slice){ 0 }; /* not checked before */
		return;
	}
	if (m.letter == '%' || m.letter == ' ') {
		buf_addc(out, m.letter);
	} else if (m.letter == '-') {
		buf_adds(out, "%20");
	} else {
		const char *value = letters->value[m.letter - 'a'];

		add_value(out, &m, value != NULL ? value : "");
	}
}

void
spf_macro_expand(struct buf *out, struct slice text, enum spf_text kind,
    const struct spf_letters *letters)
{
	while (text.len > 0) {
		if (*text.at == '%') {
			expand_macro(out, &text, kind, letters);
		} else {
			buf_addc(out, *text.at++);
			text.len--;
		}
		if (kind == SPF_EXPLANATION && out->len > SPF_EXPANSION_MAX) {
			buf_cut(out, SPF_EXPANSION_MAX);
			return;
		}
		/* Not at each step, which would be slow. */
		if (out->len > 2 * SPF_EXPANSION_MAX)
			buf_drop(out, out->len - SPF_EXPANSION_MAX);
	}
}
