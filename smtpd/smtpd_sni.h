/*
 * smtpd_sni - certificates for the names that clients ask for.
 *
 * A name that is not in tls_server_sni_maps gets the certificate of the
 * service, as one whose certificate could not be read does.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "tls_chain.h"

/* Before the rights are given up. */
void smtpd_sni_open(void);

/* These files are in force for the names that have them; takes the chain. */
void smtpd_sni_take(const char *files, struct tls_chain *chain);

/* Has a context ask for the name. */
void smtpd_sni_use(SSL_CTX *ctx);
