/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dmarc_record.h"

#include <string.h>

#include "addr.h"
#include "buf.h"
#include "num.h"

/* Of reports, in seconds. */
#define INTERVAL_DEFAULT 86400

/* ---- tags ---- */

enum tag {
	TAG_P,
	TAG_SP,
	TAG_NP,
	TAG_ADKIM,
	TAG_ASPF,
	TAG_PCT,
	TAG_RI,
	TAG_RUA,
	TAG_RUF,
	TAG_FO,
	TAG_COUNT,
};

static const char *const tag_names[TAG_COUNT] = {
	[TAG_P] = "p",
	[TAG_SP] = "sp",
	[TAG_NP] = "np",
	[TAG_ADKIM] = "adkim",
	[TAG_ASPF] = "aspf",
	[TAG_PCT] = "pct",
	[TAG_RI] = "ri",
	[TAG_RUA] = "rua",
	[TAG_RUF] = "ruf",
	[TAG_FO] = "fo",
};

/* name "=" value, blanks around both; false where there is no "=". */
static bool
split_tag(struct slice part, struct slice *name, struct slice *value)
{
	const char *equals = memchr(part.at, '=', part.len);

	if (equals == NULL)
		return false;
	size_t n = (size_t)(equals - part.at);
	*name = slice_trim((struct slice){ part.at, n });
	*value = slice_trim((struct slice){ equals + 1, part.len - n - 1 });
	return true;
}

bool
dmarc_record_is(struct slice text)
{
	struct slice part, name, value;

	return slice_next_part(&text, ';', &part) &&
	    split_tag(part, &name, &value) && slice_eq_nocase(name, "v") &&
	    slice_eq(value, "DMARC1");
}

/* The values of known tags; empty where they are not there. */
static const char *
read_tags(struct slice rest, struct slice values[TAG_COUNT])
{
	struct slice part, name, value;

	while (slice_next_part(&rest, ';', &part)) {
		if (!split_tag(part, &name, &value))
			continue;
		for (size_t i = 0; i < TAG_COUNT; i++) {
			if (!slice_eq_nocase(name, tag_names[i]))
				continue;
			if (values[i].at != NULL)
				return "a tag is there twice";
			values[i] = value;
		}
	}
	return NULL;
}

/* ---- values ---- */

static const char *const policy_names[] = {
	[DMARC_NONE] = "none",
	[DMARC_QUARANTINE] = "quarantine",
	[DMARC_REJECT] = "reject",
};

const char *
dmarc_policy_name(enum dmarc_policy policy)
{
	return policy_names[policy];
}

static enum match
read_policy(struct slice value, enum dmarc_policy *out)
{
	if (value.at == NULL)
		return MATCH_NO;
	for (size_t i = 0; i < ARRAY_LEN(policy_names); i++)
		if (slice_eq_nocase(value, policy_names[i])) {
			*out = (enum dmarc_policy)i;
			return MATCH_YES;
		}
	return MATCH_BAD;
}

static int64_t
read_number(struct slice value, int64_t max, int64_t otherwise)
{
	int64_t n = otherwise;

	if (value.at == NULL || !num_parse_len(value.at, value.len, 0, max, &n))
		return otherwise;
	return n;
}

/* False where there is no policy that can be read. */
static bool
read_policies(const struct slice values[TAG_COUNT], struct dmarc_record *r)
{
	if (read_policy(values[TAG_P], &r->p) != MATCH_YES)
		return false;
	r->sp = r->p;
	if (read_policy(values[TAG_SP], &r->sp) == MATCH_BAD)
		return false;
	r->np = r->sp;
	/* What RFC 7489 does not know cannot make its record an error. */
	(void)read_policy(values[TAG_NP], &r->np);
	return true;
}

