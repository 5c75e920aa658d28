/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tls_chain.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "clock.h"

#define CERTS_MAX 32

/* What a PEM text holds, in its order. */
struct pile {
	X509 *certs[CERTS_MAX];
	EVP_PKEY *keys[TLS_LEAVES];
	size_t n_certs, n_keys;
};

static void
free_pile(struct pile *p)
{
	for (size_t i = 0; i < p->n_certs; i++)
		X509_free(p->certs[i]);
	for (size_t i = 0; i < p->n_keys; i++)
		EVP_PKEY_free(p->keys[i]);
}

static bool
add_cert(struct pile *p, const unsigned char *der, long len, const char **why)
{
	X509 *cert = d2i_X509(NULL, &der, len);

	*why = "a certificate that cannot be read";
	if (cert == NULL)
		return false;
	*why = "too many certificates";
	if (p->n_certs == CERTS_MAX) {
		X509_free(cert);
		return false;
	}
	p->certs[p->n_certs++] = cert;
	return true;
}

/* A key of another kind cannot be kept in a program of its own. */
static bool
add_key(struct pile *p, const unsigned char *der, long len, const char **why)
{
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, len);

	*why = "a key that cannot be read";
	if (key == NULL)
		return false;
	*why = p->n_keys == TLS_LEAVES ? "too many keys"
				       : "a key that is neither RSA nor EC";
	if (p->n_keys == TLS_LEAVES ||
	    (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC"))) {
		EVP_PKEY_free(key);
		return false;
	}
	p->keys[p->n_keys++] = key;
	return true;
}

static bool
add_object(struct pile *p, const char *name, const char *header,
    const unsigned char *der, long len, const char **why)
{
	size_t n = strlen(name);
	bool key = n >= 11 && str_eq(name + n - 11, "PRIVATE KEY");

	if (key && (header[0] != '\0' || strstr(name, "ENCRYPTED") != NULL)) {
		*why = "the key is locked by a pass phrase";
		return false;
	}
	if (key)
		return add_key(p, der, len, why);
	if (str_eq(name, "CERTIFICATE") || str_eq(name, "X509 CERTIFICATE"))
		return add_cert(p, der, len, why);
	return true; /* parameters, and words of other programs */
}

static bool
read_pile(struct pile *p, const struct buf *text, const char **why)
{
	BIO *in = BIO_new_mem_buf(buf_str(text), (int)text->len);
	char *name, *header;
	unsigned char *der;
	bool ok = in != NULL;
	long len;

	while (ok && PEM_read_bio(in, &name, &header, &der, &len) == 1) {
		ok = add_object(p, name, header, der, len, why);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len);
	}
	(void)tls_reason(); /* the end of the text counts as an error */
	BIO_free(in);
	return ok;
}

static EVP_PKEY *
key_of(const struct pile *p, const X509 *cert)
{
	for (size_t i = 0; i < p->n_keys; i++)
		if (EVP_PKEY_eq(X509_get0_pubkey(cert), p->keys[i]) == 1)
			return p->keys[i];
	(void)tls_reason(); /* of keys that cannot be compared */
	return NULL;
}

static bool
has_leaf_for(const struct tls_chain *c, const EVP_PKEY *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->leaves[i].key == key)
			return true;
	return false;
}

static bool
add_leaf(struct tls_chain *c, X509 *cert, EVP_PKEY *key)
{
	struct tls_leaf *leaf = &c->leaves[c->n];

	/* The same certificate in two files is one. */
	if (has_leaf_for(c, key))
		return true;
	leaf->more = sk_X509_new_null();
	if (leaf->more == NULL || !tls_key_name(cert, leaf->name) ||
	    X509_up_ref(cert) != 1 || EVP_PKEY_up_ref(key) != 1) {
		sk_X509_free(leaf->more);
		leaf->more = NULL;
		return false;
	}
	leaf->cert = cert;
	leaf->key = key;
	c->n++;
	return true;
}

static bool
add_more(struct tls_leaf *leaf, X509 *cert)
{
	return X509_up_ref(cert) == 1 && sk_X509_push(leaf->more, cert) > 0;
}

