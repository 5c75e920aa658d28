/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_tls.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "dane.h"
#include "log.h"
#include "param.h"
#include "smtp_anchor.h"
#include "smtp_cert.h"
#include "smtp_resume.h"
#include "str.h"
#include "tls.h"
#include "tls_tell.h"

static SSL_CTX *ctx;
static char *usual_ciphers; /* those that the context has */

/* ---- before the rights are given up ---- */

static void
load_file(const char *path)
{
	if (SSL_CTX_load_verify_file(ctx, path) != 1)
		log_warn("smtp_tls_CAfile: %s: %s: no host can be verified",
		    path, tls_reason());
}

/* Every file of the folder is read now, because none can be opened later. */
static void
load_folder(const char *path)
{
	CLEAN_BUF struct buf name = { 0 };
	DIR *folder = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	if (folder == NULL) {
		log_warn("smtp_tls_CApath: %s: %s", path, strerror(errno));
		return;
	}
	while ((e = readdir(folder)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		buf_reset(&name);
		buf_addf(&name, "%s/%s", path, e->d_name);
		n += SSL_CTX_load_verify_file(ctx, buf_str(&name)) == 1;
		(void)tls_reason(); /* other files may lie there too */
	}
	(void)closedir(folder);
	if (n == 0)
		log_warn("smtp_tls_CApath: %s: no certificates", path);
}

void
smtp_tls_open(void)
{
	CLEAN_BUF struct buf list = { 0 };
	struct tls_ciphers ciphers = {
		.grade = params.smtp_tls_ciphers,
		.without = params.smtp_tls_exclude_ciphers,
	};
	const char *why;

	if (!smtp_policy_open(&why))
		log_fatal("smtp_tls_policy_maps: %s", why);
	tls_start();
	ctx = tls_context(TLS_client_method(), params.smtp_tls_protocols,
	    &ciphers);
	tls_put_ciphers(&list, &ciphers);
	usual_ciphers = buf_take(&list);
	/* What a key of the host's own proves, its name and its time need not
	 * (RFC 7671 5.1). */
	if (SSL_CTX_dane_enable(ctx) != 1)
		log_fatal("TLS: %s", tls_reason());
	(void)SSL_CTX_dane_set_flags(ctx, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	smtp_resume_start(ctx);
	smtp_cert_open();
	smtp_anchor_open();
	SSL_CTX_set_verify_depth(ctx, (int)params.smtp_tls_scert_verifydepth);
	if (params.smtp_tls_CAfile[0] != '\0')
		load_file(params.smtp_tls_CAfile);
	if (params.smtp_tls_CApath[0] != '\0')
		load_folder(params.smtp_tls_CApath);
}

/* ---- a connection ---- */

static bool
is_address(const char *host)
{
	return strchr(host, ':') != NULL ||
	    host[strspn(host, "0123456789.")] == '\0';
}

/* OpenSSL copies the name, but wants it as one that could be changed. */
static bool
name_host(SSL *ssl, const struct smtp_tls_peer *peer)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *word = peer->policy->servername;
	const char *name = word[0] == '\0'
	    ? peer->host->name
	    : smtp_policy_name(&a, word, peer->host->name, peer->nexthop);
	CLEAN_STR char *copy = xstrdup(name);

	return is_address(name) || SSL_set_tlsext_host_name(ssl, copy) == 1;
}

/* Setting them costs more than comparing. */
static bool
choose_ciphers(SSL *ssl, const struct smtp_tls_policy *p)
{
	CLEAN_BUF struct buf list = { 0 };

	tls_put_ciphers(&list,
	    &(struct tls_ciphers){
		.grade = p->ciphers,
		.without = params.smtp_tls_exclude_ciphers,
		.more = p->exclude,
	    });
	return str_eq(buf_str(&list), usual_ciphers) ||
	    SSL_set_cipher_list(ssl, buf_str(&list)) == 1;
}

/* A certificate that a trust anchor of the host's vouches for must have one of
 * these names (RFC 7672 3.2.3); the first is also asked for by SNI. */
static bool
name_hosts(SSL *ssl, const struct smtp_tls_peer *peer, const char *base)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *next = smtp_policy_name(&a, "nexthop", NULL, peer->nexthop);

	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_dane_enable(ssl, base) == 1 &&
	    SSL_add1_host(ssl, peer->host->name) == 1 &&
	    SSL_add1_host(ssl, next) == 1;
}

