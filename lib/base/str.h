/*
 * str - text from outside: slices, cursors, classes, printing.
 *
 * Hostile text is a slice or a cursor into it; it is copied once, when it is
 * accepted.  Nothing here depends on the locale.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct buf;

struct slice {
	const char *at;
	size_t len;
};

/* The slice of a string, and of a literal. */
struct slice slice_of(const char *s);
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

bool slice_eq(struct slice a, const char *b);
bool slice_eq_nocase(struct slice a, const char *b); /* ASCII case */

/* Without blanks, tabs and line ends at both sides. */
struct slice slice_trim(struct slice s);

/* The next of a list separated by commas or white space (Postfix's lists), with
 * {...} and "..." kept whole; false at the end. */
bool slice_next_item(struct slice *rest, struct slice *item);

/* The next part of text up to a separator, which is passed over; false at the
 * end. */
bool slice_next_part(struct slice *rest, char separator, struct slice *part);

bool str_eq(const char *a, const char *b);
bool str_eq_nocase(const char *a, const char *b);
bool str_starts(const char *s, const char *start);
bool str_starts_nocase(const char *s, const char *start);
bool str_ends(const char *s, const char *end);

/* ASCII only, in place. */
void str_lower(char *s);
char char_lower(char c);
bool char_is_digit(char c);
bool char_is_alpha(char c);
bool char_is_space(char c); /* blank, tab, CR, LF, VT, FF */

/* Fits for a log line or a reply: control characters and DEL become '?', and
 * so do bytes above 127 that are not well-formed UTF-8; at most max bytes, with
 * "..." at the end where it was cut.  Appends. */
void str_printable(struct buf *out, const char *text, size_t len, size_t max);

/* True where the bytes are well-formed UTF-8 (RFC 3629) without NUL. */
bool str_is_utf8(const char *text, size_t len);
bool str_is_ascii(const char *text, size_t len);

/* Copies into a field of fixed size that has a proved maximum; false and an
 * empty field where it does not fit. */
MUST_CHECK bool str_copy(char *to, size_t room, const char *from);
