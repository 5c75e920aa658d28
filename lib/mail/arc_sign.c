/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "arc_sign.h"

#include <string.h>

#define FOLD "\r\n\t"

/* The set that is being made. */
struct fresh {
	size_t instance;
	struct buf results, message, seal;
};

static void
fresh_free(struct fresh *f)
{
	buf_free(&f->results);
	buf_free(&f->message);
	buf_free(&f->seal);
}
#define CLEAN_FRESH CLEANUP(fresh_free)

static struct slice
slice_of_buf(const struct buf *b)
{
	return (struct slice){ buf_str(b), b->len };
}

/* RFC 8617 5.1, step 2 and 3.  What is there must be a chain where it is to go
 * on; where it is broken, the highest instance that was seen is enough. */
static const char *
check_chain(struct arena *a, struct slice header, enum arc_status cv,
    struct arc_set **sets, size_t *n)
{
	const char *why;
	bool whole = arc_collect(a, header, sets, n, &why);

	if (*n >= ARC_SETS_MAX)
		return "there are 50 ARC sets";
	if (cv == ARC_FAIL)
		return *n > 0 && (*sets)[*n - 1].seal.cv == ARC_FAIL
		    ? "the chain was broken before"
		    : NULL;
	if (!whole)
		return why;
	return (*n == 0) == (cv == ARC_NONE)
	    ? NULL
	    : "the chain was not judged when it came";
}

static void
begin_seal(struct fresh *f, const struct dkim_signer *s, enum arc_status cv,
    int64_t now)
{
	bool ed25519 = EVP_PKEY_is_a(s->pkey, "ED25519");

	buf_addf(&f->seal,
	    "ARC-Seal: i=%zu; a=%s; t=%lld; cv=%s;" FOLD "d=%s; s=%s;" FOLD
	    "b=",
	    f->instance,
	    dkim_algorithm_name(
		ed25519 ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256),
	    (long long)(now / 1000), arc_status_name(cv), s->domain,
	    s->selector);
}

/* A broken chain is covered by nobody (RFC 8617 5.1.2). */
static bool
make_seal(struct fresh *f, const struct dkim_signer *s, enum arc_status cv,
    struct arc_set *sets, size_t n)
{
	struct slice seal = slice_of_buf(&f->seal);
	CLEAN_BUF struct buf signature = { 0 };
	struct arc_set *last = &sets[n];

	*last = (struct arc_set){
		.results = slice_of_buf(&f->results),
		.message = slice_of_buf(&f->message),
		.sealed = seal,
		.seal.b_raw = { seal.at + seal.len, 0 },
	};
	if (cv == ARC_FAIL)
		arc_hash(last, 1);
	else
		arc_hash(sets, n + 1);
	if (!dkim_sign_digest(s->pkey, last->digest, &signature))
		return false;
	dkim_sign_put(&f->seal, &signature);
	return true;
}

static bool
make_message(struct fresh *f, const struct dkim_signer *signer,
    struct dkim_fields *fields, const uint8_t hash[DKIM_HASH], int64_t now)
{
	CLEAN_BUF struct buf start = { 0 };
	struct dkim_signer s = *signer;

	buf_addf(&start, "ARC-Message-Signature: i=%zu;", f->instance);
	s.start = buf_str(&start);
	return dkim_sign(&s, fields, hash, now, &f->message);
}

bool
arc_sign(const struct dkim_signer *s, struct dkim_fields *fields,
    const uint8_t hash[DKIM_HASH], struct slice header, struct slice results,
    enum arc_status cv, int64_t now, struct buf *out, const char **why)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FRESH struct fresh f = { 0 };
	struct arc_set *sets, *all;
	size_t n;

	*why = check_chain(&a, header, cv, &sets, &n);
	if (*why != NULL)
		return false;
	all = arena_new(&a, (n + 1) * sizeof(*all));
	if (n > 0)
		memcpy(all, sets, n * sizeof(*all));
	f.instance = n + 1;
	buf_addf(&f.results, "ARC-Authentication-Results: i=%zu;%.*s\r\n",
	    f.instance, (int)results.len, results.at);
	begin_seal(&f, s, cv, now);
	*why = "OpenSSL cannot sign";
	if (!make_message(&f, s, fields, hash, now) ||
	    !make_seal(&f, s, cv, all, n))
		return false;
	buf_add(out, f.seal.text, f.seal.len);
	buf_add(out, f.message.text, f.message.len);
	buf_add(out, f.results.text, f.results.len);
	return true;
}