static bool
add_records(SSL *ssl, const struct smtp_tls_peer *peer)
{
	const struct dane *d = peer->policy->dane;

	if (!name_hosts(ssl, peer, d->base))
		return false;
	for (size_t i = 0; i < d->n; i++) {
		const struct dane_record *r = &d->records[i];
		CLEAN_BUF struct buf data = { 0 };

		buf_add(&data, r->data.at, r->data.len);
		if (SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching,
			(unsigned char *)data.text, data.len) != 1)
			return false;
	}
	return true;
}

static bool
choose_names(SSL *ssl, const struct smtp_tls_peer *peer)
{
	const struct smtp_tls_policy *p = peer->policy;

	if (p->level == SMTP_TLS_DANE)
		return add_records(ssl, peer);
	return (p->anchors[0] == '\0' || smtp_anchor_use(ssl, p->anchors)) &&
	    name_host(ssl, peer);
}

/* What must be the same where a session goes on: all that was asked of it. */
static void
name_session(struct buf *out, const struct smtp_tls_peer *peer)
{
	const struct smtp_tls_policy *p = peer->policy;
	const struct dane *d = p->level == SMTP_TLS_DANE ? p->dane : NULL;

	buf_addf(out, "%s\n%s\n%s\n%u\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n",
	    peer->nexthop, peer->host->name, peer->host->address,
	    peer->host->port, smtp_tls_level_name(p->level), p->match,
	    p->anchors, p->protocols, p->ciphers, p->exclude, p->servername);
	buf_addf(out, "%s\n", smtp_cert_name());
	if (d != NULL)
		buf_adds(out, d->base);
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		buf_addc(out, '\n');
		dane_put(out, &d->records[i]);
	}
}

static void
on_step(void *arg, const char *step)
{
	log_info("%s: %s", (const char *)arg, step);
}

SSL *
smtp_tls_new(const struct smtp_tls_peer *peer)
{
	CLEAN_BUF struct buf session = { 0 };
	const struct smtp_tls_policy *p = peer->policy;
	const char *why;
	int lowest, highest;
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL ||
	    !tls_parse_protocols(p->protocols, &lowest, &highest, &why) ||
	    SSL_set_min_proto_version(ssl, lowest) != 1 ||
	    SSL_set_max_proto_version(ssl, highest) != 1 ||
	    !choose_ciphers(ssl, p) || !choose_names(ssl, peer) ||
	    !smtp_cert_use(ssl)) {
		SSL_free(ssl);
		(void)tls_reason(); /* "handshake failure" says it all */
		return NULL;
	}
	SSL_set_security_level(ssl, tls_security_level(lowest));
	name_session(&session, peer);
	smtp_resume_use(ssl, buf_str(&session));
	if (params.smtp_tls_loglevel > 1)
		tls_tell_steps(ssl, on_step, (void *)(uintptr_t)peer->relay);
	SSL_set_connect_state(ssl);
	return ssl;
}

/* ---- what it has proved ---- */

static bool
has_name(const struct smtp_tls_peer *peer, X509 *cert)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct slice rest = slice_of(peer->policy->match), word;

	while (slice_next_item(&rest, &word)) {
		const char *name = smtp_policy_name(&a,
		    arena_memdup(&a, word.at, word.len), peer->host->name,
		    peer->nexthop);

		if (name[0] != '\0' &&
		    X509_check_host(cert, name, strlen(name),
			X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
			return true;
	}
	return false;
}

/* The digest of the certificate or of its key. */
static bool
has_fingerprint(const struct smtp_tls_policy *p, const X509 *cert)
{
	CLEAN_BUF struct buf whole = { 0 };
	CLEAN_BUF struct buf key = { 0 };
	struct slice rest = slice_of(p->match), word;

	tls_fingerprint(&whole, cert, params.smtp_tls_fingerprint_digest);
	tls_key_fingerprint(&key, cert, params.smtp_tls_fingerprint_digest);
	while (slice_next_item(&rest, &word))
		if (slice_eq_nocase(word, buf_str(&whole)) ||
		    slice_eq_nocase(word, buf_str(&key)))
			return true;
	return false;
}

/* What the library's verdict on a chain is called in reports; the anchors of a
 * policy are records of DANE to it. */
static enum smtp_tls_result
result_of(const struct smtp_tls_policy *p, long verdict)
{
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return SMTP_TLS_EXPIRED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return SMTP_TLS_NAME_MISMATCH;
	case X509_V_ERR_DANE_NO_MATCH:
		return p->level == SMTP_TLS_DANE ? SMTP_TLS_TLSA_INVALID
						 : SMTP_TLS_NOT_TRUSTED;
	default:
		return SMTP_TLS_NOT_TRUSTED;
	}
}

