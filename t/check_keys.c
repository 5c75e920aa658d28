/*
 * keys: what it signs, and what it does not.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <check.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "keys_sign.h"
#include "keys_store.h"
#include "keys_ticket.h"
#include "log.h"
#include "msg.h"

static EVP_PKEY *ec, *rsa;

static void
make_keys(void)
{
	ec = EVP_EC_gen("P-256");
	rsa = EVP_RSA_gen(2048);
}

static bool
signs(EVP_PKEY *key, enum tls_sign_kind kind, const void *input, size_t n)
{
	CLEAN_BUF struct buf signature = { 0 };
	const char *why = "";

	return keys_sign(key, kind, (struct slice){ input, n }, &signature,
	    &why);
}

START_TEST(digests_are_signed_and_nothing_else)
{
	static const uint8_t digest[256];

	make_keys();
	for (size_t n = 0; n <= sizeof(digest); n++)
		ck_assert_int_eq(signs(ec, SIGN_ECDSA, digest, n),
		    n == 32 || n == 48 || n == 64);
	ck_assert(!signs(rsa, SIGN_ECDSA, digest, 32));
	ck_assert(!signs(ec, (enum tls_sign_kind)0, digest, 32));
	ck_assert(!signs(ec, (enum tls_sign_kind)9, digest, 32));
	ck_assert(!signs(ec, SIGN_RSA_PKCS1, digest, 32));
	ck_assert(!signs(ec, SIGN_RSA_PSS, digest, 32));
}
END_TEST

START_TEST(only_digest_infos_are_padded)
{
	uint8_t info[64] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86,
		0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
		0x20 };

	make_keys();
	ck_assert(signs(rsa, SIGN_RSA_PKCS1, info, 51));
	ck_assert(!signs(rsa, SIGN_RSA_PKCS1, info, 50));
	ck_assert(!signs(rsa, SIGN_RSA_PKCS1, info, 52));
	for (size_t i = 0; i < 19; i++) {
		info[i] ^= 1;
		ck_assert(!signs(rsa, SIGN_RSA_PKCS1, info, 51));
		info[i] ^= 1;
	}
}
END_TEST

START_TEST(what_old_versions_sign_is_signed_where_they_are_allowed)
{
	static const uint8_t digest[64];

	make_keys();
	ck_assert(!signs(ec, SIGN_ECDSA, digest, 20));
	ck_assert(!signs(rsa, SIGN_RSA_PKCS1, digest, 36));
	keys_sign_old();
	ck_assert(signs(ec, SIGN_ECDSA, digest, 20));
	ck_assert(signs(rsa, SIGN_RSA_PKCS1, digest, 36));
	ck_assert(!signs(ec, SIGN_ECDSA, digest, 36));
	ck_assert(!signs(rsa, SIGN_RSA_PKCS1, digest, 20));
	ck_assert(!signs(rsa, SIGN_RSA_PSS, digest, 36));
}
END_TEST

static const struct {
	int bits;
	const EVP_MD *(*md)(void);
} sizes[] = {
	{ 2048, EVP_sha256 },
	{ 2048, EVP_sha384 },
	{ 2048, EVP_sha512 },
	{ 2049, EVP_sha256 },
	{ 3072, EVP_sha256 },
};

START_TEST(only_a_message_of_pss_is_signed_raw)
{
	EVP_PKEY *key = EVP_RSA_gen((unsigned int)sizes[_i].bits);
	RSA *r = EVP_PKEY_get1_RSA(key);
	const EVP_MD *md = sizes[_i].md();
	size_t size = (size_t)RSA_size(r);
	uint8_t digest[64] = "a digest of what the handshake said";
	uint8_t em[512];

	ck_assert_int_eq(RSA_padding_add_PKCS1_PSS_mgf1(r, em, digest, md, md,
			     EVP_MD_get_size(md)),
	    1);
	ck_assert(signs(key, SIGN_RSA_PSS, em, size));
	ck_assert(!signs(key, SIGN_RSA_PSS, em, size - 1));
	for (size_t i = 0; i < size; i++) {
		em[i] ^= 4;
		bool good = signs(key, SIGN_RSA_PSS, em, size);
		em[i] ^= 4;
		/* The salt may be any. */
		size_t hash = (size_t)EVP_MD_get_size(md);
		if (i + 1 + 2 * hash < size || i + 1 + hash >= size)
			ck_assert_msg(!good, "byte %zu", i);
	}
	RSA_free(r);
	EVP_PKEY_free(key);
}
END_TEST

/* What was encrypted to the key, and a plain number. */
START_TEST(nothing_is_decrypted)
{
	uint8_t sealed[256];
	size_t len = sizeof(sealed);

	make_keys();
	for (int i = 0; i < 600; i++) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);
		len = sizeof(sealed);
		ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
		ck_assert_int_eq(EVP_PKEY_encrypt(ctx, sealed, &len,
				     (const uint8_t *)"secret", 6),
		    1);
		EVP_PKEY_CTX_free(ctx);
		ck_assert(!signs(rsa, SIGN_RSA_PSS, sealed, len));
		sealed[len - 1] = 0xbc;
		ck_assert(!signs(rsa, SIGN_RSA_PSS, sealed, len));
	}
	memset(sealed, 0, sizeof(sealed));
	ck_assert(!signs(rsa, SIGN_RSA_PSS, sealed, len));
}
END_TEST

static void
ticket(const char *service, bool last, struct buf *out)
{
	buf_reset(out);
	ck_assert(keys_ticket_put(out, service, last));
}

