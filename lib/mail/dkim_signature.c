/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_signature.h"

#include <string.h>

#include "domain_ascii.h"
#include "num.h"

#define LABEL_LEN_MAX 63
#define NAME_LEN_MAX  253

static const char *const results[] = {
	[DKIM_NONE] = "none",
	[DKIM_PASS] = "pass",
	[DKIM_FAIL] = "fail",
	[DKIM_POLICY] = "policy",
	[DKIM_NEUTRAL] = "neutral",
	[DKIM_TEMPERROR] = "temperror",
	[DKIM_PERMERROR] = "permerror",
};

static const char *const algorithms[] = {
	[DKIM_UNKNOWN] = "",
	[DKIM_RSA_SHA256] = "rsa-sha256",
	[DKIM_ED25519_SHA256] = "ed25519-sha256",
	[DKIM_RSA_SHA1] = "rsa-sha1",
};

const char *
dkim_result_name(enum dkim_result result)
{
	return results[result];
}

const char *
dkim_algorithm_name(enum dkim_algorithm algorithm)
{
	return algorithms[algorithm];
}

bool
dkim_domain_valid(struct slice name)
{
	struct slice rest = name, label;
	size_t n = 0;

	if (name.len == 0 || name.len > NAME_LEN_MAX ||
	    name.at[name.len - 1] == '.')
		return false;
	while (slice_next_part(&rest, '.', &label)) {
		if (label.len == 0 || label.len > LABEL_LEN_MAX)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!char_is_alpha(label.at[i]) &&
			    !char_is_digit(label.at[i]) && label.at[i] != '-' &&
			    label.at[i] != '_')
				return false;
		n++;
	}
	return n > 0;
}

const char *
dkim_domain(struct arena *a, struct slice name)
{
	bool ascii = str_is_ascii(name.at, name.len);

	return !ascii || dkim_domain_valid(name) ? domain_ascii(a, name) : NULL;
}

/* ---- the tags ---- */

struct reader {
	struct arena *arena;
	struct dkim_signature *out;
	bool arc;
};

/* NULL, or what is wrong. */
typedef const char *tag_fn(struct reader *r, const struct dkim_tag *tag);

static const char *
read_version(struct reader *r, const struct dkim_tag *tag)
{
	return r->arc || slice_eq(tag->value, "1") ? NULL
						   : "an unknown version";
}

static const char *
read_algorithm(struct reader *r, const struct dkim_tag *tag)
{
	for (size_t i = DKIM_RSA_SHA256; i < ARRAY_LEN(algorithms); i++)
		if (slice_eq_nocase(tag->value, algorithms[i]))
			r->out->algorithm = (enum dkim_algorithm)i;
	return r->out->algorithm != DKIM_UNKNOWN ? NULL
						 : "an unknown algorithm";
}

static bool
read_base64(struct reader *r, struct slice text, struct slice *out)
{
	CLEAN_BUF struct buf bytes = { 0 };

	if (!dkim_base64_get(&bytes, text) || bytes.len == 0)
		return false;
	*out = (struct slice){
		arena_memdup(r->arena, buf_str(&bytes), bytes.len), bytes.len
	};
	return true;
}

static const char *
read_b(struct reader *r, const struct dkim_tag *tag)
{
	r->out->b_raw = tag->raw;
	return read_base64(r, tag->value, &r->out->b) ? NULL
						      : "b is not base64";
}

static const char *
read_bh(struct reader *r, const struct dkim_tag *tag)
{
	return read_base64(r, tag->value, &r->out->bh) ? NULL
						       : "bh is not base64";
}

static bool
read_canon(struct slice text, enum dkim_canon *out)
{
	*out = slice_eq_nocase(text, "relaxed") ? DKIM_RELAXED : DKIM_SIMPLE;
	return *out == DKIM_RELAXED || slice_eq_nocase(text, "simple");
}

static const char *
read_canons(struct reader *r, const struct dkim_tag *tag)
{
	struct slice body = tag->value, header = { 0 };
	bool ok = slice_next_part(&body, '/', &header) &&
	    read_canon(header, &r->out->header) &&
	    (header.len == tag->value.len || read_canon(body, &r->out->body));

	return ok ? NULL : "an unknown canonicalization";
}

static bool
read_name(struct reader *r, struct slice text, const char **out)
{
	const char *name = dkim_domain(r->arena, text);

	if (name != NULL)
		*out = name;
	return name != NULL;
}

static const char *
read_domain(struct reader *r, const struct dkim_tag *tag)
{
	return read_name(r, tag->value, &r->out->domain) ? NULL
							 : "d is no domain";
}

static const char *
read_selector(struct reader *r, const struct dkim_tag *tag)
{
	return read_name(r, tag->value, &r->out->selector) ? NULL
							   : "s is no selector";
}

