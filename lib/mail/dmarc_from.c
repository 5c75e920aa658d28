/*
 * The parser of address lists knows ASCII alone (RFC 5322), so a field with
 * UTF-8 (RFC 6532) is first made into one: a domain becomes its A-labels, and
 * of all else, which has no say here, each such byte becomes a letter.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dmarc_from.h"

#include <string.h>

#include "addr.h"
#include "buf.h"
#include "domain_ascii.h"
#include "header.h"

/* The field is long, and nobody reads it. */
#define FROM_VALUE_MAX ((size_t)65536)

static bool
ends_word(char c)
{
	return char_is_space(c) || strchr("<>()[]:;@\\,\"", c) != NULL;
}

/* The word behind an @: a domain, or what will be seen to be none. */
static void
put_domain(struct arena *a, struct buf *out, struct slice word)
{
	const char *ascii = domain_ascii(a, word);

	if (str_is_ascii(word.at, word.len))
		buf_add(out, word.at, word.len);
	else
		buf_adds(out, ascii != NULL ? ascii : "..");
}

static void
make_ascii(struct arena *a, struct buf *out, struct slice value)
{
	bool behind_at = false;

	for (size_t i = 0; i < value.len;) {
		struct slice word = { value.at + i, 0 };

		while (
		    i + word.len < value.len && !ends_word(word.at[word.len]))
			word.len++;
		if (word.len == 0) {
			char c = value.at[i++];

			buf_addc(out, c);
			behind_at = c == '@' || (behind_at && char_is_space(c));
			continue;
		}
		if (behind_at)
			put_domain(a, out, word);
		for (size_t j = 0; j < word.len && !behind_at; j++)
			buf_addc(out, word.at[j] < 0 ? 'x' : word.at[j]);
		behind_at = false;
		i += word.len;
	}
}

/* False where there are too many. */
static bool
add_domain(struct dmarc_from *from, const char *domain)
{
	for (size_t i = 0; i < from->n; i++)
		if (str_eq(from->domains[i], domain))
			return true;
	if (from->n == DMARC_FROM_MAX)
		return false;
	from->domains[from->n++] = domain;
	return true;
}

static struct addr_list
read_authors(struct arena *a, struct slice value)
{
	CLEAN_BUF struct buf text = { 0 };

	make_ascii(a, &text, value);
	return addr_parse_list(a, (struct slice){ buf_str(&text), text.len });
}

bool
dmarc_from_value(struct arena *a, struct slice value, struct dmarc_from *out,
    const char **why)
{
	struct dmarc_from from = { 0 };

	*why = "From is too long";
	if (value.len > FROM_VALUE_MAX)
		return false;
	*why = "From is empty";
	if (slice_trim(value).len == 0)
		return false;
	struct addr_list list = read_authors(a, value);
	*why = "From cannot be read";
	if (list.bad > 0)
		return false;
	*why = "From has too many domains";
	for (size_t i = 0; i < list.n; i++) {
		const char *domain = domain_ascii(a,
		    slice_of(list.at[i].domain));

		if (domain != NULL && !add_domain(&from, domain))
			return false;
	}
	*out = from;
	return true;
}

bool
dmarc_from_read(struct arena *a, struct slice header, struct dmarc_from *out,
    const char **why)
{
	struct header_field f;
	struct slice value = { 0 };
	size_t n = 0;

	while (header_next(&header, &f))
		if (header_is(&f, "From")) {
			value = f.value;
			n++;
		}
	*why = n == 0 ? "no From" : "more than one From";
	return n == 1 && dmarc_from_value(a, value, out, why);
}

const char *
dmarc_from_first(struct arena *a, struct slice value)
{
	struct addr_list list = read_authors(a, value);

	return list.n > 0 ? domain_ascii(a, slice_of(list.at[0].domain)) : NULL;
}
