/*
 * smtp_resume - TLS sessions that a next connection to the same host may go on
 * with, which saves both sides the work of a signature.
 *
 * They lie in the memory of the process.  A session is only used where all
 * is the same as when it was made: next hop, host, address, port, and every
 * word of the policy with the TLSA records; what the host proved then, it was
 * asked to prove.  One of TLS 1.3 is used once (RFC 8446 C.4), so as many are
 * kept of a host as there are connections to it at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

/* All connections of this context from now on. */
void smtp_resume_start(SSL_CTX *ctx);

/* Goes on with a session that was kept under this name, if there is one, and
 * keeps those that the host offers. */
void smtp_resume_use(SSL *ssl, const char *name);

/* The host is not what was asked for: nothing of it is kept. */
void smtp_resume_forget(SSL *ssl);
