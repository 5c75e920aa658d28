/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_verify.h"

#include <string.h>

#include "authres.h"

/* How far the clocks of others may go wrong. */
#define SLACK ((int64_t)3600)

/* Of an identity; a longer one is none that anybody has. */
#define LOCAL_MAX 64

static void
conclude(struct dkim_judged *j, enum dkim_result result, const char *why)
{
	j->result = result;
	j->why = why;
	j->need = NULL;
}

/* ---- the header ---- */

/* What can be said without a key. */
static enum dkim_result
judge_terms(const struct dkim_signature *s, int64_t now, const char **why)
{
	if (s->algorithm == DKIM_RSA_SHA1) {
		*why = "rsa-sha1 is too weak";
		return DKIM_POLICY;
	}
	if (s->expires >= 0 && s->expires < now - SLACK) {
		*why = "the signature has expired";
		return DKIM_FAIL;
	}
	if (s->signed_at >= 0 && s->signed_at > now + SLACK) {
		*why = "it was signed in the future";
		return DKIM_FAIL;
	}
	return DKIM_NONE;
}

/* The body is hashed in its form; a part of it too, where l asks for that. */
static void
want_body(struct dkim_verify *v, struct dkim_judged *j)
{
	enum dkim_canon canon = j->signature.body;

	if (!v->wants[canon])
		dkim_body_start(&v->bodies[canon], canon);
	v->wants[canon] = true;
	if (j->signature.has_length &&
	    !dkim_body_cut(&v->bodies[canon], j->signature.length, &j->cut))
		conclude(j, DKIM_NEUTRAL, "too many lengths");
}

static void
add_signature(struct dkim_verify *v, struct slice field, int64_t now)
{
	struct dkim_judged *j = &v->judged[v->n++];
	const char *why = "";

	*j = (struct dkim_judged){ 0 };
	if (!dkim_signature_parse(&v->arena, field, false, &j->signature,
		&why)) {
		conclude(j, DKIM_NEUTRAL, why);
		return;
	}
	enum dkim_result early = judge_terms(&j->signature, now, &why);
	if (early != DKIM_NONE) {
		conclude(j, early, why);
		return;
	}
	j->need = arena_printf(&v->arena, "%s._domainkey.%s",
	    j->signature.selector, j->signature.domain);
	want_body(v, j);
}

void
dkim_verify_start(struct dkim_verify *v, struct slice header, int64_t now)
{
	*v = (struct dkim_verify){ 0 };
	dkim_fields_add(&v->fields, header);
	for (size_t i = 0; i < v->fields.n && v->present < DKIM_PRESENT_MAX;
	     i++) {
		struct header_field f = dkim_fields_get(&v->fields, i);

		if (!header_is(&f, "DKIM-Signature"))
			continue;
		v->present++;
		if (v->n < DKIM_JUDGED_MAX)
			add_signature(v, f.text, now / 1000);
	}
}

/* ---- keys ---- */

const char *
dkim_verify_need(const struct dkim_verify *v, size_t i)
{
	return i < v->n ? v->judged[i].need : NULL;
}

static enum dkim_result
try_key(struct dkim_verify *v, const struct dkim_judged *j,
    const struct dkim_key *k, const char **why)
{
	const struct dkim_signature *s = &j->signature;
	uint8_t digest[DKIM_HASH];

	*why = NULL;
	if (k->ed25519 != (s->algorithm == DKIM_ED25519_SHA256)) {
		*why = "the key is of another kind";
		return DKIM_PERMERROR;
	}
	if (k->strict && !str_eq(s->identity, s->domain)) {
		*why = "the key is not for subdomains";
		return DKIM_PERMERROR;
	}
	dkim_fields_hash(&v->fields, s->header, s->names, s->field, s->b_raw,
	    digest);
	if (dkim_key_verify(k, s->b, digest))
		return DKIM_PASS;
	*why = k->testing ? "the signature is wrong, and DKIM on trial"
			  : "the signature is wrong";
	return k->testing ? DKIM_NEUTRAL : DKIM_FAIL;
}

static enum dkim_result
try_record(struct dkim_verify *v, const struct dkim_judged *j,
    struct slice record, const char **why)
{
	struct dkim_key key;
	enum dkim_result result;

	*why = "the key record is too long";
	if (record.len > DKIM_RECORD_MAX)
		return DKIM_PERMERROR;
	result = dkim_key_parse(record, &key, why);
	if (result != DKIM_PASS)
		return result;
	result = try_key(v, j, &key, why);
	dkim_key_free(&key);
	return result;
}