static bool
sort_pile(struct tls_chain *c, const struct pile *p, const char **why)
{
	*why = "no memory";
	for (size_t i = 0; i < p->n_certs; i++) {
		X509 *cert = p->certs[i];
		EVP_PKEY *key = key_of(p, cert);

		if (key != NULL
			? !add_leaf(c, cert, key)
			: c->n > 0 && !add_more(&c->leaves[c->n - 1], cert))
			return false;
		if (key == NULL && c->n == 0) {
			*why = "the key does not belong to the certificate";
			return false;
		}
	}
	for (size_t i = 0; i < p->n_keys; i++)
		if (!has_leaf_for(c, p->keys[i])) {
			*why = "there is no certificate for the key";
			return false;
		}
	return true;
}

bool
tls_chain_read(struct tls_chain *out, const struct buf *text, const char **why)
{
	struct tls_chain c = { 0 };
	struct pile p = { 0 };

	bool ok = read_pile(&p, text, why);
	if (ok && (p.n_keys == 0 || p.n_certs == 0)) {
		*why = p.n_keys == 0 ? "there is no private key"
				     : "there is no certificate";
		ok = false;
	}
	ok = ok && sort_pile(&c, &p, why);
	free_pile(&p);
	if (!ok) {
		tls_chain_free(&c);
		return false;
	}
	*out = c;
	return true;
}

void
tls_chain_free(struct tls_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		X509_free(c->leaves[i].cert);
		sk_X509_pop_free(c->leaves[i].more, X509_free);
		EVP_PKEY_free(c->leaves[i].key);
	}
	*c = (struct tls_chain){ 0 };
}

/* ---- faults ---- */

/* Each certificate is signed by the next. */
static bool
chain_holds(const struct tls_leaf *leaf)
{
	X509 *below = leaf->cert;

	for (int i = 0; i < sk_X509_num(leaf->more); i++) {
		X509 *above = sk_X509_value(leaf->more, i);

		if (X509_check_issued(above, below) != X509_V_OK ||
		    X509_verify(below, X509_get0_pubkey(above)) != 1)
			return false;
		below = above;
	}
	return true;
}

static uint32_t
faults_of(const struct tls_leaf *leaf, const char *host, time_t now)
{
	uint32_t faults = 0;

	if (X509_cmp_time(X509_get0_notAfter(leaf->cert), &now) < 0)
		faults |= TLS_EXPIRED;
	if (X509_cmp_time(X509_get0_notBefore(leaf->cert), &now) > 0)
		faults |= TLS_NOT_YET;
	if (host[0] != '\0' &&
	    X509_check_host(leaf->cert, host, strlen(host), 0, NULL) != 1)
		faults |= TLS_OTHER_NAME;
	if (!chain_holds(leaf))
		faults |= TLS_BROKEN_CHAIN;
	return faults;
}

uint32_t
tls_chain_faults(const struct tls_chain *c, const char *host, int64_t now)
{
	uint32_t faults = 0;

	for (size_t i = 0; i < c->n; i++)
		faults |= faults_of(&c->leaves[i], host,
		    (time_t)(now / SECOND));
	(void)tls_reason();
	return faults;
}

const char *
tls_fault_text(uint32_t faults)
{
	if ((faults & TLS_EXPIRED) != 0)
		return "the certificate has expired";
	if ((faults & TLS_NOT_YET) != 0)
		return "the certificate is not valid yet";
	if ((faults & TLS_BROKEN_CHAIN) != 0)
		return "a certificate of the chain is not signed by the next";
	if ((faults & TLS_OTHER_NAME) != 0)
		return "the certificate does not have this host's name";
	return "";
}

int64_t
tls_chain_days(const struct tls_chain *c, int64_t now)
{
	time_t seconds = (time_t)(now / SECOND);
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < c->n; i++) {
		int days = 0, rest = 0;
		ASN1_TIME *from = ASN1_TIME_set(NULL, seconds);

		if (from != NULL &&
		    ASN1_TIME_diff(&days, &rest, from,
			X509_get0_notAfter(c->leaves[i].cert)) == 1)
			least = MIN(least, (int64_t)days - (rest < 0 ? 1 : 0));
		ASN1_TIME_free(from);
	}
	return least;
}

void
tls_chain_put_days(struct buf *out, int64_t days)
{
	if (days < 1)
		buf_adds(out, "in less than a day");
	else
		buf_addf(out, "in %lld day%s", (long long)days,
		    days == 1 ? "" : "s");
}
