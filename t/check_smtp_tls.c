/*
 * smtp_tls: hands are really shaken, in memory: who is trusted by a policy's
 * anchors, and which session goes on under which policy.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "../smtp/smtp_anchor.h"
#include "../smtp/smtp_tls.h"
#include "check_conf.h"
#include "clock.h"
#include "loop.h"
#include "str.h"
#include "tls.h"

#define HOUR_SECONDS 3600L

/* ---- certificates ---- */

struct party {
	EVP_PKEY *key;
	X509 *cert;
};

static struct party root, middle, old_middle, leaf, old_leaf, stranger;
static char folder[] = "/tmp/check_smtp_tls.XXXXXX";

/* Zero names a root. */
static X509 *
make_cert(const char *name, EVP_PKEY *key, const struct party *by, long from,
    long until)
{
	static long serial;
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	bool is_leaf = strchr(name, '.') != NULL;
	CLEAN_BUF struct buf alt = { 0 };

	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_set_version(cert, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), until);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert,
	    by != NULL ? X509_get_subject_name(by->cert) : subject);
	X509_set_pubkey(cert, key);
	buf_addf(&alt, "DNS:%s", name);
	X509_EXTENSION *e = is_leaf
	    ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		  buf_str(&alt))
	    : X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		  "critical,CA:TRUE");
	ck_assert_int_eq(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
	ck_assert_int_gt(X509_sign(cert, by != NULL ? by->key : key,
			     EVP_sha256()),
	    0);
	return cert;
}

static struct party
make_party(const char *name, const struct party *by)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	return (struct party){
		.key = key,
		.cert = make_cert(name, key, by, 0, HOUR_SECONDS),
	};
}

static struct party
make_old(const char *name, const struct party *twin, const struct party *by)
{
	EVP_PKEY_up_ref(twin->key);
	return (struct party){
		.key = twin->key,
		.cert = make_cert(name, twin->key, by, -2 * HOUR_SECONDS,
		    -HOUR_SECONDS),
	};
}

static void
free_party(struct party *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
}

/* A file in the folder: a certificate, or a public key. */
static void
put_file(const char *name, X509 *cert, EVP_PKEY *key)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/%s", folder, name);
	FILE *f = fopen(buf_str(&path), "w");
	ck_assert_ptr_nonnull(f);
	if (cert != NULL)
		ck_assert_int_eq(PEM_write_X509(f, cert), 1);
	if (key != NULL)
		ck_assert_int_eq(PEM_write_PUBKEY(f, key), 1);
	ck_assert_int_eq(fclose(f), 0);
}

static const char *const names[] = { "root.crt", "root.key", "middle.crt",
	"middle.key", "old.crt", "stranger.crt", "none.crt" };

static void
put_files(void)
{
	put_file("root.crt", root.cert, NULL);
	put_file("root.key", NULL, root.key);
	put_file("middle.crt", middle.cert, NULL);
	put_file("middle.key", NULL, middle.key);
	put_file("old.crt", old_middle.cert, NULL);
	put_file("stranger.crt", stranger.cert, NULL);
	put_file("none.crt", NULL, NULL);
}

/* ---- set up: once, for main.conf is read once ---- */

static void
load(void)
{
	CLEAN_BUF struct buf conf = { 0 };

	buf_addf(&conf,
	    "smtp_tls_CAfile = %s/root.crt\nsmtp_tls_policy_maps = inline:{",
	    folder);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		buf_addf(&conf, " {x%zu = verify tafile=%s/%s}", i, folder,
		    names[i]);
	buf_addf(&conf, " {gone = verify tafile=%s/gone}}\n", folder);
	load_conf(buf_str(&conf));
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	root = make_party("root", NULL);
	middle = make_party("middle", &root);
	old_middle = make_old("middle", &middle, &root);
	leaf = make_party("mx.test", &middle);
	old_leaf = make_old("mx.test", &leaf, &middle);
	stranger = make_party("stranger", NULL);
	put_files();
	clock_start();
	loop_start();
	load();
	smtp_tls_open();
}

static void
tear_down(void)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_BUF struct buf path = { 0 };

		buf_addf(&path, "%s/%s", folder, names[i]);
		(void)unlink(buf_str(&path)); /* only temporary files */
	}
	(void)rmdir(folder);
	free_party(&root);
	free_party(&middle);
	free_party(&old_middle);
	free_party(&leaf);
	free_party(&old_leaf);
	free_party(&stranger);
}

/* ---- shaking hands ---- */

enum sends {
	LEAF,
	WHOLE,
	WITH_OLD,
	OLD_LEAF
};

static SSL_CTX *
server(enum sends sends)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert = sends == OLD_LEAF ? old_leaf.cert : leaf.cert;
	X509 *above = sends == WITH_OLD ? old_middle.cert : middle.cert;

	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, leaf.key), 1);
	if (sends != LEAF)
		ck_assert_int_eq(SSL_CTX_add1_chain_cert(ctx, above), 1);
	return ctx;
}

