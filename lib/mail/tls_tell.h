/*
 * tls_tell - what the log says of handshakes and certificates, beside
 * tls_describe().
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

/* The CN of whom the certificate is for, and of who signed it (or its O); ""
 * for none.  Fit for a comment of a header field, whatever stands there; to be
 * freed. */
char *tls_subject(const X509 *cert);
char *tls_issuer(const X509 *cert);

/* Tells fn each step of the handshake that is to come, and its alerts, as
 * Postfix logs them: "SSL_connect:SSLv3/TLS write client hello".  A program has
 * one such function; arg must live as long as the connection. */
typedef void tls_step_fn(void *arg, const char *step);
void tls_tell_steps(SSL *ssl, tls_step_fn *fn, void *arg);
