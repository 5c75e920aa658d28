/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "arc.h"

#include <string.h>

#include "authres.h"
#include "dkim_key.h"

/* As of DKIM: how far the clocks of others may go wrong, in seconds, and the
 * records of one name that are tried. */
#define SLACK       ((int64_t)3600)
#define RECORDS_MAX 3
#define RECORD_MAX  16384

/* Of the domains that are named as sealers: a line has its limits (RFC 5322
 * 2.1.1), and those on top are what counts. */
#define CHAIN_MAX 600

const char *
arc_status_name(enum arc_status status)
{
	static const char *const names[] = {
		[ARC_NONE] = "none",
		[ARC_PASS] = "pass",
		[ARC_FAIL] = "fail",
	};

	return names[status];
}

static void
fail(struct arc *a, const char *why)
{
	a->status = ARC_FAIL;
	a->why = why;
	a->open = 0;
	memset(a->needs, 0, sizeof(a->needs));
}

/* ---- the header ---- */

static void
need_key(struct arc *a, size_t i, const char *selector, const char *domain)
{
	a->needs[i] = arena_printf(&a->arena, "%s._domainkey.%s", selector,
	    domain);
	a->open++;
}

/* RFC 8617 4.1.2: it must not cover seals, which are made after it. */
static bool
covers_seals(const struct dkim_signature *s)
{
	struct slice rest = s->names, name;

	while (dkim_next_word(&rest, &name))
		if (slice_eq_nocase(name, "ARC-Seal"))
			return true;
	return false;
}

static const char *
check_message(struct arc *a, int64_t now)
{
	const struct dkim_signature *s = &a->message;
	const char *why;

	if (!dkim_signature_parse(&a->arena, a->sets[a->n - 1].message, true,
		&a->message, &why))
		return why;
	if (s->algorithm == DKIM_RSA_SHA1)
		return "rsa-sha1 is too weak";
	if (covers_seals(s))
		return "a message signature covers seals";
	if (s->expires >= 0 && s->expires < now - SLACK)
		return "the message signature has expired";
	if (s->signed_at >= 0 && s->signed_at > now + SLACK)
		return "the message was signed in the future";
	return NULL;
}

void
arc_start(struct arc *a, struct slice header, int64_t now)
{
	const char *why;

	*a = (struct arc){ 0 };
	if (!arc_collect(&a->arena, header, &a->sets, &a->n, &why)) {
		fail(a, why);
		return;
	}
	if (a->n == 0)
		return;
	why = check_message(a, now / 1000);
	if (why != NULL) {
		fail(a, why);
		return;
	}
	const struct arc_seal *seal = &a->sets[a->n - 1].seal;
	dkim_fields_add(&a->fields, header);
	arc_hash(a->sets, a->n);
	dkim_body_start(&a->body, a->message.body);
	a->wants_body = true;
	/* The first cut always has room. */
	(void)(a->message.has_length &&
	    dkim_body_cut(&a->body, a->message.length, &a->cut));
	a->newest = true;
	need_key(a, 0, a->message.selector, a->message.domain);
	need_key(a, a->n, seal->selector, seal->domain);
}

/* ---- keys ---- */

const char *
arc_need(const struct arc *a, size_t i)
{
	return i < ARRAY_LEN(a->needs) ? a->needs[i] : NULL;
}

/* NULL where the record's key made the signature. */
static const char *
try_record(struct slice record, enum dkim_algorithm algorithm, struct slice b,
    const uint8_t *digest)
{
	struct dkim_key key;
	const char *why = "the key record is too long";

	if (record.len > RECORD_MAX ||
	    dkim_key_parse(record, &key, &why) != DKIM_PASS)
		return why;
	if (key.ed25519 != (algorithm == DKIM_ED25519_SHA256))
		why = "a key is of another kind";
	else if (!dkim_key_verify(&key, b, digest))
		why = "a signature is wrong";
	else
		why = NULL;
	dkim_key_free(&key);
	return why;
}

