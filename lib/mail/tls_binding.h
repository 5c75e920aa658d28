/*
 * tls_binding - octets that name one TLS channel, so that a dialogue within can
 * be bound to it (sasl.h): both ends have the same, and nobody in between.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "buf.h"

/* tls-exporter (RFC 9266), of TLS 1.3 alone: nothing else is safe without what
 * both sides may lack before.  Appends nothing where there is none. */
void tls_binding_exporter(struct buf *out, SSL *ssl);

/* tls-server-end-point (RFC 5929 4): the digest of the server's certificate, of
 * the kind that its signature has, but SHA-256 for those that are weak.
 * Appends nothing where the signature has no digest (Ed25519). */
void tls_binding_end_point(struct buf *out, X509 *cert);
