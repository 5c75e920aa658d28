/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_sign.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "dkim_key.h"

#define LINE_MAX_TEXT 76
#define FOLD          "\r\n\t"

/* Of one name; more are a joke. */
#define SAME_MAX 10

/* ---- digests ---- */

static bool
sign_rsa(EVP_PKEY *key, const uint8_t *digest, unsigned char *to, size_t *len)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	bool good = c != NULL && EVP_PKEY_sign_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, dkim_sha256()) == 1 &&
	    EVP_PKEY_sign(c, to, len, digest, DKIM_HASH) == 1;

	EVP_PKEY_CTX_free(c);
	return good;
}

static bool
sign_ed25519(EVP_PKEY *key, const uint8_t *digest, unsigned char *to,
    size_t *len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL &&
	    EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(c, to, len, digest, DKIM_HASH) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

bool
dkim_sign_digest(EVP_PKEY *key, const uint8_t digest[DKIM_HASH],
    struct buf *out)
{
	size_t len = (size_t)EVP_PKEY_get_size(key);
	unsigned char *to = (unsigned char *)buf_room(out, len);
	bool good = EVP_PKEY_is_a(key, "ED25519")
	    ? sign_ed25519(key, digest, to, &len)
	    : sign_rsa(key, digest, to, &len);

	if (good)
		buf_grown(out, len);
	ERR_clear_error();
	return good;
}

EVP_PKEY *
dkim_sign_key(const struct buf *pem, const char **why)
{
	BIO *bio = BIO_new_mem_buf(buf_str(pem), (int)pem->len);
	EVP_PKEY *key = bio == NULL
	    ? NULL
	    : PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
	bool rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");

	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL)
		*why = "there is no private key in it";
	else if (!rsa && !EVP_PKEY_is_a(key, "ED25519"))
		*why = "the key is neither RSA nor Ed25519";
	else if (rsa && EVP_PKEY_get_bits(key) < DKIM_BITS_MIN)
		*why = "the key has less than 1024 bits";
	else if (rsa && EVP_PKEY_get_bits(key) > DKIM_BITS_MAX)
		*why = "the key has more than 4096 bits";
	else
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* ---- the field ---- */

bool
dkim_canon_parse(const char *text, enum dkim_canon *header,
    enum dkim_canon *body)
{
	static const struct {
		const char *text;
		enum dkim_canon header, body;
	} forms[] = {
		{ "relaxed/relaxed", DKIM_RELAXED, DKIM_RELAXED },
		{ "relaxed/simple", DKIM_RELAXED, DKIM_SIMPLE },
		{ "simple/relaxed", DKIM_SIMPLE, DKIM_RELAXED },
		{ "simple/simple", DKIM_SIMPLE, DKIM_SIMPLE },
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (str_eq(forms[i].text, text)) {
			*header = forms[i].header;
			*body = forms[i].body;
			return true;
		}
	return false;
}

static bool
lists(const char *list, struct slice name)
{
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item))
		if (item.len == name.len &&
		    strncasecmp(item.at, name.at, name.len) == 0)
			return true;
	return false;
}

static void
put_name(struct buf *out, const struct dkim_fields *f, struct slice name,
    bool once_more)
{
	CLEAN_BUF struct buf text = { 0 };

	for (size_t i = 0; i < name.len; i++)
		buf_addc(&text, char_lower(name.at[i]));
	size_t n = MIN(dkim_fields_count(f, buf_str(&text)), (size_t)SAME_MAX) +
	    (once_more ? 1 : 0);
	for (; n > 0; n--)
		buf_addf(out, "%s%s", out->len > 0 ? ":" : "", buf_str(&text));
}

static void
choose_names(const struct dkim_signer *s, const struct dkim_fields *f,
    struct buf *out)
{
	struct slice rest = slice_of(s->names), name;

	if (!lists(s->names, slice_of("From")) &&
	    !lists(s->oversigned, slice_of("From")))
		put_name(out, f, slice_of("from"), true);
	while (slice_next_item(&rest, &name))
		put_name(out, f, name, lists(s->oversigned, name));
	rest = slice_of(s->oversigned);
	while (slice_next_item(&rest, &name))
		if (!lists(s->names, name))
			put_name(out, f, name, true);
}

/* Appends words parted by colons, folded between them. */
static void
put_folded(struct buf *out, const struct buf *names)
{
	struct slice rest = { buf_str(names), names->len }, word;
	size_t column = 8 + 2;
	bool first = true;

	while (slice_next_part(&rest, ':', &word)) {
		if (!first)
			buf_addc(out, ':');
		if (!first && column + word.len + 2 > LINE_MAX_TEXT) {
			buf_adds(out, FOLD " ");
			column = 8 + 1;
		}
		buf_add(out, word.at, word.len);
		column += word.len + 1;
		first = false;
	}
}

static void
put_base64(struct buf *out, const struct buf *bytes, size_t column)
{
	CLEAN_BUF struct buf text = { 0 };

	dkim_base64_put(&text, buf_str(bytes), bytes->len);
	for (size_t at = 0; at < text.len;) {
		size_t n = MIN(text.len - at, LINE_MAX_TEXT - column);

		buf_add(out, text.text + at, n);
		at += n;
		column = 8 + 1;
		if (at < text.len)
			buf_adds(out, FOLD " ");
	}
}

void
dkim_sign_put(struct buf *out, const struct buf *signature)
{
	put_base64(out, signature, 8 + 2);
	buf_adds(out, "\r\n");
}

bool
dkim_sign(const struct dkim_signer *s, struct dkim_fields *f,
    const uint8_t hash[DKIM_HASH], int64_t now, struct buf *out)
{
	CLEAN_BUF struct buf names = { 0 }, field = { 0 }, signature = { 0 };
	bool ed25519 = EVP_PKEY_is_a(s->pkey, "ED25519");
	uint8_t digest[DKIM_HASH];

	choose_names(s, f, &names);
	buf_addf(&field,
	    "%s a=%s; c=%s/%s;" FOLD "d=%s; s=%s; t=%lld;" FOLD "h=",
	    s->start != NULL ? s->start : "DKIM-Signature: v=1;",
	    dkim_algorithm_name(
		ed25519 ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256),
	    dkim_canon_name(s->header), dkim_canon_name(s->body), s->domain,
	    s->selector, (long long)(now / 1000));
	put_folded(&field, &names);
	buf_adds(&field, ";" FOLD "bh=");
	dkim_base64_put(&field, hash, DKIM_HASH);
	buf_adds(&field, ";" FOLD "b=");

	struct slice own = { buf_str(&field), field.len };
	dkim_fields_hash(f, s->header, (struct slice){ names.text, names.len },
	    own, (struct slice){ own.at + own.len, 0 }, digest);
	if (!dkim_sign_digest(s->pkey, digest, &signature))
		return false;
	dkim_sign_put(&field, &signature);
	buf_add(out, field.text, field.len);
	return true;
}
