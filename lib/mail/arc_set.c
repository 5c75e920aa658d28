/*
 *	arc-info = instance [CFWS] ";" ...
 *	instance = [CFWS] %s"i" [CFWS] "=" [CFWS] 1*2DIGIT
 *
 * RFC 8617 4.1, 4.2.  Which set a field belongs to must be known of all of
 * them; what else it says is read where it counts.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "arc.h"
#include "authres.h"
#include "log.h"
#include "num.h"

/* ---- instances ---- */

static bool
read_number(struct slice text, size_t *out)
{
	int64_t n;

	if (text.len > 2 ||
	    !num_parse_len(text.at, text.len, 1, ARC_SETS_MAX, &n))
		return false;
	*out = (size_t)n;
	return true;
}

/* Of ARC-Authentication-Results, whose rest is no list of tags. */
static bool
results_instance(struct slice value, size_t *out)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct authres_reader r = { .rest = value };
	struct authres_word word;

	return authres_next(&r, &a, &word) && str_eq(word.name, "i") &&
	    read_number(slice_of(word.value), out) && authres_enter(&r);
}

static bool
tags_instance(struct slice value, size_t *out)
{
	struct dkim_tags tags;
	const char *why; /* that it is none is enough */

	if (!dkim_tags_parse(value, &tags, &why))
		return false;
	const struct dkim_tag *i = dkim_tag(&tags, "i");
	return i != NULL && read_number(i->value, out);
}

/* ---- what a seal says ---- */

static const char *
read_cv(const struct dkim_tag *tag, enum arc_status *out)
{
	if (tag != NULL)
		for (int i = ARC_NONE; i <= ARC_FAIL; i++)
			if (slice_eq_nocase(tag->value,
				arc_status_name((enum arc_status)i))) {
				*out = (enum arc_status)i;
				return NULL;
			}
	return "cv of a seal is missing or unknown";
}

static const char *
read_name(struct arena *a, const struct dkim_tag *tag, const char **out)
{
	*out = tag != NULL ? dkim_domain(a, tag->value) : NULL;
	return *out != NULL ? NULL : "d or s of a seal is missing or wrong";
}

static const char *
read_b(struct arena *a, const struct dkim_tag *tag, struct arc_seal *out)
{
	CLEAN_BUF struct buf bytes = { 0 };

	if (tag == NULL || !dkim_base64_get(&bytes, tag->value) ||
	    bytes.len == 0)
		return "b of a seal is missing or wrong";
	out->b_raw = tag->raw;
	out->b = (struct slice){ arena_memdup(a, buf_str(&bytes), bytes.len),
		bytes.len };
	return NULL;
}

static const char *
read_algorithm(const struct dkim_tag *tag, enum dkim_algorithm *out)
{
	static const enum dkim_algorithm known[] = {
		DKIM_RSA_SHA256,
		DKIM_ED25519_SHA256,
	};

	for (size_t i = 0; tag != NULL && i < ARRAY_LEN(known); i++)
		if (slice_eq_nocase(tag->value,
			dkim_algorithm_name(known[i]))) {
			*out = known[i];
			return NULL;
		}
	return "the algorithm of a seal is missing or unknown";
}

/* NULL, or what is wrong. */
static const char *
read_seal(struct arena *a, struct slice field, struct arc_seal *out)
{
	const char *colon = memchr(field.at, ':', field.len);
	struct dkim_tags tags;
	const char *wrong;

	if (!dkim_tags_parse((struct slice){ colon + 1,
				 field.len - (size_t)(colon + 1 - field.at) },
		&tags, &wrong))
		return wrong;
	/* RFC 8617 4.1.3: a list of fields would be another's idea of what is
	 * covered. */
	if (dkim_tag(&tags, "h") != NULL || dkim_tag(&tags, "bh") != NULL)
		return "a seal has h or bh";
	wrong = read_cv(dkim_tag(&tags, "cv"), &out->cv);
	if (wrong == NULL)
		wrong = read_name(a, dkim_tag(&tags, "d"), &out->domain);
	if (wrong == NULL)
		wrong = read_name(a, dkim_tag(&tags, "s"), &out->selector);
	if (wrong == NULL)
		wrong = read_algorithm(dkim_tag(&tags, "a"), &out->algorithm);
	return wrong != NULL ? wrong : read_b(a, dkim_tag(&tags, "b"), out);
}

/* ---- sets ---- */

