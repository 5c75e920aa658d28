/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#include "log.h"
#include "param.h"

/* Certificates without a name of their owner, secrets shared in advance, and
 * what has been broken are in no grade. */
#define NEVER \
	"!aNULL:!eNULL:!PSK:!SRP:!DSS:!RC4:!3DES:!SEED:!IDEA:!MD5:!AESCCM8"

/* The first two can be named, as lists of others name them to leave them out,
 * and are never spoken. */
/* clang-format off */
static const struct {
	const char *name;
	int version;
} versions[] = {
	{ "SSLv2",   0 },
	{ "SSLv3",   0 },
	{ "TLSv1",   TLS1_VERSION },
	{ "TLSv1.1", TLS1_1_VERSION },
	{ "TLSv1.2", TLS1_2_VERSION },
	{ "TLSv1.3", TLS1_3_VERSION },
};

static const struct {
	const char *grade;
	const char *list;
} grades[] = {
	{ "high",   "HIGH:" NEVER ":!SHA1:!ARIA:!CAMELLIA:!kRSA" },
	{ "medium", "HIGH:MEDIUM:" NEVER },
};
/* clang-format on */

void
tls_start(void)
{
	unsigned char byte;

	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
		    OPENSSL_INIT_LOAD_SSL_STRINGS |
		    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1 ||
	    RAND_bytes(&byte, 1) != 1)
		log_fatal("TLS: %s", tls_reason());
}

const char *
tls_reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = NULL;

	if (ERR_SYSTEM_ERROR(code))
		text = strerror(ERR_GET_REASON(code));
	else if (code != 0)
		text = ERR_reason_error_string(code);
	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

/* ---- versions ---- */

static size_t
find_version(struct slice name)
{
	size_t i = 0;

	while (
	    i < ARRAY_LEN(versions) && !slice_eq_nocase(name, versions[i].name))
		i++;
	return i;
}

static struct slice
skip(struct slice s, size_t n)
{
	return (struct slice){ s.at + n, s.len - n };
}

/* The bits of the versions that one item leaves, or asks for. */
struct choice {
	unsigned int allowed, named;
};

static bool
choose(struct choice *c, struct slice item)
{
	bool least = item.len > 2 && memcmp(item.at, ">=", 2) == 0;
	bool most = item.len > 2 && memcmp(item.at, "<=", 2) == 0;
	bool not = item.len > 1 && item.at[0] == '!';
	size_t at = find_version(skip(item, least || most ? 2 : not ));

	if (at == ARRAY_LEN(versions))
		return false;
	unsigned int bit = 1U << at;
	if (least)
		c->allowed &= ~(bit - 1);
	else if (most)
		c->allowed &= bit | (bit - 1);
	else if (not )
		c->allowed &= ~bit;
	else
		c->named |= bit;
	return true;
}

/* All items, which may be parted by colons too. */
static bool
choose_all(struct choice *c, const char *list)
{
	struct slice rest = slice_of(list), item, part;

	while (slice_next_item(&rest, &item))
		while (slice_next_part(&item, ':', &part))
			if (part.len > 0 && !choose(c, part))
				return false;
	return true;
}

/* From the highest that is left down to the first that is not. */
static void
find_range(unsigned int allowed, int *lowest, int *highest)
{
	*lowest = *highest = 0;
	for (size_t i = ARRAY_LEN(versions); i-- > 0;) {
		bool is_left = (allowed & 1U << i) != 0 &&
		    versions[i].version != 0;

		if (!is_left && *highest != 0)
			return;
		if (is_left && *highest == 0)
			*highest = versions[i].version;
		if (is_left)
			*lowest = versions[i].version;
	}
}

bool
tls_parse_protocols(const char *list, int *lowest, int *highest,
    const char **why)
{
	struct choice c = { .allowed = (1U << ARRAY_LEN(versions)) - 1 };
	int low, high;

	if (!choose_all(&c, list)) {
		*why = "not a list of SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 "
		       "TLSv1.3, each with !, >= or <= in front or without";
		return false;
	}
	if (c.named != 0)
		c.allowed &= c.named;
	find_range(c.allowed, &low, &high);
	*why = "no version of TLS is left";
	if (high == 0)
		return false;
	*lowest = low;
	*highest = high;
	return true;
}

