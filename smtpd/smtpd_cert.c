/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_cert.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "param.h"
#include "str.h"
#include "tls.h"

#define NAME_MAX_SHOWN 256

/* Fit for a comment of a header field, whatever the client has put in. */
static char *
clean(const unsigned char *text, int len)
{
	CLEAN_BUF struct buf b = { 0 };

	str_printable(&b, (const char *)text, len > 0 ? (size_t)len : 0,
	    NAME_MAX_SHOWN);
	for (size_t i = 0; i < b.len; i++)
		if (strchr("()\\\"", b.text[i]) != NULL)
			b.text[i] = '?';
	return xstrdup(buf_str(&b));
}

/* The last value of that kind, as the most special one; NULL for none. */
static char *
part_of(const X509_NAME *name, int nid)
{
	unsigned char *text = NULL;
	int at = -1, last = -1;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	if (last < 0)
		return NULL;
	int len = ASN1_STRING_to_UTF8(&text,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	char *part = len >= 0 ? clean(text, len) : NULL;
	OPENSSL_free(text);
	return part;
}

static char *
issuer_of(const X509 *cert)
{
	const X509_NAME *name = X509_get_issuer_name(cert);
	char *issuer = part_of(name, NID_commonName);

	if (issuer == NULL)
		issuer = part_of(name, NID_organizationName);
	return issuer != NULL ? issuer : xstrdup("");
}

struct smtpd_cert *
smtpd_cert_new(SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	struct buf print = { 0 }, key = { 0 };

	if (cert == NULL)
		return NULL;
	tls_fingerprint(&print, cert, params.smtpd_tls_fingerprint_digest);
	tls_key_fingerprint(&key, cert, params.smtpd_tls_fingerprint_digest);
	char *subject = part_of(X509_get_subject_name(cert), NID_commonName);
	struct smtpd_cert *c = xcalloc(1, sizeof(*c));
	*c = (struct smtpd_cert){
		.subject = subject != NULL ? subject : xstrdup(""),
		.issuer = issuer_of(cert),
		.print = buf_take(&print),
		.key = buf_take(&key),
		.trusted = SSL_get_verify_result(ssl) == X509_V_OK,
	};
	return c;
}

void
smtpd_cert_destroy(struct smtpd_cert **cp)
{
	struct smtpd_cert *c = *cp;

	if (c == NULL)
		return;
	free(c->subject);
	free(c->issuer);
	free(c->print);
	free(c->key);
	free(c);
	*cp = NULL;
}

const char *
smtpd_cert_word(const struct smtpd_cert *c)
{
	if (c == NULL)
		return "Anonymous";
	return c->trusted ? "Trusted" : "Untrusted";
}

void
smtpd_cert_comment(const struct smtpd_cert *c, struct buf *out)
{
	if (c != NULL)
		buf_addf(out, "Client CN \"%s\", Issuer \"%s\" (%s)",
		    c->subject, c->issuer,
		    c->trusted ? "verified OK" : "not verified");
	else if (params.smtpd_tls_ask_ccert || params.smtpd_tls_req_ccert)
		buf_adds(out, "Client did not present a certificate");
	else
		buf_adds(out, "No client certificate requested");
}
