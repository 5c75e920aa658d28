/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_tls.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "log.h"
#include "param.h"
#include "smtp_hosts.h"
#include "str.h"
#include "table.h"
#include "tls.h"

static const char *const levels[] = {
	[SMTP_TLS_NONE] = "none",
	[SMTP_TLS_MAY] = "may",
	[SMTP_TLS_ENCRYPT] = "encrypt",
	[SMTP_TLS_FINGERPRINT] = "fingerprint",
	[SMTP_TLS_VERIFY] = "verify",
	[SMTP_TLS_SECURE] = "secure",
};

static struct tables policies;
static SSL_CTX *ctx;

void
smtp_tls_open(void)
{
	const char *why;

	if (!tables_open(&policies, params.smtp_tls_policy_maps, &why))
		log_fatal("smtp_tls_policy_maps: %s", why);
	tls_start();
	ctx = tls_context(TLS_client_method(), params.smtp_tls_protocols,
	    params.smtp_tls_ciphers);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (params.smtp_tls_CAfile[0] != '\0' &&
	    SSL_CTX_load_verify_file(ctx, params.smtp_tls_CAfile) != 1)
		log_warn("smtp_tls_CAfile: %s: %s: no host can be verified",
		    params.smtp_tls_CAfile, tls_reason());
}

/* ---- policies ---- */

static bool
parse_level(struct slice word, enum smtp_tls_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (slice_eq_nocase(word, levels[i])) {
			*level = (enum smtp_tls_level)i;
			return true;
		}
	return false;
}

/* What a level asks for where nothing else was said. */
static void
set_defaults(struct smtp_tls_policy *p)
{
	static const char *const *const matches[] = {
		[SMTP_TLS_FINGERPRINT] =
		    &params.smtp_tls_fingerprint_cert_match,
		[SMTP_TLS_VERIFY] = &params.smtp_tls_verify_cert_match,
		[SMTP_TLS_SECURE] = &params.smtp_tls_secure_cert_match,
	};

	if (p->match == NULL)
		p->match = p->level >= SMTP_TLS_FINGERPRINT ? *matches[p->level]
							    : "";
	if (p->protocols == NULL)
		p->protocols = p->level > SMTP_TLS_MAY
		    ? params.smtp_tls_mandatory_protocols
		    : params.smtp_tls_protocols;
	if (p->ciphers == NULL)
		p->ciphers = p->level > SMTP_TLS_MAY
		    ? params.smtp_tls_mandatory_ciphers
		    : params.smtp_tls_ciphers;
	if (p->servername == NULL)
		p->servername = "";
}

/* Lists in an attribute are parted by colons or bars (Postfix's TLS_README). */
static const char *
copy_list(struct arena *a, struct slice value, const char *seps)
{
	char *copy = arena_memdup(a, value.at, value.len);

	for (char *c = copy; *c != '\0'; c++)
		if (strchr(seps, *c) != NULL)
			*c = ' ';
	return copy;
}

static bool
parse_attribute(struct arena *a, struct slice item, struct smtp_tls_policy *p,
    const char **why)
{
	struct slice value = item, name;
	int lowest, highest;

	if (!slice_next_part(&value, '=', &name) || value.at == NULL) {
		*why = "an attribute without its value";
		return false;
	}
	if (slice_eq_nocase(name, "match")) {
		p->match = copy_list(a, value,
		    p->level == SMTP_TLS_FINGERPRINT ? "|" : ":|");
	} else if (slice_eq_nocase(name, "servername")) {
		p->servername = arena_memdup(a, value.at, value.len);
	} else if (slice_eq_nocase(name, "ciphers")) {
		p->ciphers = arena_memdup(a, value.at, value.len);
		*why = "ciphers are medium or high";
		return str_eq(p->ciphers, "medium") ||
		    str_eq(p->ciphers, "high");
	} else if (slice_eq_nocase(name, "protocols")) {
		p->protocols = copy_list(a, value, ":");
		return tls_parse_protocols(p->protocols, &lowest, &highest,
		    why);
	} else {
		*why = "attributes are match= protocols= ciphers= servername=";
		return false;
	}
	return true;
}

bool
smtp_tls_parse(struct arena *a, const char *text, struct smtp_tls_policy *out,
    const char **why)
{
	struct smtp_tls_policy p = { 0 };
	struct slice rest = slice_of(text), item;

	if (!slice_next_item(&rest, &item) || !parse_level(item, &p.level)) {
		*why = "a policy begins with none, may, encrypt, fingerprint, "
		       "verify or secure";
		return false;
	}
	while (slice_next_item(&rest, &item))
		if (!parse_attribute(a, item, &p, why))
			return false;
	set_defaults(&p);
	if (p.level >= SMTP_TLS_FINGERPRINT && p.match[0] == '\0') {
		*why = "nothing is said that the host's certificate has to "
		       "match";
		return false;
	}
	*out = p;
	return true;
}

