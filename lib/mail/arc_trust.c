/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "arc_trust.h"

#include <string.h>

#include "authres.h"
#include "dmarc.h"
#include "domain_ascii.h"

/* Which property of a pass is the identity. */
enum identity {
	IDENTITY_FROM, /* the From domain itself */
	IDENTITY_SPF,
	IDENTITY_DKIM,
};

static const struct {
	const char *method, *property;
	enum identity identity;
} proofs[] = {
	{ "dmarc", "header.from", IDENTITY_FROM },
	{ "dkim", "header.d", IDENTITY_DKIM },
	{ "dkim", "header.i", IDENTITY_DKIM },
	{ "spf", "smtp.mailfrom", IDENTITY_SPF },
	{ "spf", "smtp.helo", IDENTITY_SPF },
};

/* The domain of "local@domain", "@domain" or "domain". */
static const char *
domain_of(struct arena *a, const char *value)
{
	const char *at = strrchr(value, '@');

	return domain_ascii(a, slice_of(at != NULL ? at + 1 : value));
}

static bool
proves(struct arena *a, const char *method, const struct authres_word *w,
    const char *from, const struct dmarc_record *record)
{
	for (size_t i = 0; i < ARRAY_LEN(proofs); i++) {
		if (!str_eq(proofs[i].method, method) ||
		    !str_eq(proofs[i].property, w->name))
			continue;
		const char *domain = domain_of(a, w->value);
		bool strict = proofs[i].identity == IDENTITY_FROM ||
		    (proofs[i].identity == IDENTITY_SPF ? record->strict_spf
							: record->strict_dkim);
		return domain != NULL && dmarc_aligned(domain, from, strict);
	}
	return false;
}

static bool
set_vouches(const struct arc_set *s, const char *from,
    const struct dmarc_record *record)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *colon = memchr(s->results.at, ':', s->results.len);
	struct authres_reader r = {
		.rest = { colon + 1,
		    s->results.len - (size_t)(colon + 1 - s->results.at) },
	};
	struct authres_word w;
	const char *passed = "";

	/* The instance, then the authserv-id. */
	if (!authres_enter(&r) || !authres_enter(&r))
		return false;
	while (authres_next(&r, &a, &w)) {
		if (w.method)
			passed = str_eq_nocase(w.value, "pass") ? w.name : "";
		else if (proves(&a, passed, &w, from, record))
			return true;
	}
	return false;
}

enum found
arc_vouches(const struct arc *a, arc_trusted_fn *trusted, const char *from,
    const struct dmarc_record *record)
{
	if (!a->doubt && (a->status != ARC_PASS || !a->whole))
		return FOUND_NONE;
	for (size_t i = a->n; i-- > 0;) {
		const struct arc_set *s = &a->sets[i];
		enum found is_trusted = trusted(s->seal.domain);

		if (is_trusted != FOUND_ONE)
			return is_trusted;
		if (set_vouches(s, from, record))
			return a->doubt ? FOUND_FAILED : FOUND_ONE;
	}
	return FOUND_NONE;
}
