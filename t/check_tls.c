/*
 * tls: versions as main.conf names them; keys and certificates from PEM, whole
 * and broken; a handshake whose key lies elsewhere.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "param.h"
#include "tls_binding.h"
#include "tls_chain.h"
#include "tls_sign.h"

#define NOW ((int64_t)1800000000 * 1000)

/* ---- versions ---- */

static const struct {
	const char *list;
	int lowest, highest;
} lists[] = {
	{ "", TLS1_VERSION, TLS1_3_VERSION },
	{ ">=TLSv1.2", TLS1_2_VERSION, TLS1_3_VERSION },
	{ ">= TLSv1", 0, 0 },
	{ "<=TLSv1.2, >=TLSv1.1", TLS1_1_VERSION, TLS1_2_VERSION },
	{ "!SSLv3 !TLSv1 !TLSv1.1", TLS1_2_VERSION, TLS1_3_VERSION },
	{ "TLSv1.3", TLS1_3_VERSION, TLS1_3_VERSION },
	{ "tlsv1.2 TLSv1.3", TLS1_2_VERSION, TLS1_3_VERSION },
	{ "tlsv1.2:TLSv1.3", TLS1_2_VERSION, TLS1_3_VERSION },
	{ "!SSLv2:!SSLv3:!TLSv1:", TLS1_1_VERSION, TLS1_3_VERSION },
	{ "!SSLv2, !SSLv3", TLS1_VERSION, TLS1_3_VERSION },
	{ "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", TLS1_2_VERSION, TLS1_3_VERSION },
	{ "!TLSv1, !TLSv1.1", TLS1_2_VERSION, TLS1_3_VERSION },
	{ ">=SSLv3 !TLSv1.1", TLS1_2_VERSION, TLS1_3_VERSION },
	{ "!TLSv1.2", TLS1_3_VERSION, TLS1_3_VERSION },
	{ "TLSv1.1 TLSv1.3", TLS1_3_VERSION, TLS1_3_VERSION },
	{ "SSLv2 SSLv3", 0, 0 },
	{ "<=SSLv3", 0, 0 },
	{ "!SSLv2:TLSv9", 0, 0 },
	{ ">=TLSv1.3 <=TLSv1.2", 0, 0 },
	{ "TLSv2", 0, 0 },
	{ "!", 0, 0 },
	{ ">=", 0, 0 },
};

START_TEST(versions_are_read)
{
	const char *why = "";
	int lowest = 0, highest = 0;
	bool good = tls_parse_protocols(lists[_i].list, &lowest, &highest,
	    &why);

	ck_assert_int_eq(good, lists[_i].lowest != 0);
	if (!good) {
		ck_assert_str_ne(why, "");
		return;
	}
	ck_assert_int_eq(lowest, lists[_i].lowest);
	ck_assert_int_eq(highest, lists[_i].highest);
}
END_TEST

/* ---- ciphers ---- */

static size_t
count_ciphers(SSL_CTX *ctx, const char *part)
{
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ctx);
	size_t n = 0;

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
		if (strstr(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)),
			part) != NULL)
			n++;
	return n;
}

START_TEST(excluded_ciphers_are_left_out)
{
	tls_start();
	SSL_CTX *all = tls_context(TLS_server_method(), ">=TLSv1.2",
	    &(struct tls_ciphers){ .grade = "medium" });
	SSL_CTX *some = tls_context(TLS_server_method(), ">=TLSv1.2",
	    &(struct tls_ciphers){
		.grade = "medium",
		.without = "AES128, CAMELLIA ARIA",
		.more = "kECDHE+SHA1",
	    });

	ck_assert_uint_gt(count_ciphers(all, "ECDHE-ECDSA-AES128"), 0);
	ck_assert_uint_gt(count_ciphers(all, "CAMELLIA"), 0);
	ck_assert_uint_eq(count_ciphers(some, "AES128-"), 0);
	ck_assert_uint_eq(count_ciphers(some, "CAMELLIA"), 0);
	ck_assert_uint_eq(count_ciphers(some, "ARIA"), 0);
	ck_assert_uint_eq(count_ciphers(some, "ECDHE-ECDSA-AES256-SHA"),
	    count_ciphers(some, "ECDHE-ECDSA-AES256-SHA384"));
	ck_assert_uint_gt(count_ciphers(some, "ECDHE-ECDSA-AES256-GCM"), 0);
	ck_assert_uint_eq(count_ciphers(all, "TLS_"),
	    count_ciphers(some, "TLS_"));
	SSL_CTX_free(all);
	SSL_CTX_free(some);
}
END_TEST

/* ---- chains ---- */