bool
tls_is_old(const char *protocols)
{
	int lowest, highest;
	const char *why;

	return tls_parse_protocols(protocols, &lowest, &highest, &why) &&
	    lowest < TLS1_2_VERSION;
}

int
tls_security_level(int lowest)
{
	return lowest < TLS1_2_VERSION ? 0 : 1;
}

static const char *
list_of(const char *grade)
{
	for (size_t i = 0; i < ARRAY_LEN(grades); i++)
		if (str_eq(grade, grades[i].grade))
			return grades[i].list;
	return grades[0].list;
}

static void
exclude(struct buf *out, const char *list)
{
	struct slice rest = slice_of(list != NULL ? list : ""), item;

	while (slice_next_item(&rest, &item)) {
		buf_adds(out, ":!");
		buf_add(out, item.at, item.len);
	}
}

void
tls_put_ciphers(struct buf *out, const struct tls_ciphers *ciphers)
{
	buf_adds(out, list_of(ciphers->grade));
	exclude(out, ciphers->without);
	exclude(out, ciphers->more);
}

bool
tls_ciphers_are_named(const char *list, const char **why)
{
	struct slice rest = slice_of(list), item;

	*why = "not a list of ciphers' names";
	while (slice_next_item(&rest, &item))
		for (size_t i = 0; i < item.len; i++)
			if (!char_is_alpha(item.at[i]) &&
			    !char_is_digit(item.at[i]) &&
			    strchr("+-_", item.at[i]) == NULL)
				return false;
	return true;
}

/* Our keys sign, and decrypt nothing (keys(8)): a client that would encrypt to
 * one could never be answered. */
static bool
set_ciphers(SSL_CTX *ctx, const SSL_METHOD *side,
    const struct tls_ciphers *ciphers)
{
	CLEAN_BUF struct buf list = { 0 };

	tls_put_ciphers(&list, ciphers);
	if (side == TLS_server_method())
		exclude(&list, "kRSA");
	return SSL_CTX_set_cipher_list(ctx, buf_str(&list)) == 1;
}

SSL_CTX *
tls_context(const SSL_METHOD *side, const char *protocols,
    const struct tls_ciphers *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(side);
	const char *why = "no memory";
	int lowest, highest;

	if (ctx == NULL ||
	    !tls_parse_protocols(protocols, &lowest, &highest, &why))
		log_fatal("TLS: %s", why);
	/* The chain is what the files say: none is looked for at each
	 * handshake. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_security_level(ctx, tls_security_level(lowest));
	if (SSL_CTX_set_min_proto_version(ctx, lowest) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, highest) != 1)
		log_fatal("TLS: %s", tls_reason());
	if (!set_ciphers(ctx, side, ciphers))
		log_fatal("TLS: what is excluded leaves no cipher: %s",
		    tls_reason());
	return ctx;
}

/* ---- words ---- */

static void
put_signature(struct buf *out, SSL *ssl, const char *side, const EVP_PKEY *key,
    int nid)
{
	char curve[32] = "";

	if (key == NULL)
		return;
	buf_addf(out, " %s-signature %s", side,
	    EVP_PKEY_is_a(key, "EC")                ? "ECDSA"
		: SSL_version(ssl) < TLS1_3_VERSION ? "RSA"
		: EVP_PKEY_is_a(key, "RSA")         ? "RSA-PSS"
					    : EVP_PKEY_get0_type_name(key));
	if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1)
		buf_addf(out, " (%s)",
		    str_eq(curve, "prime256v1")      ? "P-256"
			: str_eq(curve, "secp384r1") ? "P-384"
						     : curve);
	else
		buf_addf(out, " (%d bits)", EVP_PKEY_get_bits(key));
	if (nid > 0 && nid != NID_undef)
		buf_addf(out, " %s-digest %s", side, OBJ_nid2sn(nid));
}

