/*
 * OpenSSL calls these ways to replace a key's method deprecated; the new ones
 * (a provider of one's own) are a library of their own.  A key with a method of
 * its own never reaches the providers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls_sign.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "program.h"

#define PATIENCE (3 * SECOND)

/* How long nothing more is asked of one who has not answered: who waits can do
 * nothing else, so all sessions of the program wait with it. */
#define RESPITE (30 * SECOND)

static tls_sign_fn ask_keys;
static tls_sign_fn *ask = ask_keys;

void
tls_sign_by(tls_sign_fn *fn)
{
	ask = fn;
}

/* ---- the program keys ---- */

/* What the library says of a handshake that failed because of us. */
enum {
	SILENT = 100,
	UNSIGNED,
};

static ERR_STRING_DATA reasons[] = {
	{ ERR_PACK(0, 0, SILENT), "the program keys does not answer" },
	{ ERR_PACK(0, 0, UNSIGNED), "the program keys does not sign" },
	{ 0, NULL },
};

static int reasons_index;
static uint32_t last_number;
static int64_t silent_until; /* monotonic */

/* The signature that was asked for under this number; an older answer may stand
 * in front of it. */
static bool
hear(struct chan *keys, int64_t until, struct buf *signature)
{
	static struct buf packet;
	struct msg_signed m = { 0 };

	do {
		if (!chan_hear_now(keys, MSG_signed, until, &packet))
			return false;
		/* Behind the type. */
		if (!msg_get_signed(&m, packet.text + 4, packet.len - 4))
			return false;
	} while (m.number != last_number);
	buf_add(signature, m.signature.at, m.signature.len);
	return m.signature.len > 0;
}

static bool
fail(int reason)
{
	ERR_raise(reasons_index, reason);
	return false;
}

static bool
ask_keys(const uint8_t name[TLS_DIGEST], enum tls_sign_kind kind,
    struct slice input, struct buf *signature)
{
	struct chan *keys = program_peer(ROLE_KEYS);
	CLEAN_BUF struct buf packet = { 0 };
	int64_t now = clock_mono();

	if (keys == NULL || now < silent_until)
		return fail(SILENT);
	msg_put_sign(&packet,
	    &(struct msg_sign){
		.number = ++last_number,
		.key = { (const char *)name, TLS_DIGEST },
		.kind = (uint8_t)kind,
		.input = input,
	    });
	if (!chan_say_now(keys, &packet))
		return fail(SILENT);
	if (hear(keys, now + PATIENCE, signature))
		return true;
	if (clock_mono() < now + PATIENCE)
		return fail(UNSIGNED);
	silent_until = clock_mono() + RESPITE;
	return fail(SILENT);
}

bool
tls_sign_late(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_signed m;

	(void)c;
	close_fd(&fd);
	silent_until = 0;
	return msg_get_signed(&m, body, len);
}

/* ---- methods ---- */

static int ec_index = -1, rsa_index = -1;
static EC_KEY_METHOD *ec_method;
static RSA_METHOD *rsa_method;

static void
free_name(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

static int
sign_ec(int type, const unsigned char *digest, int n, unsigned char *sig,
    unsigned int *len, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
	CLEAN_BUF struct buf out = { 0 };
	const uint8_t *name = EC_KEY_get_ex_data(key, ec_index);

	(void)type, (void)kinv, (void)r;
	if (name == NULL || n < 0 ||
	    !ask(name, SIGN_ECDSA,
		(struct slice){ (const char *)digest, (size_t)n }, &out) ||
	    out.len > (size_t)ECDSA_size(key))
		return 0;
	memcpy(sig, out.text, out.len);
	*len = (unsigned int)out.len;
	return 1;
}

static int
sign_rsa(int n, const unsigned char *from, unsigned char *to, RSA *key,
    int padding)
{
	CLEAN_BUF struct buf out = { 0 };
	const uint8_t *name = RSA_get_ex_data(key, rsa_index);
	enum tls_sign_kind kind = padding == RSA_PKCS1_PADDING ? SIGN_RSA_PKCS1
							       : SIGN_RSA_PSS;

	if (name == NULL || n < 0 ||
	    (padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING) ||
	    !ask(name, kind, (struct slice){ (const char *)from, (size_t)n },
		&out) ||
	    out.len != (size_t)RSA_size(key))
		return -1;
	memcpy(to, out.text, out.len);
	return (int)out.len;
}

/* Nobody decrypts with the key of a certificate. */
static int
refuse_rsa(int n, const unsigned char *from, unsigned char *to, RSA *key,
    int padding)
{
	(void)n, (void)from, (void)to, (void)key, (void)padding;
	return -1;
}

static void
make_methods(void)
{
	if (ec_method != NULL)
		return;
	ec_index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, free_name);
	rsa_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, free_name);
	ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	reasons_index = ERR_get_next_error_library();
	if (ec_index < 0 || rsa_index < 0 || ec_method == NULL ||
	    rsa_method == NULL || ERR_load_strings(reasons_index, reasons) != 1)
		log_fatal("TLS: %s", tls_reason());
	EC_KEY_METHOD_set_sign(ec_method, sign_ec, NULL, NULL);
	RSA_meth_set_priv_enc(rsa_method, sign_rsa);
	RSA_meth_set_priv_dec(rsa_method, refuse_rsa);
	RSA_meth_set_flags(rsa_method,
	    RSA_METHOD_FLAG_NO_CHECK | RSA_FLAG_EXT_PKEY);
}