/* Any record may fit; where none does, the first failure is the reason. */
static void
try_records(struct dkim_verify *v, struct dkim_judged *j,
    const struct dns_answer *answer)
{
	size_t n = MIN(answer->n, (size_t)DKIM_RECORDS_MAX);
	enum dkim_result first = DKIM_PERMERROR;
	const char *reason = "there is no key";

	for (size_t i = 0; i < n; i++) {
		const char *why = NULL;
		enum dkim_result result = try_record(v, j,
		    answer->records[i].data, &why);

		if (result == DKIM_PASS) {
			conclude(j, DKIM_PASS, NULL);
			return;
		}
		if (i == 0 || first == DKIM_PERMERROR) {
			first = result;
			reason = why;
		}
	}
	conclude(j, first, reason);
}

void
dkim_verify_key(struct dkim_verify *v, size_t i,
    const struct dns_answer *answer)
{
	struct dkim_judged *j = &v->judged[i];

	if (answer->status == DNS_FAILED)
		conclude(j, DKIM_TEMPERROR, "the key could not be asked for");
	else
		try_records(v, j, answer);
}

/* ---- the body ---- */

bool
dkim_verify_wants_body(const struct dkim_verify *v)
{
	return v->wants[DKIM_SIMPLE] || v->wants[DKIM_RELAXED];
}

void
dkim_verify_body(struct dkim_verify *v, const void *bytes, size_t n)
{
	for (int i = DKIM_SIMPLE; i <= DKIM_RELAXED; i++)
		if (v->wants[i])
			dkim_body_feed(&v->bodies[i], bytes, n);
}

static void
compare_body(const struct dkim_verify *v, struct dkim_judged *j)
{
	const struct dkim_signature *s = &j->signature;
	const struct dkim_body *b = &v->bodies[s->body];
	const struct dkim_cut *cut = s->has_length ? &b->cuts[j->cut] : NULL;

	j->whole = cut == NULL || cut->at == b->len;
	if (cut != NULL && !cut->reached)
		conclude(j, DKIM_FAIL, "the body is shorter than l");
	else if (memcmp(s->bh.at, cut != NULL ? cut->hash : b->hash,
		     DKIM_HASH) != 0)
		conclude(j, DKIM_FAIL, "the body was changed");
	else if (!j->whole)
		j->why = "the body goes on behind l";
	j->whole = j->whole && j->result == DKIM_PASS;
}

void
dkim_verify_end(struct dkim_verify *v, bool broken)
{
	for (int i = DKIM_SIMPLE; i <= DKIM_RELAXED && !broken; i++)
		if (v->wants[i])
			dkim_body_end(&v->bodies[i]);
	for (size_t i = 0; i < v->n; i++) {
		struct dkim_judged *j = &v->judged[i];

		if (j->result == DKIM_NONE)
			conclude(j, DKIM_TEMPERROR, "the key did not come");
		else if (j->result == DKIM_PASS && broken)
			conclude(j, DKIM_TEMPERROR, "it could not be read");
		else if (j->result == DKIM_PASS)
			compare_body(v, j);
	}
}

/* ---- what is said of it ---- */

static void
put_identity(struct buf *out, const struct dkim_signature *s)
{
	CLEAN_BUF struct buf text = { 0 };

	if (s->identity == NULL || s->identity[0] == '\0')
		return;
	if (s->local.len <= LOCAL_MAX && authres_is_token(s->local))
		buf_add(&text, s->local.at, s->local.len);
	buf_addf(&text, "@%s", s->identity);
	buf_addf(out, " header.i=%s", buf_str(&text));
}

/* The first letters of b tell signatures apart (RFC 6008). */
static void
put_signature(struct buf *out, const struct dkim_signature *s)
{
	CLEAN_BUF struct buf b = { 0 };

	if (s->domain[0] == '\0')
		return;
	authres_property(out, "header.d", slice_of(s->domain));
	put_identity(out, s);
	if (s->selector[0] != '\0')
		authres_property(out, "header.s", slice_of(s->selector));
	if (s->algorithm != DKIM_UNKNOWN)
		authres_property(out, "header.a",
		    slice_of(dkim_algorithm_name(s->algorithm)));
	dkim_base64_put(&b, s->b.at, MIN(s->b.len, (size_t)6));
	if (b.len > 0)
		authres_property(out, "header.b", slice_of(buf_str(&b)));
}

void
dkim_verify_results(const struct dkim_verify *v, struct buf *out)
{
	if (v->n == 0)
		buf_adds(out, "; dkim=none");
	for (size_t i = 0; i < v->n; i++) {
		const struct dkim_judged *j = &v->judged[i];

		buf_addf(out, "; dkim=%s", dkim_result_name(j->result));
		if (j->why != NULL)
			authres_reason(out, j->why);
		put_signature(out, &j->signature);
	}
}

void
dkim_verify_free(struct dkim_verify *v)
{
	for (int i = DKIM_SIMPLE; i <= DKIM_RELAXED; i++)
		dkim_body_free(&v->bodies[i]);
	dkim_fields_free(&v->fields);
	arena_free(&v->arena);
	*v = (struct dkim_verify){ 0 };
}
