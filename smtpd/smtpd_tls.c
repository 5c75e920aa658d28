/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_tls.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "smtpd_sni.h"
#include "tls_sign.h"

#define NAME_LEN   16
#define SECRET_LEN 32

/* A secret that seals session tickets. */
struct secret {
	unsigned char name[NAME_LEN], cipher[SECRET_LEN], mac[SECRET_LEN];
	bool known;
};

static struct buf files; /* whose certificates are ours */
static const char *listener;
static SSL_CTX *ctx;
static struct secret secrets[2]; /* in force, and the last one */
static EVP_CIPHER *sealing;      /* of tickets */
static X509_STORE *authorities;  /* who may vouch for clients */
static STACK_OF(X509_NAME) * authority_names;

/* Without them nobody is trusted. */
static void
open_authorities(void)
{
	const char *path = params.smtpd_tls_CAfile;

	authorities = X509_STORE_new();
	if (authorities == NULL)
		log_fatal("TLS: %s", tls_reason());
	if (path[0] == '\0')
		return;
	authority_names = SSL_load_client_CA_file(path);
	if (authority_names == NULL ||
	    X509_STORE_load_file(authorities, path) != 1)
		log_warn("smtpd_tls_CAfile: %s: %s: no client is trusted", path,
		    tls_reason());
}

static bool
asks_certificates(void)
{
	return params.smtpd_tls_ask_ccert || params.smtpd_tls_req_ccert;
}

bool
smtpd_tls_requires_certificates(void)
{
	return params.smtpd_tls_req_ccert &&
	    smtpd_tls_policy() == SMTPD_TLS_MUST;
}

static SSL_CTX *new_context(void);

void
smtpd_tls_open(const char *service)
{
	tls_start();
	/* Once: the library looks long for it. */
	sealing = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (sealing == NULL)
		log_fatal("TLS: %s", tls_reason());
	tls_server_files(&files);
	listener = service;
	smtpd_sni_open();
	if (asks_certificates())
		open_authorities();
	if (params.smtpd_tls_req_ccert && !smtpd_tls_requires_certificates())
		log_warn("smtpd_tls_req_ccert: certificates cannot be required "
			 "where TLS is not: only asked for");
	/* Parameters that leave nothing are told of at the start. */
	SSL_CTX_free(new_context());
}

enum smtpd_tls_policy
smtpd_tls_policy(void)
{
	if (params.smtpd_tls_wrappermode ||
	    str_eq(params.smtpd_tls_security_level, "encrypt"))
		return SMTPD_TLS_MUST;
	return str_eq(params.smtpd_tls_security_level, "may") ? SMTPD_TLS_MAY
							      : SMTPD_TLS_NONE;
}

bool
smtpd_tls_ready(void)
{
	return ctx != NULL;
}

SSL *
smtpd_tls_new(void)
{
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}

/* ---- what is negotiated ---- */

/* RFC 7301.  A client that offers protocols, and not this one, believes to
 * speak with somebody else. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int n, void *arg)
{
	static const char smtp[] = "smtp";

	(void)ssl, (void)arg;
	for (unsigned int at = 0; at < n && at + 1 + in[at] <= n;
	     at += 1u + in[at]) {
		if (in[at] != sizeof(smtp) - 1 ||
		    memcmp(in + at + 1, smtp, sizeof(smtp) - 1) != 0)
			continue;
		*out = in + at + 1;
		*out_len = in[at];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static const struct secret *
find_secret(const unsigned char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		if (secrets[i].known &&
		    memcmp(secrets[i].name, name, NAME_LEN) == 0)
			return &secrets[i];
	return NULL;
}

static bool
set_mac(EVP_MAC_CTX *mac, const struct secret *secret)
{
	char digest[] = "SHA256";
	OSSL_PARAM how[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
		    (void *)(uintptr_t)secret->mac, SECRET_LEN),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		    0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, how) == 1;
}

/* Seals a ticket or opens one: 1 done, 2 opened and to be renewed, 0 no. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	const struct secret *secret = seal ? &secrets[0] : find_secret(name);

	if (secret == NULL || !secret->known)
		return 0;
	if (seal) {
		memcpy(name, secret->name, NAME_LEN);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(sealing)) != 1 ||
		    EVP_EncryptInit_ex(cipher, sealing, NULL, secret->cipher,
			iv) != 1)
			return -1;
	} else if (EVP_DecryptInit_ex(cipher, sealing, NULL, secret->cipher,
		       iv) != 1) {
		return -1;
	}
	if (!set_mac(mac, secret))
		return -1;
	/* One of TLS 1.3 is used once (RFC 8446 C.4): another is given. */
	bool spent = SSL_version(ssl) == TLS1_3_VERSION;
	return !seal && (spent || secret != &secrets[0]) ? 2 : 1;
}