static struct smtp_tls_proof
not_verified(const char *word, enum smtp_tls_result result, const char *reason)
{
	return (struct smtp_tls_proof){
		.word = word,
		.why = "Server certificate not verified",
		.result = result,
		.reason = reason,
	};
}

static const char *
reason_of(const struct smtp_tls_policy *p, long verdict)
{
	return verdict == X509_V_ERR_DANE_NO_MATCH && p->level != SMTP_TLS_DANE
	    ? "no trust anchor of the policy vouches for it"
	    : X509_verify_cert_error_string(verdict);
}

static struct smtp_tls_proof
not_trusted(const struct smtp_tls_policy *p, const char *word, long verdict)
{
	return (struct smtp_tls_proof){
		.word = word,
		.why = "Server certificate not trusted",
		.result = result_of(p, verdict),
		.reason = reason_of(p, verdict),
	};
}

static struct smtp_tls_proof
proved(const char *word)
{
	return (struct smtp_tls_proof){ .word = word, .reason = "" };
}

/* A host's name that came from MX records which nobody has proved is no more
 * than they are. */
static struct smtp_tls_proof
judge_dane(const struct smtp_tls_peer *peer, const X509 *cert, long verdict)
{
	if (cert == NULL)
		return not_trusted(peer->policy, "Anonymous",
		    X509_V_ERR_DANE_NO_MATCH);
	if (verdict != X509_V_OK)
		return not_trusted(peer->policy, "Untrusted", verdict);
	return proved(peer->host->mx_secure ? "Verified" : "Trusted");
}

struct smtp_tls_proof
smtp_tls_judge(const struct smtp_tls_peer *peer, SSL *ssl)
{
	const struct smtp_tls_policy *p = peer->policy;
	X509 *cert = SSL_get0_peer_certificate(ssl);
	long verdict = SSL_get_verify_result(ssl);
	bool trusted = verdict == X509_V_OK;

	if (p->level == SMTP_TLS_DANE)
		return judge_dane(peer, cert, verdict);
	if (cert == NULL && p->level > SMTP_TLS_ENCRYPT)
		return not_trusted(p, "Anonymous", X509_V_ERR_UNSPECIFIED);
	if (cert == NULL)
		return proved("Anonymous");
	if (p->level == SMTP_TLS_FINGERPRINT)
		return has_fingerprint(p, cert)
		    ? proved("Verified")
		    : not_verified("Untrusted", SMTP_TLS_NOT_TRUSTED,
			  "no fingerprint matches");
	if (p->level < SMTP_TLS_VERIFY)
		return proved(trusted ? "Trusted" : "Untrusted");
	if (!trusted)
		return not_trusted(p, "Untrusted", verdict);
	return has_name(peer, cert)
	    ? proved("Verified")
	    : not_verified("Trusted", SMTP_TLS_NAME_MISMATCH,
		  X509_verify_cert_error_string(X509_V_ERR_HOSTNAME_MISMATCH));
}

void
smtp_tls_tell(const struct smtp_tls_peer *peer, SSL *ssl)
{
	CLEAN_BUF struct buf print = { 0 };
	CLEAN_BUF struct buf key = { 0 };
	const X509 *cert = SSL_get0_peer_certificate(ssl);

	if (cert == NULL)
		return;
	CLEAN_STR char *subject = tls_subject(cert);
	CLEAN_STR char *issuer = tls_issuer(cert);
	tls_fingerprint(&print, cert, params.smtp_tls_fingerprint_digest);
	tls_key_fingerprint(&key, cert, params.smtp_tls_fingerprint_digest);
	log_info("%s: subject_CN=%s, issuer_CN=%s, fingerprint=%s, "
		 "pkey_fingerprint=%s",
	    peer->relay, subject, issuer, buf_str(&print), buf_str(&key));
}
