/*
 * smtpd_cert - the certificate that a client has shown.
 *
 * Handshakes do not fail for what it is worth: that is told in the log and in
 * Received, and restrictions decide by it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "buf.h"

struct smtpd_cert {
	char *subject; /* its CN; names are fit for a comment */
	char *issuer;  /* the CN of who signed it, or its O */
	char *print;   /* of the certificate, "AB:CD:..." */
	char *key;     /* of its public key */
	bool trusted;  /* by smtpd_tls_CAfile */
};

/* NULL where the client has shown none.  To be destroyed. */
struct smtpd_cert *smtpd_cert_new(SSL *ssl);
void smtpd_cert_destroy(struct smtpd_cert **c);

/* Of the certificate, NULL for none: the log's word (Anonymous, Untrusted,
 * Trusted), and what Received says. */
const char *smtpd_cert_word(const struct smtpd_cert *c);
void smtpd_cert_comment(const struct smtpd_cert *c, struct buf *out);