/* ---- the context ---- */

static void
set_tickets(SSL_CTX *new)
{
	size_t len = MIN(strlen(listener), (size_t)SSL_MAX_SID_CTX_LENGTH);

	SSL_CTX_set_session_cache_mode(new, SSL_SESS_CACHE_OFF);
	if (params.smtpd_tls_session_cache_timeout == 0) {
		SSL_CTX_set_options(new, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(new, 0);
		return;
	}
	SSL_CTX_set_timeout(new,
	    (long)(params.smtpd_tls_session_cache_timeout / SECOND));
	SSL_CTX_set_num_tickets(new, 1);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(new, on_ticket);
	if (SSL_CTX_set_session_id_context(new, (const unsigned char *)listener,
		(unsigned int)len) != 1)
		log_fatal("TLS: %s", tls_reason());
}

/* What a certificate is worth is judged later. */
static int
on_certificate(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static void
set_certificates(SSL_CTX *new)
{
	if (!asks_certificates())
		return;
	SSL_CTX_set_verify(new, SSL_VERIFY_PEER, on_certificate);
	SSL_CTX_set_verify_depth(new, (int)params.smtpd_tls_ccert_verifydepth);
	if (SSL_CTX_set1_verify_cert_store(new, authorities) != 1)
		log_fatal("TLS: %s", tls_reason());
	if (authority_names != NULL)
		SSL_CTX_set_client_CA_list(new,
		    SSL_dup_CA_list(authority_names));
}

static SSL_CTX *
new_context(void)
{
	bool must = smtpd_tls_policy() == SMTPD_TLS_MUST;
	struct tls_ciphers ciphers = {
		.grade = must ? params.smtpd_tls_mandatory_ciphers
			      : params.smtpd_tls_ciphers,
		.without = params.smtpd_tls_exclude_ciphers,
		.more = must ? params.smtpd_tls_mandatory_exclude_ciphers
			     : NULL,
	};
	SSL_CTX *new = tls_context(TLS_server_method(),
	    must ? params.smtpd_tls_mandatory_protocols
		 : params.smtpd_tls_protocols,
	    &ciphers);

	SSL_CTX_set_options(new, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_alpn_select_cb(new, on_alpn, NULL);
	set_tickets(new);
	set_certificates(new);
	smtpd_sni_use(new);
	return new;
}

static bool
use_chain(SSL_CTX *new, const struct tls_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (SSL_CTX_use_cert_and_key(new, c->leaves[i].cert,
			c->leaves[i].key, c->leaves[i].more, 1) != 1)
			return false;
	return true;
}

/* The certificates of the service itself: a new context. */
static void
replace(const char *names, const struct tls_chain *c)
{
	SSL_CTX *new = new_context();

	if (!use_chain(new, c)) {
		log_warn("%s: TLS: %s: %s", names, tls_reason(),
		    ctx != NULL ? "the old certificate stays" : "no TLS");
		SSL_CTX_free(new);
		return;
	}
	SSL_CTX_free(ctx);
	ctx = new;
}

/* ---- messages of the program keys ---- */

bool
smtpd_tls_cert(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_cert m;

	(void)c;
	close_fd(&fd);
	if (!msg_get_cert(&m, body, len))
		return false;
	if (smtpd_tls_policy() == SMTPD_TLS_NONE)
		return true;
	struct tls_chain chain = { 0 };
	if (!tls_sign_chain(&chain, m.leaves)) {
		log_warn("%s: TLS: %s: not used", m.files, tls_reason());
		return true;
	}
	if (str_eq(m.files, buf_str(&files)))
		replace(m.files, &chain);
	smtpd_sni_take(m.files, &chain);
	return true;
}

bool
smtpd_tls_ticket(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_ticket m;

	(void)c;
	close_fd(&fd);
	if (!msg_get_ticket(&m, body, len) || m.name.len != NAME_LEN ||
	    m.cipher.len != SECRET_LEN || m.mac.len != SECRET_LEN)
		return false;
	secrets[1] = secrets[0];
	memcpy(secrets[0].name, m.name.at, NAME_LEN);
	memcpy(secrets[0].cipher, m.cipher.at, SECRET_LEN);
	memcpy(secrets[0].mac, m.mac.at, SECRET_LEN);
	secrets[0].known = true;
	return true;
}
