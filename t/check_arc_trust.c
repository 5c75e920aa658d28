/*
 * arc: what a chain is worth that covers a part of the body alone, or of which
 * not all could be asked for; and how many of its sealers are named.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "arc.h"
#include "arc_sign.h"
#include "arc_trust.h"
#include "dkim_key.h"
#include "org_domain.h"

#define NOW     ((int64_t)1700000000000)
#define HEADER  "From: a@from.example\r\nTo: b@to.example\r\n"
#define SIGNED  "Hello\r\n"
#define BODY    SIGNED "and more\r\n"
#define RESULTS " mx.example; dmarc=pass header.from=from.example"

/* What becomes of the question for a key. */
enum fate {
	COMES,
	FAILS, /* SERVFAIL */
	LOST,  /* there is none */
	NEVER, /* no answer */
};

static EVP_PKEY *key;

static void
setup(void)
{
	org_domain_start();
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void
teardown(void)
{
	EVP_PKEY_free(key);
}

/* ---- sealing ---- */

static struct slice
header_of(const struct buf *message)
{
	const char *end = strstr(buf_str(message), "\r\n\r\n");

	return (
	    struct slice){ message->text, (size_t)(end - message->text) + 2 };
}

static struct dkim_signer
signer_of(const char *domain)
{
	return (struct dkim_signer){
		.domain = domain,
		.selector = "ed",
		.pkey = key,
		.header = DKIM_RELAXED,
		.body = DKIM_RELAXED,
		.names = "from, to",
		.oversigned = "from",
	};
}

static void
hash_body(const char *text, uint8_t hash[DKIM_HASH])
{
	struct dkim_body b;

	dkim_body_start(&b, DKIM_RELAXED);
	dkim_body_feed(&b, text, strlen(text));
	dkim_body_end(&b);
	memcpy(hash, b.hash, DKIM_HASH);
	dkim_body_free(&b);
}

/* Puts fields on top. */
static void
put_on_top(struct buf *message, struct buf *fields)
{
	buf_add(fields, message->text, message->len);
	buf_free(message);
	*message = *fields;
	*fields = (struct buf){ 0 };
}

static void
seal(struct buf *message, const char *domain, enum arc_status cv)
{
	struct dkim_signer s = signer_of(domain);
	struct dkim_fields f = { 0 };
	CLEAN_BUF struct buf out = { 0 };
	uint8_t hash[DKIM_HASH];
	const char *why;

	hash_body(BODY, hash);
	dkim_fields_add(&f, header_of(message));
	ck_assert(arc_sign(&s, &f, hash, header_of(message), SLICE(RESULTS), cv,
	    NOW, &out, &why));
	dkim_fields_free(&f);
	put_on_top(message, &out);
}

/* A first set that covers only SIGNED, which none of ours does. */
static void
seal_part(struct buf *message)
{
	CLEAN_BUF struct buf top = { 0 }, text = { 0 }, b = { 0 };
	CLEAN_BUF struct buf found = { 0 };
	struct dkim_signer s = signer_of("a.example");
	struct dkim_fields f = { 0 };
	uint8_t hash[DKIM_HASH];

	s.start = "ARC-Message-Signature: i=1; l=7;";
	hash_body(SIGNED, hash);
	dkim_fields_add(&f, header_of(message));
	ck_assert(dkim_sign(&s, &f, hash, NOW, &text));
	dkim_fields_free(&f);
	buf_adds(&found, "ARC-Authentication-Results: i=1;" RESULTS "\r\n");
	buf_adds(&top,
	    "ARC-Seal: i=1; a=ed25519-sha256; cv=none; d=a.example; s=ed; b=");
	struct arc_set set = {
		.results = { found.text, found.len },
		.message = { text.text, text.len },
		.sealed = { top.text, top.len },
		.seal.b_raw = { top.text + top.len, 0 },
	};
	arc_hash(&set, 1);
	ck_assert(dkim_sign_digest(key, set.digest, &b));
	dkim_sign_put(&top, &b);
	buf_add(&top, text.text, text.len);
	buf_add(&top, found.text, found.len);
	put_on_top(message, &top);
}

/* ---- judging ---- */

/* The answer for a key of this domain is `fate`. */
static void
answer(struct arc *a, size_t i, enum fate fate)
{
	CLEAN_BUF struct buf text = { 0 };
	struct dns_answer said = { .status = DNS_OK, .text = "" };

	ck_assert(dkim_key_record(&text, key));
	struct dns_record record = { .data = { text.text, text.len } };
	said.records = &record;
	said.n = fate == COMES ? 1 : 0;
	if (fate != COMES)
		said.status = fate == FAILS ? DNS_FAILED : DNS_NXDOMAIN;
	if (fate != NEVER)
		arc_key(a, i, &said);
}

/* `fate` is that of keys of b.example. */
static void
judge(struct arc *a, const struct buf *message, enum fate fate)
{
	struct slice header = header_of(message);
	bool more = true;

	arc_start(a, header, NOW);
	while (more) {
		more = false;
		for (size_t i = 0; i <= ARC_SETS_MAX; i++) {
			const char *name = arc_need(a, i);

			if (name == NULL)
				continue;
			bool odd = str_ends(name, ".b.example");
			answer(a, i, odd ? fate : COMES);
			more |= arc_need(a, i) == NULL;
		}
	}
	if (arc_wants_body(a))
		arc_body(a, header.at + header.len + 2,
		    message->len - header.len - 2);
	arc_end(a, false);
}

static enum found
is_a(const char *domain)
{
	return str_eq(domain, "a.example") ? FOUND_ONE : FOUND_NONE;
}

static enum found
is_nobody(const char *domain)
{
	(void)domain;
	return FOUND_NONE;
}

static enum found
vouches(const struct arc *a, arc_trusted_fn *trusted)
{
	static const struct dmarc_record record = { .p = DMARC_REJECT };

	return arc_vouches(a, trusted, "from.example", &record);
}

START_TEST(a_part_of_a_body_is_vouched_for_only_where_it_is_all)
{
	CLEAN_BUF struct buf message = { 0 };
	struct arc a;

	buf_adds(&message, HEADER "\r\n" SIGNED);
	seal_part(&message);
	judge(&a, &message, COMES);
	ck_assert_int_eq(a.status, ARC_PASS);
	ck_assert_int_eq(vouches(&a, is_a), FOUND_ONE);
	arc_free(&a);
	buf_adds(&message, "and a lie\r\n");
	judge(&a, &message, COMES);
	ck_assert_int_eq(a.status, ARC_PASS);
	ck_assert_int_eq(vouches(&a, is_a), FOUND_NONE);
	arc_free(&a);
}
END_TEST

static const struct {
	enum fate fate;
	enum arc_status status;
	enum found by_a;
} doubts[] = {
	{ COMES, ARC_PASS, FOUND_ONE },
	{ FAILS, ARC_FAIL, FOUND_FAILED },
	{ NEVER, ARC_FAIL, FOUND_FAILED },
	{ LOST, ARC_FAIL, FOUND_NONE },
};

/* b has sealed, then a, whom we trust: where b's key cannot be asked for, the
 * chain may be good. */
START_TEST(a_chain_in_doubt_may_be_good)
{
	CLEAN_BUF struct buf message = { 0 };
	struct arc a;

	buf_adds(&message, HEADER "\r\n" BODY);
	seal(&message, "b.example", ARC_NONE);
	seal(&message, "a.example", ARC_PASS);
	judge(&a, &message, doubts[_i].fate);
	ck_assert_int_eq(a.status, doubts[_i].status);
	ck_assert_int_eq(vouches(&a, is_a), doubts[_i].by_a);
	ck_assert_int_eq(vouches(&a, is_nobody), FOUND_NONE);
	arc_free(&a);
}
END_TEST

START_TEST(a_body_that_cannot_be_read_is_doubt)
{
	CLEAN_BUF struct buf message = { 0 };
	struct arc a;

	buf_adds(&message, HEADER "\r\n" BODY);
	seal(&message, "a.example", ARC_NONE);
	arc_start(&a, header_of(&message), NOW);
	answer(&a, 0, COMES);
	answer(&a, 1, COMES);
	arc_end(&a, true);
	ck_assert_int_eq(a.status, ARC_FAIL);
	ck_assert_int_eq(vouches(&a, is_a), FOUND_FAILED);
	arc_free(&a);
}
END_TEST

/* A line has 998 bytes at most, and chains may have 50 long names. */
START_TEST(a_long_chain_makes_no_long_line)
{
	static const char label[] =
	    "a-label-that-is-as-long-as-one-may-be-in-the-domain-name-system";
	CLEAN_BUF struct buf message = { 0 }, name = { 0 }, said = { 0 };
	struct arc a;

	buf_addf(&name, "%s.%s.%s.example", label, label, label);
	buf_adds(&message, HEADER "\r\n" BODY);
	for (size_t i = 0; i < ARC_SETS_MAX; i++)
		seal(&message, buf_str(&name), i == 0 ? ARC_NONE : ARC_PASS);
	judge(&a, &message, COMES);
	ck_assert_int_eq(a.status, ARC_PASS);
	arc_put(&a, "2001:db8:1111:2222:3333:4444:5555:6666", &said);
	ck_assert_ptr_nonnull(strstr(buf_str(&said), buf_str(&name)));
	ck_assert_uint_lt(said.len, 990);
	arc_free(&a);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("arc_trust");
	TCase *t = tcase_create("arc_trust");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_part_of_a_body_is_vouched_for_only_where_it_is_all);
	tcase_add_loop_test(t, a_chain_in_doubt_may_be_good, 0,
	    ARRAY_LEN(doubts));
	tcase_add_test(t, a_body_that_cannot_be_read_is_doubt);
	tcase_add_test(t, a_long_chain_makes_no_long_line);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
