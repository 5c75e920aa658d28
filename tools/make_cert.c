/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "make_cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "str.h"

#define GOOD_FOR (3650L * 24 * 3600)

/* RFC 5280 4.1.2.2: positive, and nobody's before. */
static bool
set_serial(X509 *cert)
{
	unsigned char bytes[16];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)(bytes[0] & 0x7f) | 0x40;
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n != NULL &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

/* The subject's name is 64 characters at most; names count as RFC 6125 has it
 * in the extension alone. */
static bool
set_subject(X509 *cert, const char *host)
{
	X509_NAME *name = X509_get_subject_name(cert);
	int len = (int)MIN(strlen(host), (size_t)64);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		   (const unsigned char *)host, len, -1, 0) == 1 &&
	    X509_set_issuer_name(cert, name) == 1;
}

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = e != NULL && X509_add_ext(cert, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static bool
add_names(X509 *cert, const char *host, const char *domain)
{
	CLEAN_BUF struct buf names = { 0 };

	buf_addf(&names, "DNS:%s", host);
	if (domain[0] != '\0' && !str_eq_nocase(domain, host))
		buf_addf(&names, ",DNS:%s", domain);
	return add_extension(cert, NID_subject_alt_name, buf_str(&names));
}

static bool
fill(X509 *cert, EVP_PKEY *key, const char *host, const char *domain)
{
	return X509_set_version(cert, 2) == 1 && set_serial(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), GOOD_FOR) != NULL &&
	    X509_set_pubkey(cert, key) == 1 && set_subject(cert, host) &&
	    add_names(cert, host, domain) &&
	    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    X509_sign(cert, key, EVP_sha256()) > 0;
}

static bool
put(struct buf *pem, EVP_PKEY *key, X509 *cert)
{
	BIO *out = BIO_new(BIO_s_secmem());
	char *text;
	bool ok = out != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL,
		NULL) == 1 &&
	    PEM_write_bio_X509(out, cert) == 1;

	if (ok) {
		long n = BIO_get_mem_data(out, &text);
		buf_add(pem, text, (size_t)n);
	}
	BIO_free(out);
	return ok;
}

bool
make_cert(struct buf *pem, const char *host, const char *domain)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	bool ok = key != NULL && cert != NULL &&
	    fill(cert, key, host, domain) && put(pem, key, cert);

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}
