/*
 * Address lists of RFC 5322 3.4, the obsolete forms of section 4.4 included:
 *
 *	address-list = address *( "," address )
 *	address      = mailbox / group
 *	mailbox      = [ phrase ] "<" [ route ":" ] addr-spec ">" / addr-spec
 *	group        = phrase ":" [ mailbox *( "," mailbox ) ] ";"
 *	addr-spec    = word *( "." word ) [ "@" domain ]
 *
 * The value becomes tokens, with comments and folding left out between them.
 * An item is what lies between two commas; a colon or semicolon outside angle
 * brackets ends or begins an item as well, which is all that a group is.
 * What stands in front of "<" is a phrase, whatever it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"
#include "buf.h"

enum token_kind {
	TOKEN_END,
	TOKEN_ATOM,
	TOKEN_QUOTED,
	TOKEN_LITERAL,
	TOKEN_SPECIAL, /* the character itself is `at` */
	TOKEN_BAD,     /* a comment, string or literal without an end */
};

struct token {
	enum token_kind kind;
	const char *at; /* with quotes or brackets */
	size_t len;
};

struct reader {
	const char *at;
	const char *end;
};

static bool
is_atom_char(char c)
{
	return !char_is_space(c) && c != '\0' &&
	    strchr("()<>[]:;@\\,.\"", c) == NULL;
}

/* Past the text that begins here and ends with `close`; false where it does
 * not end.  Comments alone nest. */
static bool
skip_enclosed(struct reader *r, char close)
{
	size_t depth = 1;
	bool escaped = false;

	for (r->at++; r->at < r->end && depth > 0; r->at++) {
		char c = *r->at;

		if (escaped || c == '\\')
			escaped = !escaped;
		else if (c == close)
			depth--;
		else if (close == ')' && c == '(')
			depth++;
	}
	return depth == 0;
}

/* Blanks, folding and comments; false where a comment has no end. */
static bool
skip_blanks(struct reader *r)
{
	while (r->at < r->end) {
		if (char_is_space(*r->at))
			r->at++;
		else if (*r->at != '(')
			break;
		else if (!skip_enclosed(r, ')'))
			return false;
	}
	return true;
}

static struct token
next_token(struct reader *r)
{
	if (!skip_blanks(r))
		return (struct token){ TOKEN_BAD, r->end, 0 };

	struct token t = { TOKEN_END, r->at, 0 };

	if (r->at == r->end)
		return t;
	if (*r->at == '"')
		t.kind = skip_enclosed(r, '"') ? TOKEN_QUOTED : TOKEN_BAD;
	else if (*r->at == '[')
		t.kind = skip_enclosed(r, ']') ? TOKEN_LITERAL : TOKEN_BAD;
	else if (is_atom_char(*r->at)) {
		t.kind = TOKEN_ATOM;
		while (r->at < r->end && is_atom_char(*r->at))
			r->at++;
	} else {
		t.kind = TOKEN_SPECIAL;
		r->at++;
	}
	t.len = (size_t)(r->at - t.at);
	return t;
}

static bool
is_special(const struct token *t, char c)
{
	return t->kind == TOKEN_SPECIAL && *t->at == c;
}

static bool
is_word(const struct token *t)
{
	return t->kind == TOKEN_ATOM || t->kind == TOKEN_QUOTED;
}

/* A word's text without its quotes and backslashes; folding inside a quoted
 * string is not part of it (RFC 5322 3.2.4). */
static void
put_word(struct buf *out, const struct token *t)
{
	size_t from = t->kind == TOKEN_QUOTED ? 1 : 0;

	for (size_t i = from; i < t->len - from; i++) {
		if (from == 1 && t->at[i] == '\\' && i + 1 < t->len - from)
			i++;
		else if (t->at[i] == '\r' || t->at[i] == '\n')
			continue;
		buf_addc(out, t->at[i]);
	}
}

/* word *( "." word ), with dots anywhere as Postfix allows; gives the token
 * behind it. */
static struct token
local_part(struct reader *r, struct buf *out, const char **end)
{
	struct token t = next_token(r);
	bool after_word = false;

	for (;; t = next_token(r)) {
		bool word = is_word(&t);

		if (!is_special(&t, '.') && (!word || after_word))
			return t;
		put_word(out, &t);
		after_word = word;
		*end = r->at;
	}
}

/* atom *( "." atom ) / literal, with one dot behind it; gives the token
 * behind it. */
