/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tls_binding.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define EXPORTER_LEN ((size_t)32)

static const char label[] = "EXPORTER-Channel-Binding";

void
tls_binding_exporter(struct buf *out, SSL *ssl)
{
	uint8_t octets[EXPORTER_LEN];

	if (SSL_version(ssl) == TLS1_3_VERSION &&
	    SSL_export_keying_material(ssl, octets, sizeof(octets), label,
		sizeof(label) - 1, NULL, 0, 1) == 1)
		buf_add(out, octets, sizeof(octets));
}

void
tls_binding_end_point(struct buf *out, X509 *cert)
{
	int digest = NID_undef;
	uint8_t octets[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (cert == NULL ||
	    X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1 ||
	    digest == NID_undef)
		return;
	if (digest == NID_md5 || digest == NID_sha1)
		digest = NID_sha256;
	const EVP_MD *md = EVP_get_digestbynid(digest);
	if (md != NULL && X509_digest(cert, md, octets, &len) == 1)
		buf_add(out, octets, len);
}