/* As far as it goes; what is left to read are tickets. */
static void
shake(SSL *client, SSL *other)
{
	BIO *near, *far;
	char byte;

	ck_assert_int_eq(BIO_new_bio_pair(&near, 1 << 16, &far, 1 << 16), 1);
	SSL_set_bio(client, near, near);
	SSL_set_bio(other, far, far);
	SSL_set_accept_state(other);
	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(other);
	}
	ck_assert_int_eq(SSL_is_init_finished(client), 1);
	(void)SSL_read(client, &byte, 1);
	(void)tls_reason();
}

struct side {
	const char *policy, *nexthop, *name, *address;
	uint16_t port;
};

struct met {
	struct smtp_tls_proof proof;
	bool reused;
};

static struct met
meet(SSL_CTX *ctx, const struct side *how)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy policy;
	struct smtp_host host = {
		.name = how->name,
		.address = how->address,
		.port = how->port,
	};
	const char *why = "";

	ck_assert_msg(smtp_policy_parse(&a, how->policy, &policy, &why), "%s",
	    why);
	smtp_policy_settle(&policy, policy.level);
	struct smtp_tls_peer peer = { &policy, &host, how->nexthop, "mx" };
	SSL *client = smtp_tls_new(&peer), *other = SSL_new(ctx);
	ck_assert_ptr_nonnull(client);
	shake(client, other);
	struct met m = {
		.proof = smtp_tls_judge(&peer, client),
		.reused = SSL_session_reused(client) == 1,
	};
	SSL_shutdown(client);
	SSL_free(client);
	SSL_free(other);
	return m;
}

/* ---- anchors ---- */

static const struct {
	const char *policy; /* @ is the folder */
	enum sends sends;
	const char *word, *reason; /* what it begins with */
} trusts[] = {
	{ "verify match=mx.test", WHOLE, "Verified", "" },
	{ "verify match=mx.test tafile=@/root.crt", WHOLE, "Verified", "" },
	{ "verify match=mx.test tafile=@/root.key", WHOLE, "Verified", "" },
	{ "secure match=mx.test tafile=@/middle.crt", WHOLE, "Verified", "" },
	{ "secure match=mx.test tafile=@/middle.crt", LEAF, "Verified", "" },
	{ "secure match=mx.test tafile=@/middle.key", LEAF, "Verified", "" },
	{ "secure match=mx.test tafile=@/old.crt", LEAF, "Verified", "" },
	{ "secure match=mx.test tafile=@/old.crt", WITH_OLD, "Verified", "" },
	{ "secure match=mx.test tafile=@/stranger.crt tafile=@/root.crt", WHOLE,
	    "Verified", "" },
	{ "verify match=mx.test tafile=@/stranger.crt", WHOLE, "Untrusted",
	    "no trust anchor of the policy" },
	{ "verify match=mx.test tafile=@/root.crt", LEAF, "Untrusted", "" },
	{ "verify match=mx.test tafile=@/root.crt", WITH_OLD, "Untrusted",
	    "certificate has expired" },
	{ "verify match=mx.test tafile=@/middle.crt", OLD_LEAF, "Untrusted",
	    "certificate has expired" },
	{ "verify match=mx.test", OLD_LEAF, "Untrusted",
	    "certificate has expired" },
	{ "verify match=other.test tafile=@/middle.crt", LEAF, "Trusted",
	    "hostname mismatch" },
};

static void
put_policy(struct buf *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c == '@')
			buf_adds(out, folder);
		else
			buf_addc(out, *c);
}

START_TEST(the_anchors_of_a_policy_alone_are_trusted)
{
	CLEAN_BUF struct buf policy = { 0 };
	SSL_CTX *ctx = server(trusts[_i].sends);

	put_policy(&policy, trusts[_i].policy);
	struct met m = meet(ctx,
	    &(struct side){ buf_str(&policy), "test", "mx.test", "192.0.2.1",
		25 });
	ck_assert_str_eq(m.proof.word, trusts[_i].word);
	ck_assert_int_eq(m.proof.why == NULL,
	    str_eq(trusts[_i].word, "Verified"));
	ck_assert_msg(str_starts_nocase(m.proof.reason, trusts[_i].reason),
	    "%s", m.proof.reason);
	SSL_CTX_free(ctx);
}
END_TEST

START_TEST(mail_waits_for_a_file_that_was_not_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *good = arena_printf(&a, "%s/root.crt, %s/old.crt", folder,
	    folder);
	const char *why = "";

	ck_assert(smtp_anchor_has(&a, "", &why));
	ck_assert(smtp_anchor_has(&a, good, &why));
	ck_assert(!smtp_anchor_has(&a, "/etc/another", &why));
	ck_assert_ptr_nonnull(strstr(why, "it was not read at the start"));
	ck_assert(!smtp_anchor_has(&a,
	    arena_printf(&a, "%s %s/none.crt", good, folder), &why));
	ck_assert_ptr_nonnull(strstr(why, "neither a certificate"));
	ck_assert(
	    !smtp_anchor_has(&a, arena_printf(&a, "%s/gone", folder), &why));
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
}
END_TEST