static struct token
domain_part(struct reader *r, struct buf *out, const char **end)
{
	struct token t = next_token(r);
	bool after_atom = false;

	for (;; t = next_token(r)) {
		bool atom = t.kind == TOKEN_ATOM ||
		    (t.kind == TOKEN_LITERAL && out->len == 0);

		if (!is_special(&t, '.') && (!atom || after_atom))
			break;
		buf_add(out, t.at, t.len);
		after_atom = atom;
		*end = r->at;
	}
	if (out->len > 1 && out->text[out->len - 1] == '.')
		buf_cut(out, out->len - 1);
	return t;
}

/* The text of an address, all of it, from `r` to its end. */
static bool
addr_spec(struct arena *a, struct reader r, struct addr *out, const char **end)
{
	CLEAN_BUF struct buf local = { 0 };
	CLEAN_BUF struct buf domain = { 0 };
	const char *why; /* nobody asks what is wrong in a list */
	struct token t = local_part(&r, &local, end);

	if (is_special(&t, '@')) {
		t = domain_part(&r, &domain, end);
		if (domain.len == 0)
			return false;
	}
	return t.kind == TOKEN_END && local.len > 0 &&
	    addr_make(a, (struct slice){ buf_str(&local), local.len },
		(struct slice){ buf_str(&domain), domain.len }, out, &why);
}

/* What an item is made of, found by one walk over its tokens. */
struct item {
	struct reader spec; /* the text of the address */
	bool angle;         /* it stands in angle brackets */
	bool empty;         /* nothing stands here at all */
	bool bad;
};

/* Inside "<...>": a route may hold commas, nothing else may; the cursor
 * stands behind ">" after, or behind the comma that ends a broken item. */
static void
scan_angle(struct reader *r, struct item *item)
{
	bool routed = false, first = true;

	item->spec.at = r->at;
	for (;; first = false) {
		struct token t = next_token(r);

		item->spec.end = t.at;
		if (is_special(&t, '>'))
			return;
		if (first && is_special(&t, '@'))
			routed = true;
		else if (routed && is_special(&t, ':')) {
			item->spec.at = r->at;
			routed = false;
		} else if (t.kind == TOKEN_END || t.kind == TOKEN_BAD ||
		    is_special(&t, '<') || (is_special(&t, ',') && !routed)) {
			item->bad = true;
			return;
		}
	}
}

static bool
ends_item(const struct token *t)
{
	return is_special(t, ',') || is_special(t, ';') || t->kind == TOKEN_END;
}

/* Walks to the end of the item and behind the comma there. */
static struct item
next_item(struct reader *r)
{
	struct item item = { .spec = *r, .empty = true };

	for (;;) {
		struct token t = next_token(r);

		if (ends_item(&t)) {
			if (!item.angle)
				item.spec.end = t.at;
			return item;
		}
		if (is_special(&t, ':') && !item.angle) {
			item = (struct item){ .spec = *r, .empty = true };
			continue;
		}
		item.empty = false;
		if (item.angle || t.kind == TOKEN_BAD)
			item.bad = true;
		if (is_special(&t, '<')) {
			item.angle = true;
			scan_angle(r, &item);
			if (item.bad && r->at > item.spec.at &&
			    r->at[-1] == ',')
				return item;
		}
	}
}

static void
append(struct arena *a, struct addr_list *list, const struct addr *addr,
    size_t begin, size_t end)
{
	if ((list->n & (list->n - 1)) == 0) { /* a power of two: full */
		size_t room = list->n == 0 ? 1 : list->n * 2;
		struct addr *at = arena_new(a, room * sizeof(*at));
		size_t *begins = arena_new(a, room * sizeof(*begins));
		size_t *ends = arena_new(a, room * sizeof(*ends));

		if (list->n > 0) {
			memcpy(at, list->at, list->n * sizeof(*at));
			memcpy(begins, list->begins, list->n * sizeof(*begins));
			memcpy(ends, list->ends, list->n * sizeof(*ends));
		}
		list->at = at;
		list->begins = begins;
		list->ends = ends;
	}
	list->at[list->n] = *addr;
	list->begins[list->n] = begin;
	list->ends[list->n++] = end;
}

/* Where the first word stands. */
static size_t
begin_of(struct reader r, const char *from)
{
	struct token t = next_token(&r);

	return (size_t)(t.at - from);
}

struct addr_list
addr_parse_list(struct arena *a, struct slice value)
{
	struct reader r = { value.at, value.at + value.len };
	struct addr_list list = { 0 };

	while (r.at < r.end) {
		struct item item = next_item(&r);
		struct addr addr;
		const char *end = item.spec.at;

		if (item.empty)
			continue;
		if (!item.bad && addr_spec(a, item.spec, &addr, &end))
			append(a, &list, &addr, begin_of(item.spec, value.at),
			    (size_t)(end - value.at));
		else
			list.bad++;
	}
	return list;
}
