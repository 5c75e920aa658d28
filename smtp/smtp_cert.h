/*
 * smtp_cert - the certificate that is shown to a host which asks for one.
 *
 * It comes from the program keys, which has the private key and signs
 * (tls_sign.h), and again whenever its files have changed; a connection shows
 * the one that is there when it begins.  While keys is not there, connections
 * are made without it: most hosts do not ask.  One that relays for whom it
 * knows may refuse us then, and means the connection, not the mail: what it
 * refuses for good is tried again (smtp_fate_refusal()).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "chan.h"

/* Before the rights are given up: which one is ours. */
void smtp_cert_open(void);

/* For the rules: keys sends one. */
bool smtp_cert_take(struct chan *c, const void *body, size_t len, int fd);

/* One is to be shown; and can be. */
bool smtp_cert_is_wanted(void);
bool smtp_cert_is_ready(void);

/* Shows it on this connection.  The first connection waits for it; where there
 * is none, none is shown, and the log says so once.  False where the library
 * refuses it. */
MUST_CHECK bool smtp_cert_use(SSL *ssl);

/* What tells it from others: its fingerprints; "" where none is shown. */
const char *smtp_cert_name(void);
