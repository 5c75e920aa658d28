/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "dkim_key_cache.h"

#define ED25519_BYTES 32

/* An exponent so small that OpenSSL would do little with any modulus. */
#define EXPONENT_BITS_MAX 64

/* ---- reading ---- */

static bool
has_word(struct slice list, const char *word)
{
	struct slice one;

	while (dkim_next_word(&list, &one))
		if (slice_eq_nocase(one, word))
			return true;
	return false;
}

static enum dkim_result
wrong(const char **why, const char *text)
{
	*why = text;
	return DKIM_PERMERROR;
}

/* A SubjectPublicKeyInfo, as all write it, or the bare RSAPublicKey that the
 * RFC's grammar has. */
static EVP_PKEY *
read_rsa(const struct buf *der)
{
	const unsigned char *at = (const unsigned char *)buf_str(der);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der->len);

	if (key == NULL) {
		at = (const unsigned char *)buf_str(der);
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der->len);
	}
	if (key != NULL && !EVP_PKEY_is_a(key, "RSA")) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* NULL, or why the key is not used although it is one. */
static const char *
what_is_weak(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	int bits = EVP_PKEY_get_bits(key);

	if (bits < DKIM_BITS_MIN)
		return "the key is too small";
	if (bits > DKIM_BITS_MAX)
		return "the key is too large";
	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		return "the key has no exponent";
	int exponent = BN_num_bits(e);
	BN_free(e);
	return exponent > EXPONENT_BITS_MAX ? "the exponent is too large"
					    : NULL;
}

static enum dkim_result
read_public(struct slice text, struct dkim_key *out, const char **why)
{
	CLEAN_BUF struct buf der = { 0 };

	if (text.len == 0)
		return wrong(why, "the key was revoked");
	if (!dkim_base64_get(&der, text))
		return wrong(why, "p is not base64");
	if (out->ed25519 && der.len == ED25519_BYTES)
		out->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    (const unsigned char *)der.text, der.len);
	else if (!out->ed25519)
		out->pkey = read_rsa(&der);
	ERR_clear_error();
	if (out->pkey == NULL)
		return wrong(why, "p is no key");
	const char *weak = out->ed25519 ? NULL : what_is_weak(out->pkey);
	if (weak == NULL)
		return DKIM_PASS;
	dkim_key_free(out);
	*why = weak;
	return DKIM_POLICY;
}

/* What the record says beside the key; NULL, or what is wrong. */
static const char *
read_flags(const struct dkim_tags *tags, struct dkim_key *out)
{
	const struct dkim_tag *v = dkim_tag(tags, "v");
	const struct dkim_tag *k = dkim_tag(tags, "k");
	const struct dkim_tag *h = dkim_tag(tags, "h");
	const struct dkim_tag *s = dkim_tag(tags, "s");
	const struct dkim_tag *t = dkim_tag(tags, "t");

	if (v != NULL && (v != &tags->at[0] || !slice_eq(v->value, "DKIM1")))
		return "v is not DKIM1";
	out->ed25519 = k != NULL && slice_eq_nocase(k->value, "ed25519");
	if (k != NULL && !out->ed25519 && !slice_eq_nocase(k->value, "rsa"))
		return "a key of an unknown kind";
	if (h != NULL && !has_word(h->value, "sha256"))
		return "the key is not for sha256";
	if (s != NULL && !has_word(s->value, "*") &&
	    !has_word(s->value, "email"))
		return "the key is not for mail";
	out->testing = t != NULL && has_word(t->value, "y");
	out->strict = t != NULL && has_word(t->value, "s");
	return NULL;
}

static enum dkim_result
read_record(struct slice record, struct dkim_key *out, const char **why)
{
	struct dkim_tags tags;
	const char *text = NULL;

	*out = (struct dkim_key){ 0 };
	if (!dkim_tags_parse(record, &tags, &text))
		return wrong(why, "the key record is not well-formed");
	text = read_flags(&tags, out);
	if (text != NULL)
		return wrong(why, text);
	const struct dkim_tag *p = dkim_tag(&tags, "p");
	if (p == NULL)
		return wrong(why, "the key record has no p");
	return read_public(p->value, out, why);
}

enum dkim_result
dkim_key_parse(struct slice record, struct dkim_key *out, const char **why)
{
	if (dkim_cache_get(record, out))
		return DKIM_PASS;
	enum dkim_result result = read_record(record, out, why);
	if (result == DKIM_PASS)
		dkim_cache_put(record, out);
	return result;
}

void
dkim_key_free(struct dkim_key *k)
{
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
}

/* ---- using ---- */

static bool
verify_rsa(EVP_PKEY *key, struct slice signature, const uint8_t *digest)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	bool good = c != NULL && EVP_PKEY_verify_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, dkim_sha256()) == 1 &&
	    EVP_PKEY_verify(c, (const unsigned char *)signature.at,
		signature.len, digest, DKIM_HASH) == 1;

	EVP_PKEY_CTX_free(c);
	return good;
}

/* RFC 8463 3: what is signed is the digest. */
static bool
verify_ed25519(EVP_PKEY *key, struct slice signature, const uint8_t *digest)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL &&
	    EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(c, (const unsigned char *)signature.at,
		signature.len, digest, DKIM_HASH) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

bool
dkim_key_verify(const struct dkim_key *k, struct slice signature,
    const uint8_t digest[DKIM_HASH])
{
	bool good = k->ed25519 ? verify_ed25519(k->pkey, signature, digest)
			       : verify_rsa(k->pkey, signature, digest);

	ERR_clear_error();
	return good;
}

bool
dkim_key_record(struct buf *out, EVP_PKEY *pkey)
{
	uint8_t raw[ED25519_BYTES];
	size_t len = sizeof(raw);
	unsigned char *der = NULL;

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) != 1)
			return false;
		buf_adds(out, "v=DKIM1; k=ed25519; p=");
		dkim_base64_put(out, raw, len);
		return true;
	}
	int n = EVP_PKEY_is_a(pkey, "RSA") ? i2d_PUBKEY(pkey, &der) : -1;
	if (n <= 0)
		return false;
	buf_adds(out, "v=DKIM1; k=rsa; p=");
	dkim_base64_put(out, der, (size_t)n);
	OPENSSL_free(der);
	return true;
}
