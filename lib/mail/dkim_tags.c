/*
 *	tag-list  = tag-spec *( ";" tag-spec ) [ ";" ]
 *	tag-spec  = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
 *	tag-name  = ALPHA *ALNUMPUNC
 *	tag-value = [ tval *( 1*(WSP / FWS) tval ) ]
 *
 * RFC 6376 3.2; bytes above 127 may stand in a value (RFC 8616 5).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "dkim.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_name(struct slice s)
{
	if (s.len == 0 || !char_is_alpha(s.at[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!char_is_alpha(s.at[i]) && !char_is_digit(s.at[i]) &&
		    s.at[i] != '_')
			return false;
	return true;
}

static bool
is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (!is_blank(s.at[i]) && (c < 0x21 || c == 0x7f))
			return false;
	}
	return true;
}

static const struct dkim_tag *
find(const struct dkim_tags *tags, struct slice name)
{
	for (size_t i = 0; i < tags->n; i++)
		if (tags->at[i].name.len == name.len &&
		    memcmp(tags->at[i].name.at, name.at, name.len) == 0)
			return &tags->at[i];
	return NULL;
}

static const char *
add_tag(struct dkim_tags *tags, struct slice spec)
{
	const char *equals = memchr(spec.at, '=', spec.len);

	if (equals == NULL)
		return "a tag without a value";
	size_t before = (size_t)(equals - spec.at);
	struct dkim_tag tag = {
		.name = trim((struct slice){ spec.at, before }),
		.raw = { equals + 1, spec.len - before - 1 },
	};
	tag.value = trim(tag.raw);
	if (!is_name(tag.name))
		return "a tag's name is none";
	if (!is_value(tag.value))
		return "a control character in a tag's value";
	if (find(tags, tag.name) != NULL)
		return "a tag stands there twice";
	if (tags->n == DKIM_TAGS_MAX)
		return "too many tags";
	tags->at[tags->n++] = tag;
	return NULL;
}

bool
dkim_tags_parse(struct slice text, struct dkim_tags *out, const char **why)
{
	struct dkim_tags tags;
	struct slice rest = text, spec;
	const char *wrong = NULL;

	tags.n = 0;
	while (wrong == NULL && slice_next_part(&rest, ';', &spec)) {
		/* Only behind the last semicolon there may be nothing. */
		if (trim(spec).len == 0 && tags.n > 0 &&
		    spec.at + spec.len == text.at + text.len)
			break;
		wrong = add_tag(&tags, spec);
	}
	if (wrong == NULL && tags.n == 0)
		wrong = "no tags";
	if (wrong != NULL) {
		*why = wrong;
		return false;
	}
	memcpy(out->at, tags.at, tags.n * sizeof(tags.at[0]));
	out->n = tags.n;
	return true;
}

const struct dkim_tag *
dkim_tag(const struct dkim_tags *tags, const char *name)
{
	return find(tags, slice_of(name));
}

void
dkim_squeeze(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_blank(value.at[i]))
			buf_addc(out, value.at[i]);
}

bool
dkim_next_word(struct slice *rest, struct slice *word)
{
	if (!slice_next_part(rest, ':', word))
		return false;
	*word = trim(*word);
	return true;
}

/* ---- base64 (RFC 4648 4) ---- */

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (char_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
dkim_base64_get(struct buf *out, struct slice text)
{
	size_t before = out->len, letters = 0, pads = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool pad = text.at[i] == '=';
		int value = pad ? 0 : sextet(text.at[i]);

		if (is_blank(text.at[i]))
			continue;
		if (pad)
			pads++;
		if (value < 0 || pads > 2 || (pads > 0 && !pad)) {
			buf_cut(out, before);
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		if (++letters % 4 != 0)
			continue;
		/* The bits that stand for nothing are zeros. */
		if ((bits & (((uint32_t)1 << (8 * pads)) - 1)) != 0) {
			buf_cut(out, before);
			return false;
		}
		for (size_t n = 0; n < 3 - pads; n++)
			buf_addc(out, (char)(bits >> (16 - 8 * n) & 0xff));
	}
	if (letters % 4 == 0)
		return true;
	buf_cut(out, before);
	return false;
}

void
dkim_base64_put(struct buf *out, const void *bytes, size_t n)
{
	unsigned char *to = (unsigned char *)buf_room(out, (n + 2) / 3 * 4 + 1);

	buf_grown(out, (size_t)EVP_EncodeBlock(to, bytes, (int)n));
}