/* clang-format off */
static const struct kind {
	const char *name;
	size_t at; /* of its slice in a set */
	bool (*instance)(struct slice value, size_t *out);
} kinds[] = {
	{ "ARC-Authentication-Results", offsetof(struct arc_set, results), results_instance },
	{ "ARC-Message-Signature",      offsetof(struct arc_set, message), tags_instance },
	{ "ARC-Seal",                   offsetof(struct arc_set, sealed),  tags_instance },
};
/* clang-format on */

static const struct kind *
kind_of(const struct header_field *f)
{
	/* Nearly all fields are of other kinds. */
	if (f->name.len < 4 || char_lower(f->name.at[0]) != 'a')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (header_is(f, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static const char *
add_field(struct arc_set *sets, size_t *n, const struct kind *kind,
    const struct header_field *f)
{
	size_t i;

	if (!kind->instance(f->value, &i))
		return "the instance of an ARC field is missing or wrong";
	struct slice *place = (struct slice *)(void *)((char *)&sets[i - 1] +
	    kind->at);
	*n = MAX(*n, i);
	if (place->at != NULL)
		return "an ARC field is there twice";
	*place = f->text;
	return NULL;
}

/* RFC 8617 5.2, steps 2 and 3: the newest seal first, for where it says that
 * the chain was broken nothing else counts. */
static const char *
check_sets(struct arena *a, struct arc_set *sets, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		struct arc_set *s = &sets[i];
		enum arc_status due = i == 0 ? ARC_NONE : ARC_PASS;

		if (s->results.at == NULL || s->message.at == NULL ||
		    s->sealed.at == NULL)
			return "an ARC set is not whole";
		const char *wrong = read_seal(a, s->sealed, &s->seal);
		if (wrong != NULL)
			return wrong;
		if (s->seal.cv == ARC_FAIL)
			return "the chain was broken before";
		if (s->seal.cv != due)
			return "cv of a seal does not fit its instance";
	}
	return NULL;
}

bool
arc_collect(struct arena *a, struct slice header, struct arc_set **sets,
    size_t *n, const char **why)
{
	struct header_field f;
	const char *wrong = NULL;

	*sets = NULL;
	*n = 0;
	while (header_next(&header, &f)) {
		const struct kind *kind = kind_of(&f);

		if (kind == NULL)
			continue;
		if (*sets == NULL)
			*sets = arena_new(a, ARC_SETS_MAX * sizeof(**sets));
		/* The highest instance is wanted of a broken chain too. */
		const char *fault = add_field(*sets, n, kind, &f);
		if (wrong == NULL)
			wrong = fault;
	}
	if (wrong == NULL)
		wrong = check_sets(a, *sets, *n);
	*why = wrong;
	return wrong == NULL;
}

/* ---- what seals cover ---- */

/* RFC 8617 5.1.1: the last field is without its signature and line end. */
static void
put_own(struct buf *out, struct slice field, struct slice b_raw)
{
	CLEAN_BUF struct buf without = { 0 };
	size_t before = (size_t)(b_raw.at - field.at);

	buf_add(&without, field.at, before);
	buf_add(&without, b_raw.at + b_raw.len, field.len - before - b_raw.len);
	while (without.len > 0 && char_is_space(without.text[without.len - 1]))
		buf_cut(&without, without.len - 1);
	dkim_canon_field(out, DKIM_RELAXED,
	    (struct slice){ buf_str(&without), without.len });
}

static void
must(int result)
{
	if (result != 1)
		log_fatal("OpenSSL cannot hash");
}

/* The hash so far, and the set's own seal. */
static void
hash_own(const EVP_MD_CTX *md, struct buf *text, struct arc_set *s)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	put_own(text, s->sealed, s->seal.b_raw);
	must(copy != NULL && EVP_MD_CTX_copy_ex(copy, md) &&
	    EVP_DigestUpdate(copy, buf_str(text), text->len) &&
	    EVP_DigestFinal_ex(copy, s->digest, NULL));
	EVP_MD_CTX_free(copy);
}

void
arc_hash(struct arc_set *sets, size_t n)
{
	CLEAN_BUF struct buf text = { 0 };
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	must(md != NULL && EVP_DigestInit_ex(md, dkim_sha256(), NULL));
	for (size_t i = 0; i < n; i++) {
		buf_reset(&text);
		if (i > 0)
			dkim_canon_field(&text, DKIM_RELAXED,
			    sets[i - 1].sealed);
		dkim_canon_field(&text, DKIM_RELAXED, sets[i].results);
		dkim_canon_field(&text, DKIM_RELAXED, sets[i].message);
		must(EVP_DigestUpdate(md, buf_str(&text), text.len));
		buf_reset(&text);
		hash_own(md, &text, &sets[i]);
	}
	EVP_MD_CTX_free(md);
}