START_TEST(tickets_are_of_one_service_and_one_hour)
{
	struct buf a = { 0 }, b = { 0 };

	ck_assert(!keys_ticket_put(&a, "smtp", false));
	keys_ticket_renew();
	ck_assert(!keys_ticket_put(&a, "smtp", true));
	ticket("smtp", false, &a);
	ticket("smtp", false, &b);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_int_eq(memcmp(a.text, b.text, a.len), 0);
	ticket("submission", false, &b);
	ck_assert_int_ne(memcmp(a.text, b.text, a.len), 0);
	keys_ticket_renew();
	ticket("smtp", true, &b);
	ck_assert_int_eq(memcmp(a.text, b.text, a.len), 0);
	ticket("smtp", false, &b);
	ck_assert_int_ne(memcmp(a.text, b.text, a.len), 0);
	buf_free(&a);
	buf_free(&b);
}
END_TEST

/* A file with this key, and its name; good for so many seconds. */
static void
make_file_for(char *path, EVP_PKEY *key, long seconds, uint8_t name[TLS_DIGEST])
{
	X509 *cert = X509_new();
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	ck_assert_ptr_nonnull(out);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
	ck_assert_int_eq(X509_set_pubkey(cert, key), 1);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert(tls_key_name(cert, name));
	ck_assert_int_eq(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	ck_assert_int_eq(PEM_write_X509(out, cert), 1);
	ck_assert_int_eq(fclose(out), 0);
	X509_free(cert);
}

static void
make_file(char *path, EVP_PKEY *key, uint8_t name[TLS_DIGEST])
{
	make_file_for(path, key, 3600L * 24, name);
}

static void
note_roles(void *arg, uint32_t roles, const struct buf *packet)
{
	uint32_t *all = arg;

	ck_assert_uint_gt(packet->len, 0);
	*all = *all << 16 | roles;
}

START_TEST(who_has_not_named_a_key_cannot_use_it)
{
	char mine[] = "/tmp/check_keys.XXXXXX";
	char both[] = "/tmp/check_keys.XXXXXX";
	uint8_t my_name[TLS_DIGEST], name_of_both[TLS_DIGEST];
	uint32_t told = 0;

	make_keys();
	make_file(mine, ec, my_name);
	make_file(both, rsa, name_of_both);
	keys_store_want(mine, "", ROLE_SMTP);
	keys_store_want(both, "a.test", ROLE_SMTPD);
	keys_store_want(both, "", ROLE_SMTP);
	keys_store_read();
	keys_store_judge(clock_wall(), note_roles, &told);
	ck_assert_uint_eq(told,
	    1u << (16 + ROLE_SMTP) | 1u << ROLE_SMTP | 1u << ROLE_SMTPD);
	ck_assert_ptr_null(keys_store_find(my_name, ROLE_SMTPD));
	ck_assert_ptr_nonnull(keys_store_find(my_name, ROLE_SMTP));
	ck_assert_ptr_nonnull(keys_store_find(name_of_both, ROLE_SMTPD));
	ck_assert_ptr_nonnull(keys_store_find(name_of_both, ROLE_SMTP));
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	ck_assert_int_eq(unlink(mine), 0);
	ck_assert_int_eq(unlink(both), 0);
}
END_TEST

/* ---- warnings ---- */

static struct buf warnings;

static void
note_warning(enum log_level level, const char *line)
{
	const char *at = strstr(line, "the certificate ");

	if (level == LOG_LEVEL_WARN && at != NULL)
		buf_addf(&warnings, "%s|", at + strlen("the certificate "));
}

/* Days of a certificate that are left, and what is said then. */
static const struct {
	double left;
	const char *said;
} warned[] = {
	{ 30, "" },
	{ 22.5, "" },
	{ 21.5, "ends in 21 days: renew it|" },
	{ 21.4, "" },
	{ 20, "" },
	{ 8.1, "" },
	{ 7.9, "ends in 7 days: renew it|" },
	{ 7.8, "" },
	{ 2.1, "" },
	{ 1.9, "ends in 1 day: renew it|" },
	{ 1.8, "" },
	{ 0.5, "" },
	{ -0.1, "has expired: renew it|" },
	{ -0.2, "" },
	{ -1.1, "has expired: renew it|" },
	{ -1.2, "" },
};

START_TEST(each_warning_is_said_once)
{
	char path[] = "/tmp/check_keys.XXXXXX";
	uint8_t name[TLS_DIGEST];
	int64_t now = clock_wall();
	uint32_t told = 0;

	make_keys();
	make_file_for(path, ec, 30 * 24 * 3600L, name);
	keys_store_want(path, "", ROLE_SMTP);
	keys_store_read();
	log_sink(note_warning);
	keys_store_judge(now, note_roles, &told);
	for (size_t i = 0; i < ARRAY_LEN(warned); i++) {
		double days = 30 - warned[i].left;

		buf_reset(&warnings);
		keys_store_warn(now + (int64_t)(days * (double)DAY));
		ck_assert_msg(str_eq(buf_str(&warnings), warned[i].said),
		    "%g days: %s", warned[i].left, buf_str(&warnings));
	}
	log_sink(NULL);
	buf_free(&warnings);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("keys");
	TCase *c = tcase_create("keys");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, digests_are_signed_and_nothing_else);
	tcase_add_test(c, only_digest_infos_are_padded);
	tcase_add_test(c,
	    what_old_versions_sign_is_signed_where_they_are_allowed);
	tcase_add_loop_test(c, only_a_message_of_pss_is_signed_raw, 0,
	    ARRAY_LEN(sizes));
	tcase_add_test(c, nothing_is_decrypted);
	tcase_add_test(c, each_warning_is_said_once);
	tcase_add_test(c, who_has_not_named_a_key_cannot_use_it);
	tcase_add_test(c, tickets_are_of_one_service_and_one_hour);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