static EVP_PKEY *
wrap_ec(EVP_PKEY *public, uint8_t *name)
{
	EC_KEY *ec = EVP_PKEY_get1_EC_KEY(public);
	EVP_PKEY *out = EVP_PKEY_new();

	if (ec == NULL || out == NULL || EC_KEY_get0_private_key(ec) != NULL ||
	    EC_KEY_set_method(ec, ec_method) != 1 ||
	    EC_KEY_set_ex_data(ec, ec_index, name) != 1) {
		free(name);
		EC_KEY_free(ec);
		EVP_PKEY_free(out);
		return NULL;
	}
	if (EVP_PKEY_assign_EC_KEY(out, ec) == 1)
		return out;
	EC_KEY_free(ec);
	EVP_PKEY_free(out);
	return NULL;
}

static EVP_PKEY *
wrap_rsa(EVP_PKEY *public, uint8_t *name)
{
	RSA *rsa = EVP_PKEY_get1_RSA(public);
	EVP_PKEY *out = EVP_PKEY_new();

	if (rsa == NULL || out == NULL || RSA_get0_d(rsa) != NULL ||
	    RSA_set_method(rsa, rsa_method) != 1 ||
	    RSA_set_ex_data(rsa, rsa_index, name) != 1) {
		free(name);
		RSA_free(rsa);
		EVP_PKEY_free(out);
		return NULL;
	}
	if (EVP_PKEY_assign_RSA(out, rsa) == 1)
		return out;
	RSA_free(rsa);
	EVP_PKEY_free(out);
	return NULL;
}

EVP_PKEY *
tls_sign_key(X509 *cert)
{
	EVP_PKEY *public = X509_get0_pubkey(cert);
	uint8_t *name = xcalloc(1, TLS_DIGEST);

	make_methods();
	if (public != NULL && tls_key_name(cert, name)) {
		if (EVP_PKEY_is_a(public, "EC"))
			return wrap_ec(public, name);
		if (EVP_PKEY_is_a(public, "RSA"))
			return wrap_rsa(public, name);
	}
	free(name);
	return NULL;
}

/* ---- chains ---- */

static X509 *
get_cert(struct wire *w)
{
	struct slice der = wire_get_blob(w);
	const unsigned char *at = (const unsigned char *)der.at;

	return d2i_X509(NULL, &at, (long)der.len);
}

static bool
get_leaf(struct tls_leaf *out, struct slice certs)
{
	struct wire w = wire_open(certs.at, certs.len);

	out->cert = get_cert(&w);
	out->more = sk_X509_new_null();
	if (out->cert == NULL || out->more == NULL)
		return false;
	out->key = tls_sign_key(out->cert);
	bool ok = out->key != NULL && tls_key_name(out->cert, out->name);
	while (ok && wire_more(&w)) {
		X509 *above = get_cert(&w);

		ok = above != NULL && sk_X509_push(out->more, above) > 0;
		if (!ok)
			X509_free(above);
	}
	return ok && wire_done(&w);
}

bool
tls_sign_chain(struct tls_chain *out, struct slice leaves)
{
	struct wire w = wire_open(leaves.at, leaves.len);
	struct tls_chain c = { 0 };
	bool ok = true;

	silent_until = 0; /* it says something */
	while (ok && wire_more(&w) && c.n < TLS_LEAVES)
		ok = get_leaf(&c.leaves[c.n++], wire_get_blob(&w));
	if (!ok || !wire_done(&w) || c.n == 0) {
		tls_chain_free(&c);
		return false;
	}
	*out = c;
	return true;
}
