/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tlsrpt.h"

#include <string.h>

#include "addr.h"
#include "sts_policy.h"

#define MAGIC "v=TLSRPTv1"

bool
tlsrpt_is_ours(struct slice record)
{
	size_t n = sizeof(MAGIC) - 1;

	if (record.len < n || memcmp(record.at, MAGIC, n) != 0)
		return false;
	while (n < record.len && (record.at[n] == ' ' || record.at[n] == '\t'))
		n++;
	return n < record.len && record.at[n] == ';';
}

static bool
has_scheme(struct slice uri, const char *scheme)
{
	size_t n = strlen(scheme);

	return uri.len > n &&
	    slice_eq_nocase((struct slice){ uri.at, n }, scheme);
}

/* No blanks and no control characters: what is written into the list stays one
 * URI. */
static bool
is_uri(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return s.len > 0;
}

/* tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static bool
read_rua(struct slice value, struct buf *uris)
{
	struct slice uri;
	size_t n = 0;

	if (value.len == 0)
		return false;
	while (slice_next_part(&value, ',', &uri)) {
		uri = slice_trim(uri);
		if (!is_uri(uri))
			return false;
		if (n == TLSRPT_URIS ||
		    !(has_scheme(uri, "mailto:") ||
			has_scheme(uri, "https://")))
			continue;
		if (n++ > 0)
			buf_addc(uris, ' ');
		buf_add(uris, uri.at, uri.len);
	}
	return true;
}

bool
tlsrpt_parse(struct slice record, struct buf *uris, const char **why)
{
	struct slice rest = record, name, value;
	size_t from = uris->len;
	bool any = false;
	enum match m;

	*why = "the record does not begin with " MAGIC ";";
	if (!tlsrpt_is_ours(record))
		return false;
	m = sts_field_next(&rest, &name, &value); /* the version */
	while (m == MATCH_YES &&
	    (m = sts_field_next(&rest, &name, &value)) == MATCH_YES) {
		bool rua = slice_eq(name, "rua");

		if (rua ? any || !read_rua(value, uris)
			: !sts_extension_is_valid(value))
			m = MATCH_BAD;
		any |= rua;
	}
	*why = m == MATCH_BAD ? "the record is malformed"
			      : "the record has no rua";
	if (m == MATCH_NO && any)
		return true;
	buf_cut(uris, from);
	return false;
}

/* ---- mailto ---- */

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, char_lower(c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
unescape(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '%') {
			buf_addc(out, text.at[i]);
			continue;
		}
		int high = i + 2 < text.len ? hex(text.at[i + 1]) : -1;
		int low = i + 2 < text.len ? hex(text.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		buf_addc(out, (char)(high * 16 + low));
		i += 2;
	}
	return true;
}

bool
tlsrpt_mailto(struct slice uri, struct buf *address)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct slice rest, path;
	struct addr parsed;
	const char *why;

	if (!has_scheme(uri, "mailto:"))
		return false;
	rest = (struct slice){ uri.at + 7, uri.len - 7 };
	if (!slice_next_part(&rest, '?', &path) || !unescape(path, &text))
		return false;
	const char *at = text.len > 0 ? memrchr(text.text, '@', text.len)
				      : NULL;
	if (at == NULL)
		return false;
	struct slice local = { text.text, (size_t)(at - text.text) };
	struct slice domain = { at + 1, text.len - local.len - 1 };
	if (domain.len == 0 || !addr_make(&a, local, domain, &parsed, &why))
		return false;
	buf_adds(address, addr_internal(&a, &parsed));
	return true;
}