static const char *
read_identity(struct reader *r, const struct dkim_tag *tag)
{
	struct slice value = tag->value;
	const char *at = memrchr(value.at, '@', value.len);

	if (r->arc)
		return NULL;
	if (at == NULL)
		return "i is no identity";
	r->out->local = (struct slice){ value.at, (size_t)(at - value.at) };
	value.at = at + 1;
	value.len -= r->out->local.len + 1;
	return read_name(r, value, &r->out->identity) ? NULL
						      : "i is no identity";
}

/* RFC 6376 5.4: a signature that does not cover From says nothing. */
static const char *
read_names(struct reader *r, const struct dkim_tag *tag)
{
	struct slice rest = tag->value, name;
	bool from = false;
	size_t n = 0;

	r->out->names = tag->value;
	while (dkim_next_word(&rest, &name)) {
		if (name.len == 0 || ++n > DKIM_NAMES_MAX)
			return name.len == 0 ? "an empty name in h"
					     : "too many names in h";
		from |= slice_eq_nocase(name, "From");
	}
	return from ? NULL : "From is not signed";
}

static const char *
read_number(struct slice text, int64_t *out)
{
	/* RFC 6376 3.5 allows more digits than any of us can mean. */
	if (text.len == 0 || text.len > 76)
		return "a number is none";
	for (size_t i = 0; i < text.len; i++)
		if (!char_is_digit(text.at[i]))
			return "a number is none";
	if (!num_parse_len(text.at, text.len, 0, INT64_MAX, out))
		*out = INT64_MAX;
	return NULL;
}

static const char *
read_length(struct reader *r, const struct dkim_tag *tag)
{
	int64_t length = 0;
	const char *wrong = read_number(tag->value, &length);

	r->out->has_length = true;
	r->out->length = (uint64_t)length;
	return wrong;
}

static const char *
read_time(struct reader *r, const struct dkim_tag *tag)
{
	return read_number(tag->value, &r->out->signed_at);
}

static const char *
read_expiry(struct reader *r, const struct dkim_tag *tag)
{
	return read_number(tag->value, &r->out->expires);
}

/* Ways to find the key; there is but one. */
static const char *
read_query(struct reader *r, const struct dkim_tag *tag)
{
	struct slice rest = tag->value, way;

	(void)r;
	while (dkim_next_word(&rest, &way))
		if (slice_eq_nocase(way, "dns/txt") ||
		    slice_eq_nocase(way, "dns"))
			return NULL;
	return "an unknown way to the key";
}

/* In this order, so that what is wrong is said of a domain.  ARC has no v. */
static const struct {
	const char *name;
	tag_fn *read;
	const char *missing; /* NULL: may be left out */
} tags_known[] = {
	{ "d", read_domain, "d is missing" },
	{ "s", read_selector, "s is missing" },
	{ "v", read_version, "v is missing" },
	{ "a", read_algorithm, "a is missing" },
	{ "b", read_b, "b is missing" },
	{ "bh", read_bh, "bh is missing" },
	{ "h", read_names, "h is missing" },
	{ "c", read_canons, NULL },
	{ "i", read_identity, NULL },
	{ "l", read_length, NULL },
	{ "q", read_query, NULL },
	{ "t", read_time, NULL },
	{ "x", read_expiry, NULL },
};

static const char *
read_tags(struct reader *r, const struct dkim_tags *tags)
{
	for (size_t i = 0; i < ARRAY_LEN(tags_known); i++) {
		const struct dkim_tag *tag = dkim_tag(tags, tags_known[i].name);
		const char *wrong = NULL;

		if (tag != NULL)
			wrong = tags_known[i].read(r, tag);
		else if (!r->arc || tags_known[i].read != read_version)
			wrong = tags_known[i].missing;
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* ---- the whole ---- */

static bool
is_within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return str_ends(name, domain) &&
	    (n == d || (n > d && name[n - d - 1] == '.'));
}

static const char *
what_contradicts(const struct dkim_signature *s)
{
	if (!is_within(s->identity, s->domain))
		return "i is not within d";
	if (s->expires >= 0 && s->signed_at >= 0 && s->expires <= s->signed_at)
		return "x is not after t";
	if (s->bh.len != (s->algorithm == DKIM_RSA_SHA1 ? 20 : DKIM_HASH))
		return "bh has another length";
	return NULL;
}

bool
dkim_signature_parse(struct arena *a, struct slice field, bool arc,
    struct dkim_signature *out, const char **why)
{
	struct reader r = { a, out, arc };
	const char *colon = memchr(field.at, ':', field.len);
	struct slice value = field;
	struct dkim_tags tags;

	*out = (struct dkim_signature){
		.field = field,
		.domain = "",
		.selector = "",
		.signed_at = -1,
		.expires = -1,
	};
	if (colon != NULL) {
		value.at = colon + 1;
		value.len = field.len - (size_t)(colon + 1 - field.at);
	}
	if (!dkim_tags_parse(value, &tags, why))
		return false;
	const char *wrong = read_tags(&r, &tags);
	if (out->identity == NULL)
		out->identity = out->domain;
	if (wrong == NULL)
		wrong = what_contradicts(out);
	if (wrong != NULL)
		*why = wrong;
	return wrong == NULL;
}
