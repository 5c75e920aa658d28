/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "json.h"

#include <string.h>

#include "buf.h"
#include "str.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The bytes of the character that begins here, or 0 where none does. */
static size_t
char_len(const char *at, size_t left)
{
	for (size_t n = 2; n <= 4 && n <= left; n++)
		if (str_is_utf8(at, n))
			return n;
	return 0;
}

static void
put_ascii(struct buf *out, char c)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = c != '\0' ? strchr(named, c) : NULL;

	if (at != NULL)
		buf_addf(out, "\\%c", letters[at - named]);
	else if ((unsigned char)c < ' ' || c == 0x7f)
		buf_addf(out, "\\u%04x", (unsigned int)(unsigned char)c);
	else
		buf_addc(out, c);
}

void
json_put_text(struct buf *out, const char *text, size_t len)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		if ((unsigned char)text[i] < 0x80) {
			put_ascii(out, text[i++]);
			continue;
		}

		size_t n = char_len(text + i, len - i);
		if (n > 0)
			buf_add(out, text + i, n);
		else
			buf_adds(out, REPLACEMENT);
		i += MAX(n, (size_t)1);
	}
	buf_addc(out, '"');
}

void
json_put_str(struct buf *out, const char *s)
{
	json_put_text(out, s, strlen(s));
}
