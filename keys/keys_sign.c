/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "keys_sign.h"

#include <openssl/rsa.h>
#include <string.h>

#include "tls.h"

#define PSS_END  0xbc
#define SHA1     20
#define MD5_SHA1 36 /* RFC 4346 7.4.3 */

static bool signs_old;

void
keys_sign_old(void)
{
	signs_old = true;
}

/* What stands in front of a digest in a PKCS #1 signature (RFC 8017 9.2). */
/* clang-format off */
static const struct {
	size_t digest;
	unsigned char head[19];
} infos[] = {
	{ 32, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
	{ 48, { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 } },
	{ 64, { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 } },
};
/* clang-format on */

static bool
is_digest(struct slice input)
{
	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		if (input.len == infos[i].digest)
			return true;
	return signs_old && input.len == SHA1;
}

static bool
is_digest_info(struct slice input)
{
	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		if (input.len == sizeof(infos[i].head) + infos[i].digest &&
		    memcmp(input.at, infos[i].head, sizeof(infos[i].head)) == 0)
			return true;
	return signs_old && input.len == MD5_SHA1;
}

/* RFC 8017 9.1.2, as far as it goes without the message: the masked block,
 * uncovered by the hash behind it, is zeros, a one, and a salt as long as the
 * hash.  `bits` is one less than those of the modulus. */
static bool
is_pss_with(struct slice input, size_t bits, const EVP_MD *md)
{
	size_t hash = (size_t)EVP_MD_get_size(md);
	size_t em = (bits + 7) / 8;
	unsigned char mask[1024];
	const unsigned char *at = (const unsigned char *)input.at;

	/* Where the message is a byte shorter than the modulus, that is
	 * zero. */
	if (em < input.len && *at++ != 0)
		return false;
	if (em < 2 * hash + 2 || em > sizeof(mask))
		return false;
	size_t db = em - hash - 1;
	if (PKCS1_MGF1(mask, (long)db, at + db, (long)hash, md) != 0)
		return false;
	for (size_t i = 0; i < db; i++)
		mask[i] ^= at[i];
	mask[0] &= (unsigned char)(0xff >> (8 * em - bits));
	for (size_t i = 0; i + hash + 1 < db; i++)
		if (mask[i] != 0)
			return false;
	return mask[db - hash - 1] == 1;
}

static bool
is_pss(const EVP_PKEY *key, struct slice input)
{
	int bits = EVP_PKEY_get_bits(key);

	if (bits < 1024 || input.len != (size_t)EVP_PKEY_get_size(key) ||
	    (unsigned char)input.at[input.len - 1] != PSS_END)
		return false;
	return is_pss_with(input, (size_t)bits - 1, EVP_sha256()) ||
	    is_pss_with(input, (size_t)bits - 1, EVP_sha384()) ||
	    is_pss_with(input, (size_t)bits - 1, EVP_sha512());
}

/* Is this what such a key signs in a handshake? */
static bool
is_proper(const EVP_PKEY *key, enum tls_sign_kind kind, struct slice input)
{
	if (kind == SIGN_ECDSA)
		return EVP_PKEY_is_a(key, "EC") && is_digest(input);
	if (!EVP_PKEY_is_a(key, "RSA"))
		return false;
	return kind == SIGN_RSA_PKCS1
	    ? is_digest_info(input)
	    : kind == SIGN_RSA_PSS && is_pss(key, input);
}

/* To make one ready costs as much as a signature: that of the last one is kept,
 * since most handshakes are with the same key. */
static struct {
	EVP_PKEY *key; /* of the context, which holds it */
	EVP_PKEY_CTX *ctx;
	int padding;
} last;

static void
forget_last(void)
{
	EVP_PKEY_CTX_free(last.ctx);
	last.ctx = NULL;
	last.key = NULL;
}

static EVP_PKEY_CTX *
context_for(EVP_PKEY *key, int padding)
{
	if (last.ctx != NULL && last.key == key && last.padding == padding)
		return last.ctx;
	forget_last();
	last.ctx = EVP_PKEY_CTX_new(key, NULL);
	last.key = key;
	last.padding = padding;
	if (last.ctx == NULL || EVP_PKEY_sign_init(last.ctx) != 1 ||
	    (padding != 0 &&
		EVP_PKEY_CTX_set_rsa_padding(last.ctx, padding) != 1))
		forget_last();
	return last.ctx;
}

static bool
sign(EVP_PKEY *key, int padding, struct slice input, struct buf *signature)
{
	const unsigned char *bytes = (const unsigned char *)input.at;
	EVP_PKEY_CTX *ctx = context_for(key, padding);
	unsigned char out[1024];
	size_t len = sizeof(out);

	if (ctx == NULL ||
	    EVP_PKEY_sign(ctx, out, &len, bytes, input.len) != 1) {
		forget_last();
		return false;
	}
	buf_add(signature, out, len);
	return true;
}

bool
keys_sign(EVP_PKEY *key, enum tls_sign_kind kind, struct slice input,
    struct buf *signature, const char **why)
{
	static const int paddings[] = {
		[SIGN_ECDSA] = 0,
		[SIGN_RSA_PKCS1] = RSA_PKCS1_PADDING,
		[SIGN_RSA_PSS] = RSA_NO_PADDING,
	};

	if (!is_proper(key, kind, input)) {
		*why = "this is not what a handshake signs";
		return false;
	}

	bool ok = sign(key, paddings[kind], input, signature);
	*why = ok ? "" : tls_reason();
	return ok;
}
