/*
 * tls - what both sides of TLS have in common: the library's start,
 * versions and ciphers as main.conf names them, and how a connection is
 * described.
 *
 * The library reads no configuration of the system and opens no file after
 * tls_start(), so that it works in programs that can open none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/ssl.h>

#include "buf.h"
#include "str.h"

#define TLS_DIGEST 32 /* of SHA-256 */

/* Before the rights are given up.  Ends in log_fatal where the library does not
 * work. */
void tls_start(void);

/* A list such as ">=TLSv1.2", "TLSv1.2, TLSv1.3" or "!SSLv3, !TLSv1": the
 * lowest and the highest version.  What lies below one that is left out is left
 * out too.  False with why. */
MUST_CHECK bool tls_parse_protocols(const char *list, int *lowest, int *highest,
    const char **why);

/* Such a list allows a version older than TLS 1.2. */
bool tls_is_old(const char *protocols);

/* The library's own measure of what is safe, for a lowest version: it would
 * leave out the old ones.  What is too weak is in our lists. */
int tls_security_level(int lowest);

/* Those of a grade ("medium" or "high") without those of two lists, each of
 * which may be NULL. */
struct tls_ciphers {
	const char *grade;
	const char *without;
	const char *more;
};

/* A context for one side with versions and ciphers set; never NULL.  The lists
 * were checked when they were read; where they leave no cipher it ends in
 * log_fatal. */
MUST_CHECK SSL_CTX *tls_context(const SSL_METHOD *side, const char *protocols,
    const struct tls_ciphers *ciphers);

/* The library's list of them. */
void tls_put_ciphers(struct buf *out, const struct tls_ciphers *ciphers);

/* A list of what the library may call a cipher or a kind of them, and nothing
 * else; false with why. */
MUST_CHECK bool tls_ciphers_are_named(const char *list, const char **why);

/* "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange
 * X25519 server-signature ECDSA (P-256) server-digest SHA256", as Postfix
 * logs it. */
void tls_describe(struct buf *out, SSL *ssl);

/* The digest ("sha256") of the certificate, or of its public key
 * (SubjectPublicKeyInfo), as hexadecimal bytes parted by colons. */
void tls_fingerprint(struct buf *out, const X509 *cert, const char *digest);
void tls_key_fingerprint(struct buf *out, const X509 *cert, const char *digest);

/* The SHA-256 of the public key: the name of its private key. */
MUST_CHECK bool tls_key_name(const X509 *cert, uint8_t name[TLS_DIGEST]);

/* Where the server's key and certificates lie, by the parameters as they are
 * now: paths parted by blanks. */
void tls_server_files(struct buf *out);

/* The same of what is shown to other hosts; nothing where nothing is. */
void tls_client_files(struct buf *out);

/* The first reason that the library gives for what failed, and forgets all. */
const char *tls_reason(void);