enum found
smtp_tls_find(struct arena *a, const char *nexthop, struct smtp_tls_policy *out,
    const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	enum found found = tables_get(&policies, nexthop, &text);

	if (found == FOUND_NONE && nexthop[0] != '[' &&
	    strchr(nexthop, ':') == NULL)
		found = tables_get_domain(&policies, nexthop, false, &text);
	if (found == FOUND_NONE)
		buf_adds(&text, params.smtp_tls_security_level);
	*why = "TLS policy lookup failure";
	if (found == FOUND_FAILED)
		return found;
	if (smtp_tls_parse(a, buf_str(&text), out, why))
		return FOUND_ONE;
	log_warn("TLS policy of %s: %s: mail for it waits", nexthop, *why);
	*why = "TLS policy error";
	return FOUND_FAILED;
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
name_host(SSL *ssl, const char *name)
{
	CLEAN_STR char *copy = xstrdup(name);

	return SSL_set_tlsext_host_name(ssl, copy) == 1;
}

SSL *
smtp_tls_new(const struct smtp_tls_policy *p, const char *host)
{
	const char *name = p->servername[0] != '\0' ? p->servername : host;
	const char *why;
	int lowest, highest;
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL ||
	    !tls_parse_protocols(p->protocols, &lowest, &highest, &why) ||
	    SSL_set_min_proto_version(ssl, lowest) != 1 ||
	    SSL_set_max_proto_version(ssl, highest) != 1 ||
	    SSL_set_cipher_list(ssl, tls_cipher_list(p->ciphers)) != 1 ||
	    (!is_address(name) && !name_host(ssl, name))) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

/* ---- what it has proved ---- */

/* The next hop's domain, or the host that it names. */
static const char *
domain_of(struct arena *a, const char *nexthop)
{
	struct smtp_target t;
	const char *why;

	return smtp_target_parse(a, nexthop, &t, &why) ? t.host : nexthop;
}

/* One word of a match list: a name, .parent, or a word for one. */
static const char *
name_of(struct arena *a, struct slice word, const char *host,
    const char *nexthop)
{
	if (slice_eq_nocase(word, "hostname"))
		return host;
	if (slice_eq_nocase(word, "nexthop"))
		return domain_of(a, nexthop);
	if (slice_eq_nocase(word, "dot-nexthop"))
		return arena_printf(a, ".%s", domain_of(a, nexthop));
	return arena_memdup(a, word.at, word.len);
}

static bool
has_name(const struct smtp_tls_policy *p, X509 *cert, const char *host,
    const char *nexthop)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct slice rest = slice_of(p->match), word;

	while (slice_next_item(&rest, &word)) {
		const char *name = name_of(&a, word, host, nexthop);

		if (name[0] != '\0' &&
		    X509_check_host(cert, name, strlen(name),
			X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
			return true;
	}
	return false;
}

/* The SHA-256 of the certificate or of its key. */
static bool
has_fingerprint(const struct smtp_tls_policy *p, const X509 *cert)
{
	CLEAN_BUF struct buf whole = { 0 };
	CLEAN_BUF struct buf key = { 0 };
	struct slice rest = slice_of(p->match), word;

	tls_fingerprint(&whole, cert, "sha256");
	tls_key_fingerprint(&key, cert, "sha256");
	while (slice_next_item(&rest, &word))
		if (slice_eq_nocase(word, buf_str(&whole)) ||
		    slice_eq_nocase(word, buf_str(&key)))
			return true;
	return false;
}

struct smtp_tls_proof
smtp_tls_judge(const struct smtp_tls_policy *p, SSL *ssl, const char *host,
    const char *nexthop)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	bool trusted = SSL_get_verify_result(ssl) == X509_V_OK;
	struct smtp_tls_proof proof = { .word = "Untrusted" };

	if (cert == NULL) {
		proof.word = "Anonymous";
		if (p->level > SMTP_TLS_ENCRYPT)
			proof.why = "Server certificate not trusted";
		return proof;
	}
	if (p->level == SMTP_TLS_FINGERPRINT) {
		if (has_fingerprint(p, cert))
			proof.word = "Verified";
		else
			proof.why = "Server certificate not verified";
		return proof;
	}
	if (!trusted) {
		if (p->level >= SMTP_TLS_VERIFY)
			proof.why = "Server certificate not trusted";
		return proof;
	}
	proof.word = "Trusted";
	if (p->level < SMTP_TLS_VERIFY)
		return proof;
	if (has_name(p, cert, host, nexthop))
		proof.word = "Verified";
	else
		proof.why = "Server certificate not verified";
	return proof;
}
