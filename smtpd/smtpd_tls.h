/*
 * smtpd_tls - TLS towards clients: the context in force, and its parts that the
 * program keys sends.  No private key is here.
 *
 * A new certificate makes a new context; connections keep the one that they
 * began with.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "chan.h"
#include "smtpd_session.h"

/* Before the rights are given up. */
void smtpd_tls_open(const char *service);

/* What holds for clients of the net. */
enum smtpd_tls_policy smtpd_tls_policy(void);

/* Clients must have certificates that are trusted. */
bool smtpd_tls_requires_certificates(void);

/* There is a certificate. */
bool smtpd_tls_ready(void);

/* A connection, for the server's side; NULL where there is no certificate. */
MUST_CHECK SSL *smtpd_tls_new(void);

/* Messages of the program keys. */
bool smtpd_tls_cert(struct chan *c, const void *body, size_t len, int fd);
bool smtpd_tls_ticket(struct chan *c, const void *body, size_t len, int fd);