/* ---- sessions ---- */

#define ANCHORS "verify match=mx.test tafile=@/middle.crt"
#define FORMER                                                \
	{                                                     \
		"encrypt", "test", "mx.test", "192.0.2.1", 25 \
	}
#define PRINT(b) "fingerprint match=" b ":00:11:22:33"

static const struct {
	struct side first, then;
	bool reused;
} sessions[] = {
	{ FORMER, FORMER, true },
	{ { ANCHORS, "test", "mx.test", "192.0.2.1", 25 },
	    { ANCHORS, "test", "mx.test", "192.0.2.1", 25 }, true },
	/* The level. */
	{ FORMER, { "may", "test", "mx.test", "192.0.2.1", 25 }, false },
	{ { "may", "test", "mx.test", "192.0.2.1", 25 }, FORMER, false },
	{ FORMER,
	    { "verify match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	{ { "verify match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    { "secure match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	/* What the host has to prove. */
	{ { "verify match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    { "verify match=mx.test:a.test", "test", "mx.test", "192.0.2.1",
		25 },
	    false },
	{ { "verify match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    { ANCHORS, "test", "mx.test", "192.0.2.1", 25 }, false },
	{ { ANCHORS, "test", "mx.test", "192.0.2.1", 25 },
	    { "verify match=mx.test", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	{ { ANCHORS, "test", "mx.test", "192.0.2.1", 25 },
	    { "verify match=mx.test tafile=@/root.crt", "test", "mx.test",
		"192.0.2.1", 25 },
	    false },
	{ { PRINT("aa"), "test", "mx.test", "192.0.2.1", 25 },
	    { PRINT("bb"), "test", "mx.test", "192.0.2.1", 25 }, false },
	/* How. */
	{ FORMER,
	    { "encrypt ciphers=high", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	{ FORMER,
	    { "encrypt exclude=kRSA", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	{ FORMER,
	    { "encrypt protocols=TLSv1.3", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	{ FORMER,
	    { "encrypt servername=a.test", "test", "mx.test", "192.0.2.1", 25 },
	    false },
	/* Who. */
	{ FORMER, { "encrypt", "other", "mx.test", "192.0.2.1", 25 }, false },
	{ FORMER, { "encrypt", "test", "my.test", "192.0.2.1", 25 }, false },
	{ FORMER, { "encrypt", "test", "mx.test", "192.0.2.2", 25 }, false },
	{ FORMER, { "encrypt", "test", "mx.test", "192.0.2.1", 26 }, false },
};

static struct met
meet_as(SSL_CTX *ctx, const struct side *how, int number)
{
	CLEAN_BUF struct buf policy = { 0 };
	CLEAN_BUF struct buf nexthop = { 0 };
	struct side mine = *how;

	/* A next hop of its own, or sessions of other cases would do. */
	put_policy(&policy, how->policy);
	buf_addf(&nexthop, "%s%d", how->nexthop, number);
	mine.policy = buf_str(&policy);
	mine.nexthop = buf_str(&nexthop);
	return meet(ctx, &mine);
}

START_TEST(a_session_goes_on_under_the_same_policy_alone)
{
	SSL_CTX *ctx = server(WHOLE);

	ck_assert(!meet_as(ctx, &sessions[_i].first, _i).reused);
	ck_assert_int_eq(meet_as(ctx, &sessions[_i].then, _i).reused,
	    sessions[_i].reused);
	SSL_CTX_free(ctx);
}
END_TEST

/* What has proved it once has proved it; and nothing less. */
START_TEST(a_session_that_goes_on_is_judged_again)
{
	static const struct side how = { ANCHORS, "again", "mx.test",
		"192.0.2.1", 25 };
	SSL_CTX *ctx = server(WHOLE);

	ck_assert_str_eq(meet_as(ctx, &how, 0).proof.word, "Verified");
	struct met m = meet_as(ctx, &how, 0);
	ck_assert(m.reused);
	ck_assert_str_eq(m.proof.word, "Verified");
	SSL_CTX_free(ctx);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_tls");
	TCase *t = tcase_create("handshakes");

	suite_add_tcase(s, t);
	tcase_add_unchecked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_anchors_of_a_policy_alone_are_trusted, 0,
	    (int)ARRAY_LEN(trusts));
	tcase_add_test(t, mail_waits_for_a_file_that_was_not_read);
	tcase_add_loop_test(t, a_session_goes_on_under_the_same_policy_alone, 0,
	    (int)ARRAY_LEN(sessions));
	tcase_add_test(t, a_session_that_goes_on_is_judged_again);
	return s;
}

#include "check_main.h"