static void
put_own(struct buf *out, SSL *ssl, const char *side)
{
	const X509 *own = SSL_get_certificate(ssl);
	int nid = 0;

	if (own != NULL && SSL_get_signature_nid(ssl, &nid) == 1)
		put_signature(out, ssl, side, X509_get0_pubkey(own), nid);
}

static void
put_peer(struct buf *out, SSL *ssl, const char *side)
{
	const X509 *peer = SSL_get0_peer_certificate(ssl);
	int nid = 0;

	if (peer != NULL && SSL_get_peer_signature_nid(ssl, &nid) == 1)
		put_signature(out, ssl, side, X509_get0_pubkey(peer), nid);
}

/* The server's, whichever side we are, then the client's, if it has one. */
static void
put_signatures(struct buf *out, SSL *ssl)
{
	if (SSL_is_server(ssl)) {
		put_own(out, ssl, "server");
		put_peer(out, ssl, "client");
	} else {
		put_peer(out, ssl, "server");
		put_own(out, ssl, "client");
	}
}

void
tls_describe(struct buf *out, SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	EVP_PKEY *exchange = NULL;
	char group[32] = "";
	int all = 0;

	int used = SSL_CIPHER_get_bits(cipher, &all);
	buf_addf(out, "%s with cipher %s (%d/%d bits)", SSL_get_version(ssl),
	    SSL_CIPHER_get_name(cipher), used, all);
	if (SSL_version(ssl) < TLS1_3_VERSION)
		return;
	if (SSL_get_peer_tmp_key(ssl, &exchange) == 1) {
		if (EVP_PKEY_get_group_name(exchange, group, sizeof(group),
			NULL) == 1)
			buf_addf(out, " key-exchange ECDHE (%s)",
			    str_eq(group, "prime256v1") ? "P-256" : group);
		else
			buf_addf(out, " key-exchange %s",
			    EVP_PKEY_get0_type_name(exchange));
		EVP_PKEY_free(exchange);
	}
	put_signatures(out, ssl);
}

static void
put_hex(struct buf *out, const unsigned char *bytes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		buf_addf(out, "%s%02X", i == 0 ? "" : ":", bytes[i]);
}

void
tls_fingerprint(struct buf *out, const X509 *cert, const char *digest)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (X509_digest(cert, EVP_get_digestbyname(digest), sum, &len) == 1)
		put_hex(out, sum, len);
}

void
tls_key_fingerprint(struct buf *out, const X509 *cert, const char *digest)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	unsigned int len = 0;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (n > 0 &&
	    EVP_Digest(der, (size_t)n, sum, &len, EVP_get_digestbyname(digest),
		NULL) == 1)
		put_hex(out, sum, len);
	OPENSSL_free(der);
}

bool
tls_key_name(const X509 *cert, uint8_t name[TLS_DIGEST])
{
	unsigned int len = 0;
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (X509_pubkey_digest(cert, EVP_sha256(), sum, &len) != 1 ||
	    len != TLS_DIGEST)
		return false;
	memcpy(name, sum, TLS_DIGEST);
	return true;
}

/* ---- files ---- */

static void
add_path(struct buf *out, struct slice path)
{
	if (out->len > 0)
		buf_addc(out, ' ');
	buf_add(out, path.at, path.len);
}

static void
put_files(struct buf *out, const char *chains, const char *cert,
    const char *key)
{
	struct slice rest = slice_of(chains), item;

	while (slice_next_item(&rest, &item))
		add_path(out, item);
	if (out->len > 0 || cert[0] == '\0')
		return;
	add_path(out, slice_of(cert));
	if (!str_eq(key, cert))
		add_path(out, slice_of(key));
}

void
tls_server_files(struct buf *out)
{
	put_files(out, params.smtpd_tls_chain_files, params.smtpd_tls_cert_file,
	    params.smtpd_tls_key_file);
	if (out->len == 0)
		buf_addf(out, "%s/tls/posthouse.pem", params.config_directory);
}

void
tls_client_files(struct buf *out)
{
	put_files(out, params.smtp_tls_chain_files, params.smtp_tls_cert_file,
	    params.smtp_tls_key_file);
}