static EVP_PKEY *
new_key(const char *kind)
{
	if (strcmp(kind, "RSA") == 0)
		return EVP_RSA_gen(2048);
	if (strcmp(kind, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen("P-256");
}

static void
add_name(X509 *cert, const char *name)
{
	X509_NAME *n = X509_get_subject_name(cert);

	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, n);
}

/* From ten days ago, for so many days from now on. */
static X509 *
new_cert(EVP_PKEY *key, const char *name, int days)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_TIME_set(X509_getm_notBefore(cert), NOW / 1000 - 10 * 86400);
	ASN1_TIME_set(X509_getm_notAfter(cert), NOW / 1000 + days * 86400);
	X509_set_pubkey(cert, key);
	add_name(cert, name);
	ck_assert_int_gt(X509_sign(cert, key,
			     EVP_PKEY_is_a(key, "ED25519") ? NULL
							   : EVP_sha256()),
	    0);
	return cert;
}

static void
put_pem(struct buf *out, EVP_PKEY *key, X509 *cert)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;

	if (key != NULL)
		PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	if (cert != NULL)
		PEM_write_bio_X509(b, cert);
	long n = BIO_get_mem_data(b, &text);
	buf_add(out, text, (size_t)n);
	BIO_free(b);
}

static void
put_both(struct buf *out, const char *kind, const char *name, int days)
{
	EVP_PKEY *key = new_key(kind);
	X509 *cert = new_cert(key, name, days);

	put_pem(out, key, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
put_alone(struct buf *out, bool with_key)
{
	EVP_PKEY *key = new_key("EC");
	X509 *cert = new_cert(key, "a.test", 30);

	put_pem(out, with_key ? key : NULL, with_key ? NULL : cert);
	X509_free(cert);
	EVP_PKEY_free(key);
}

START_TEST(a_pair_is_read)
{
	CLEAN_BUF struct buf text = { 0 };
	struct tls_chain c = { 0 };
	const char *why = "";

	buf_adds(&text, "words in front\n");
	put_both(&text, _i == 0 ? "EC" : "RSA", "a.test", 30);
	ck_assert_msg(tls_chain_read(&c, &text, &why), "%s", why);
	ck_assert_uint_eq(c.n, 1);
	ck_assert_uint_eq(tls_chain_faults(&c, "a.test", NOW), 0);
	ck_assert_uint_eq(tls_chain_faults(&c, "b.test", NOW), TLS_OTHER_NAME);
	ck_assert_uint_eq(tls_chain_faults(&c, "", NOW), 0);
	ck_assert_uint_eq(tls_chain_faults(&c, "a.test", NOW + 31 * DAY),
	    TLS_EXPIRED);
	ck_assert_uint_eq(tls_chain_faults(&c, "a.test", NOW - 11 * DAY),
	    TLS_NOT_YET);
	ck_assert_int_eq(tls_chain_days(&c, NOW), 30);
	ck_assert_int_eq(tls_chain_days(&c, NOW + 29 * DAY + HOUR), 0);
	ck_assert_int_lt(tls_chain_days(&c, NOW + 30 * DAY + HOUR), 0);
	tls_chain_free(&c);
}
END_TEST

START_TEST(two_kinds_of_keys_are_two_leaves)
{
	CLEAN_BUF struct buf text = { 0 };
	struct tls_chain c = { 0 };
	const char *why = "";

	put_both(&text, "EC", "a.test", 30);
	put_alone(&text, false);
	put_both(&text, "RSA", "a.test", 20);
	ck_assert_msg(tls_chain_read(&c, &text, &why), "%s", why);
	ck_assert_uint_eq(c.n, 2);
	ck_assert_int_eq(sk_X509_num(c.leaves[0].more), 1);
	ck_assert_uint_eq(tls_chain_faults(&c, "a.test", NOW),
	    TLS_BROKEN_CHAIN);
	ck_assert_int_eq(tls_chain_days(&c, NOW), 20);
	tls_chain_free(&c);
}
END_TEST

static void
refused(struct buf *text, const char *part)
{
	struct tls_chain c = { 0 };
	const char *why = "";

	ck_assert(!tls_chain_read(&c, text, &why));
	ck_assert_msg(strstr(why, part) != NULL, "%s", why);
	ck_assert_uint_eq(c.n, 0);
	buf_free(text);
}

START_TEST(what_is_not_whole_is_refused)
{
	struct buf text = { 0 };

	refused(&text, "no private key");
	put_alone(&text, false);
	refused(&text, "no private key");
	put_alone(&text, true);
	refused(&text, "no certificate");
	put_alone(&text, true);
	put_alone(&text, false);
	refused(&text, "does not belong");
	put_both(&text, "EC", "a.test", 1);
	put_alone(&text, true);
	refused(&text, "no certificate for the key");
	put_both(&text, "ED25519", "a.test", 1);
	refused(&text, "neither RSA nor EC");
	buf_adds(&text,
	    "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n");
	refused(&text, "cannot be read");
	buf_adds(&text,
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n"
	    "-----END PRIVATE KEY-----\n");
	refused(&text, "cannot be read");
	buf_adds(&text,
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n");
	refused(&text, "pass phrase");
}
END_TEST

/* Never more than the whole says, and never a crash. */
START_TEST(every_prefix_is_refused)
{
	CLEAN_BUF struct buf text = { 0 };

	put_both(&text, "EC", "a.test", 30);
	for (size_t n = 0; n + 2 < text.len; n++) {
		struct buf part = { 0 };
		struct tls_chain c = { 0 };
		const char *why = "";

		buf_add(&part, text.text, n);
		ck_assert(!tls_chain_read(&c, &part, &why));
		ck_assert_str_ne(why, "");
		buf_free(&part);
	}
}
END_TEST

/* ---- a key that is elsewhere ---- */

static EVP_PKEY *held;
static int asked;
static bool silent;

/* What the program keys does, without its checks. */
static bool
sign_here(const uint8_t name[TLS_DIGEST], enum tls_sign_kind kind,
    struct slice input, struct buf *signature)
{
	static const int paddings
	    [] = { [SIGN_ECDSA] = 0, [SIGN_RSA_PKCS1] = 1, [SIGN_RSA_PSS] = 3 };
	unsigned char out[512];
	size_t len = sizeof(out);

	(void)name;
	asked++;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(held, NULL);
	bool ok = EVP_PKEY_sign_init(ctx) == 1 &&
	    (kind == SIGN_ECDSA ||
		EVP_PKEY_CTX_ctrl(ctx, -1, -1, 0x1001, paddings[kind], NULL) ==
		    1) &&
	    EVP_PKEY_sign(ctx, out, &len, (const unsigned char *)input.at,
		input.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (ok && !silent)
		buf_add(signature, out, len);
	return ok && !silent;
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

/* Both ends name the channel by the same octets. */
static void
compare_bindings(SSL *s, SSL *c)
{
	struct buf exporter[2] = { 0 }, end_point[2] = { 0 };

	tls_binding_exporter(&exporter[0], s);
	tls_binding_exporter(&exporter[1], c);
	ck_assert_uint_eq(exporter[0].len,
	    SSL_version(s) == TLS1_3_VERSION ? 32 : 0);
	ck_assert(is_same(&exporter[0], &exporter[1]));
	tls_binding_end_point(&end_point[0], SSL_get_certificate(s));
	tls_binding_end_point(&end_point[1], SSL_get0_peer_certificate(c));
	ck_assert_uint_eq(end_point[0].len, TLS_DIGEST);
	ck_assert(is_same(&end_point[0], &end_point[1]));
	buf_free(&exporter[0]);
	buf_free(&exporter[1]);
	buf_free(&end_point[0]);
	buf_free(&end_point[1]);
}

static bool
shake_hands(SSL_CTX *server, SSL_CTX *client)
{
	SSL *s = SSL_new(server), *c = SSL_new(client);
	BIO *a, *b;
	bool done = false;

	ck_assert_int_eq(BIO_new_bio_pair(&a, 65536, &b, 65536), 1);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	for (int i = 0; i < 20 && !done; i++)
		done = (int)(SSL_do_handshake(c) == 1) &
		    (int)(SSL_do_handshake(s) == 1);
	if (done)
		compare_bindings(s, c);
	SSL_free(s);
	SSL_free(c);
	return done;
}

static const struct {
	const char *kind, *protocols;
} handshakes[] = {
	{ "EC", "TLSv1.3" },
	{ "EC", "TLSv1.2" },
	{ "RSA", "TLSv1.3" },
	{ "RSA", "TLSv1.2" },
};

START_TEST(a_handshake_asks_for_its_signature)
{
	tls_start();
	held = new_key(handshakes[_i].kind);
	X509 *made = new_cert(held, "a.test", 30);
	unsigned char *der = NULL;
	int len = i2d_X509(made, &der);
	const unsigned char *at = der;
	X509 *cert = d2i_X509(NULL, &at, len);
	struct tls_ciphers medium = { .grade = "medium" };
	struct tls_ciphers high = { .grade = "high" };
	SSL_CTX *server = tls_context(TLS_server_method(),
	    handshakes[_i].protocols, &medium);
	SSL_CTX *client = tls_context(TLS_client_method(), ">=TLSv1.2", &high);

	tls_sign_by(sign_here);
	EVP_PKEY *key = tls_sign_key(cert);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(SSL_CTX_use_certificate(server, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(server, key), 1);
	ck_assert(shake_hands(server, client));
	ck_assert_int_eq(asked, 1);
	silent = true;
	ck_assert(!shake_hands(server, client));
	ck_assert_int_eq(asked, 2);
	OPENSSL_free(der);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	EVP_PKEY_free(key);
	EVP_PKEY_free(held);
	X509_free(cert);
	X509_free(made);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("tls");
	TCase *c = tcase_create("tls");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, versions_are_read, 0, ARRAY_LEN(lists));
	tcase_add_test(c, excluded_ciphers_are_left_out);
	tcase_add_loop_test(c, a_pair_is_read, 0, 2);
	tcase_add_test(c, two_kinds_of_keys_are_two_leaves);
	tcase_add_test(c, what_is_not_whole_is_refused);
	tcase_add_test(c, every_prefix_is_refused);
	tcase_add_loop_test(c, a_handshake_asks_for_its_signature, 0,
	    ARRAY_LEN(handshakes));
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