bool
dmarc_record_parse(struct slice text, struct dmarc_record *out,
    const char **why)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct slice values[TAG_COUNT] = { 0 };
	struct dmarc_record r = { 0 };
	struct dmarc_uri uri;

	*why = "no DMARC record";
	if (!dmarc_record_is(text))
		return false;
	*why = read_tags(text, values);
	if (*why != NULL)
		return false;
	r.rua = values[TAG_RUA];
	r.ruf = values[TAG_RUF];
	r.fo = values[TAG_FO];
	r.strict_dkim = slice_eq_nocase(values[TAG_ADKIM], "s");
	r.strict_spf = slice_eq_nocase(values[TAG_ASPF], "s");
	r.pct = (unsigned int)read_number(values[TAG_PCT], 100, 100);
	r.interval = (uint32_t)read_number(values[TAG_RI], UINT32_MAX,
	    INTERVAL_DEFAULT);
	if (!read_policies(values, &r)) {
		struct slice rest = r.rua;

		if (!dmarc_uri_next(&a, &rest, &uri)) {
			*why = "no policy that can be read";
			return false;
		}
		r.p = r.sp = r.np = DMARC_NONE;
	}
	*out = r;
	return true;
}

/* ---- where reports go ---- */

static int
hex_digit(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1; false where a percent sign is followed by something else. */
static bool
unescape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] != '%') {
			buf_addc(out, s.at[i]);
			continue;
		}
		int high = i + 2 < s.len ? hex_digit(s.at[i + 1]) : -1;
		int low = i + 2 < s.len ? hex_digit(s.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		buf_addc(out, (char)(high * 16 + low));
		i += 2;
	}
	return true;
}

/* "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] at the end, taken off. */
static bool
take_limit(struct slice *uri, uint64_t *limit)
{
	static const char units[] = "kmgt";
	const char *mark = memrchr(uri->at, '!', uri->len);
	int64_t n;

	*limit = 0;
	if (mark == NULL)
		return true;
	struct slice number = { mark + 1,
		uri->len - (size_t)(mark - uri->at) - 1 };
	unsigned int shift = 0;
	for (unsigned int i = 0; number.len > 0 && units[i] != '\0'; i++)
		if (char_lower(number.at[number.len - 1]) == units[i])
			shift = 10 * (i + 1);
	if (shift > 0)
		number.len--;
	if (!num_parse_len(number.at, number.len, 1, INT64_MAX >> shift, &n))
		return false;
	*limit = (uint64_t)n << shift;
	uri->len = (size_t)(mark - uri->at);
	return true;
}

static bool
read_uri(struct arena *a, struct slice text, struct dmarc_uri *out)
{
	static const char scheme[] = "mailto:";
	const size_t n = sizeof(scheme) - 1;
	CLEAN_BUF struct buf path = { 0 };
	struct addr addr;
	const char *why; /* nobody asks */

	if (!take_limit(&text, &out->limit) || text.len <= n ||
	    !slice_eq_nocase((struct slice){ text.at, n }, scheme))
		return false;
	struct slice address = { text.at + n, text.len - n };
	const char *query = memchr(address.at, '?', address.len);
	if (query != NULL)
		address.len = (size_t)(query - address.at);
	buf_addc(&path, '<');
	if (!unescape(address, &path))
		return false;
	buf_addc(&path, '>');

	const char *at = buf_str(&path);
	if (strlen(at) != path.len ||
	    !addr_parse_path(a, &at, true, &addr, &why) || *at != '\0' ||
	    addr.domain[0] == '\0')
		return false;
	out->address = addr_internal(a, &addr);
	return true;
}

bool
dmarc_uri_next(struct arena *a, struct slice *rest, struct dmarc_uri *out)
{
	struct slice part;

	while (slice_next_part(rest, ',', &part))
		if (read_uri(a, slice_trim(part), out))
			return true;
	return false;
}

void
dmarc_uri_put(struct buf *out, const struct dmarc_uri *uri)
{
	CLEAN_BUF struct buf address = { 0 };

	addr_put_internal(&address, uri->address);
	for (size_t i = 0; i < address.len; i++) {
		char c = address.text[i];

		if (char_is_alpha(c) || char_is_digit(c) ||
		    strchr("@.-_", c) != NULL)
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned int)(uint8_t)c);
	}
	if (uri->limit > 0)
		buf_addf(out, "!%llu", (unsigned long long)uri->limit);
}
