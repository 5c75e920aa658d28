/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "str.h"

#include <string.h>

#include "buf.h"

struct slice
slice_of(const char *s)
{
	return (struct slice){ s, strlen(s) };
}

bool
slice_eq(struct slice a, const char *b)
{
	return a.len == strlen(b) &&
	    (a.len == 0 || memcmp(a.at, b, a.len) == 0);
}

static bool
same_nocase(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (char_lower(a[i]) != char_lower(b[i]))
			return false;
	return true;
}

bool
slice_eq_nocase(struct slice a, const char *b)
{
	return a.len == strlen(b) && same_nocase(a.at, b, a.len);
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && char_is_space(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && char_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_separator(char c)
{
	return c == ',' || char_is_space(c);
}

/* The length of the item at s: separators inside braces or quotes belong to it;
 * an open one goes to the end. */
static size_t
item_len(struct slice s)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '{')
			depth++;
		else if (c == '}' && depth > 0)
			depth--;
		else if (depth == 0 && is_separator(c))
			return i;
	}
	return s.len;
}

bool
slice_next_item(struct slice *rest, struct slice *item)
{
	while (rest->len > 0 && is_separator(rest->at[0])) {
		rest->at++;
		rest->len--;
	}
	if (rest->len == 0)
		return false;
	*item = (struct slice){ rest->at, item_len(*rest) };
	rest->at += item->len;
	rest->len -= item->len;
	return true;
}

bool
slice_next_part(struct slice *rest, char separator, struct slice *part)
{
	if (rest->len == 0)
		return false;

	const char *end = memchr(rest->at, separator, rest->len);
	*part = *rest;
	if (end == NULL) {
		*rest = (struct slice){ rest->at + rest->len, 0 };
		return true;
	}
	part->len = (size_t)(end - rest->at);
	rest->at += part->len + 1;
	rest->len -= part->len + 1;
	return true;
}

bool
str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool
str_eq_nocase(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && same_nocase(a, b, n);
}

bool
str_starts(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

bool
str_starts_nocase(const char *s, const char *start)
{
	size_t n = strlen(start);

	return strlen(s) >= n && same_nocase(s, start, n);
}

bool
str_ends(const char *s, const char *end)
{
	size_t len = strlen(s);
	size_t n = strlen(end);

	return len >= n && memcmp(s + len - n, end, n) == 0;
}

void
str_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = char_lower(*s);
}

char
char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
char_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * RFC 3629 4: which bytes begin a character of more than one byte, how many
 * follow, and between what the first of these must lie.
 */
static const struct {
	uint8_t from, to;
	uint8_t more;
	uint8_t low, high;
} utf8_heads[] = {
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf },
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

/* The length of the well-formed character of more than one byte at s, or 0. */
static size_t
utf8_char(const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;

	for (size_t i = 0; i < ARRAY_LEN(utf8_heads); i++) {
		if (s[0] < utf8_heads[i].from || s[0] > utf8_heads[i].to)
			continue;
		if (len <= utf8_heads[i].more || s[1] < utf8_heads[i].low ||
		    s[1] > utf8_heads[i].high)
			return 0;
		for (size_t n = 2; n <= utf8_heads[i].more; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return utf8_heads[i].more + (size_t)1;
	}
	return 0;
}

/* How many bytes at s may be shown as they are: 0 where the first may not.  The
 * controls U+0080 to U+009F move terminals as those below 32 do. */
static size_t
printable_len(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];

	if (c < 0x80)
		return c >= ' ' && c != 0x7f ? 1 : 0;

	size_t n = utf8_char(s, len);
	return n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0 ? 0 : n;
}

void
str_printable(struct buf *out, const char *text, size_t len, size_t max)
{
	static const char dots[] = "...";
	size_t room = len <= max ? len : max - MIN(max, sizeof(dots) - 1);
	size_t i = 0;

	while (i < room) {
		size_t n = printable_len(text + i, len - i);

		if (n > room - i)
			break;
		if (n == 0)
			buf_addc(out, '?');
		else
			buf_add(out, text + i, n);
		i += MAX(n, (size_t)1);
	}
	if (len > max)
		buf_add(out, dots, MIN(max, sizeof(dots) - 1));
}

bool
str_is_utf8(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		bool plain = text[i] > 0;
		size_t n = plain ? 1 : utf8_char(text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

bool
str_is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > 127)
			return false;
	return true;
}

bool
str_copy(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);

	if (n >= room) {
		if (room > 0)
			to[0] = '\0';
		return false;
	}
	memcpy(to, from, n + 1);
	return true;
}
