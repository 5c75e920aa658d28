/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_cert.h"

#include <stdlib.h>

#include "param.h"
#include "tls.h"
#include "tls_tell.h"

struct smtpd_cert *
smtpd_cert_new(SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	struct buf print = { 0 }, key = { 0 };

	if (cert == NULL)
		return NULL;
	tls_fingerprint(&print, cert, params.smtpd_tls_fingerprint_digest);
	tls_key_fingerprint(&key, cert, params.smtpd_tls_fingerprint_digest);
	struct smtpd_cert *c = xcalloc(1, sizeof(*c));
	*c = (struct smtpd_cert){
		.subject = tls_subject(cert),
		.issuer = tls_issuer(cert),
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