static const char *
try_records(struct arc *a, size_t i, const struct dns_answer *answer)
{
	const struct dkim_signature *m = &a->message;
	uint8_t digest[DKIM_HASH];
	const char *why = "a key is not there";

	a->doubt = answer->status == DNS_FAILED;
	if (a->doubt)
		return "a key could not be asked for";
	if (i == 0)
		dkim_fields_hash(&a->fields, m->header, m->names, m->field,
		    m->b_raw, digest);
	else
		memcpy(digest, a->sets[i - 1].digest, sizeof(digest));
	for (size_t r = 0; r < MIN(answer->n, (size_t)RECORDS_MAX); r++) {
		const struct arc_seal *s = i > 0 ? &a->sets[i - 1].seal : NULL;

		why = try_record(answer->records[r].data,
		    s != NULL ? s->algorithm : m->algorithm,
		    s != NULL ? s->b : m->b, digest);
		if (why == NULL)
			break;
	}
	return why;
}

/* The newest set is good, so the others are worth asking about. */
static void
need_older(struct arc *a)
{
	a->newest = false;
	for (size_t i = a->n; --i > 0;)
		need_key(a, i, a->sets[i - 1].seal.selector,
		    a->sets[i - 1].seal.domain);
}

void
arc_key(struct arc *a, size_t i, const struct dns_answer *answer)
{
	const char *why;

	if (arc_need(a, i) == NULL)
		return;
	a->needs[i] = NULL;
	a->open--;
	why = try_records(a, i, answer);
	if (why != NULL)
		fail(a,
		    arena_printf(&a->arena, "%s %zu: %s",
			i == 0 ? "message signature" : "seal",
			i == 0 ? a->n : i, why));
	else if (a->newest && a->open == 0)
		need_older(a);
}

/* ---- the body ---- */

bool
arc_wants_body(const struct arc *a)
{
	return a->wants_body;
}

void
arc_body(struct arc *a, const void *bytes, size_t n)
{
	if (a->wants_body)
		dkim_body_feed(&a->body, bytes, n);
}

static const char *
compare_body(const struct arc *a)
{
	const struct dkim_cut *cut = &a->body.cuts[a->cut];
	const uint8_t *hash = a->body.hash;

	if (a->message.has_length && !cut->reached)
		return "the body is shorter than l";
	if (a->message.has_length)
		hash = cut->hash;
	return memcmp(a->message.bh.at, hash, DKIM_HASH) == 0
	    ? NULL
	    : "the body was changed";
}

void
arc_end(struct arc *a, bool broken)
{
	const char *why = NULL;

	if (a->n == 0 || a->status != ARC_NONE)
		return;
	dkim_body_end(&a->body);
	a->wants_body = false;
	a->whole = !a->message.has_length || a->message.length == a->body.len;
	a->doubt = broken || a->open > 0;
	if (broken)
		why = "the body could not be read";
	else if (a->open > 0)
		why = "a key did not come";
	else
		why = compare_body(a);
	if (why != NULL)
		fail(a, why);
	else
		a->status = ARC_PASS;
}

/* ---- what is said of it ---- */

void
arc_put(const struct arc *a, const char *client, struct buf *out)
{
	CLEAN_BUF struct buf domains = { 0 };

	if (a->status == ARC_NONE)
		return;
	buf_addf(out, "; arc=%s", arc_status_name(a->status));
	if (a->status == ARC_FAIL) {
		authres_reason(out, a->why);
		return;
	}
	for (size_t i = a->n; i-- > 0 && domains.len < CHAIN_MAX;)
		buf_addf(&domains, "%s%s", domains.len > 0 ? ":" : "",
		    a->sets[i].seal.domain);
	authres_property(out, "smtp.remote-ip", slice_of(client));
	authres_property(out, "arc.chain",
	    (struct slice){ buf_str(&domains), domains.len });
}

void
arc_free(struct arc *a)
{
	dkim_body_free(&a->body);
	dkim_fields_free(&a->fields);
	arena_free(&a->arena);
	*a = (struct arc){ 0 };
}
