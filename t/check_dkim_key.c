/*
 * DKIM: what key records say of a signature (RFC 6376 3.6.1, RFC 8301), and
 * signatures of a part of a body.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "dkim_key_cache.h"
#include "dkim_world.h"

#define HELLO                    \
	"From: A <a@x.test>\r\n" \
	"To: b@y.test\r\n"       \
	"Subject: a  word \r\n"  \
	"\tor two\r\n"           \
	"X-Any: 1\r\n"           \
	"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define RFC8463_RSA                                                          \
	"v=DKIM1; k=rsa; "                                                   \
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6" \
	"Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/" \
	"8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kr" \
	"yOTIKT+l/K4w3QIDAQAB"

static void
judged_as(const char *message, enum dkim_result want, const char *why)
{
	struct dkim_verify v;

	world_judge(&v, slice_of(message), 0);
	ck_assert_uint_ge(v.n, 1);
	ck_assert_msg(v.judged[0].result == want, "%s, %s",
	    dkim_result_name(v.judged[0].result), v.judged[0].why);
	if (why != NULL)
		ck_assert_str_eq(v.judged[0].why, why);
	ck_assert(want == DKIM_PASS || !v.judged[0].whole);
	dkim_verify_free(&v);
}

/* ---- what a key record says ---- */

#define P512                                                             \
	"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKqKWsPAYYxtgpXWxUs1tUyBNoHp" \
	"iKbCMJEDAULgYNyu4jBHQPhUi5fBJZG7hw1pSSBDGWYAdSwS+4z3aixYB4kCAwEAAQ=="

static const struct {
	const char *record; /* %s: the key */
	enum dkim_result want;
	const char *why;
} records[] = {
	{ "v=DKIM1; p=%s", DKIM_PASS, NULL },
	{ "p=%s", DKIM_PASS, NULL },
	{ "v=DKIM1; k=rsa; h=sha1:sha256; s=email; t=s; n=x; p=%s;", DKIM_PASS,
	    NULL },
	{ "v=DKIM1; s=*; t=y; p=%s", DKIM_PASS, NULL },
	{ "v=DKIM1; g=nobody; p=%s", DKIM_PASS, NULL }, /* obsolete */
	{ "p=%s; v=DKIM1", DKIM_PERMERROR, "v is not DKIM1" },
	{ "v=DKIM2; p=%s", DKIM_PERMERROR, "v is not DKIM1" },
	{ "v=DKIM1; k=dsa; p=%s", DKIM_PERMERROR, "a key of an unknown kind" },
	{ "v=DKIM1; k=ed25519; p=%s", DKIM_PERMERROR, "p is no key" },
	{ "v=DKIM1; h=sha1; p=%s", DKIM_PERMERROR,
	    "the key is not for sha256" },
	{ "v=DKIM1; s=tlsrpt; p=%s", DKIM_PERMERROR,
	    "the key is not for mail" },
	{ "v=DKIM1; p=", DKIM_PERMERROR, "the key was revoked" },
	{ "v=DKIM1", DKIM_PERMERROR, "the key record has no p" },
	{ "v=DKIM1; p=!", DKIM_PERMERROR, "p is not base64" },
	{ "v=DKIM1; p=AAAA", DKIM_PERMERROR, "p is no key" },
	{ "v=DKIM1; " P512, DKIM_POLICY, "the key is too small" },
	{ "nonsense", DKIM_PERMERROR, "the key record is not well-formed" },
	{ "", DKIM_PERMERROR, "the key record is not well-formed" },
	{ NULL, DKIM_TEMPERROR, "the key could not be asked for" },
};

/* Signed by rsa, whose key is at another name too. */
static void
sign_for(struct buf *message, const char *domain, const char *identity)
{
	struct dkim_fields fields = { 0 };
	CLEAN_BUF struct buf field = { 0 }, b = { 0 }, text = { 0 };
	uint8_t digest[DKIM_HASH];

	buf_addf(&field,
	    "DKIM-Signature: v=1; a=rsa-sha256; d=%s; s=try; i=%s;\r\n"
	    "\tc=relaxed/relaxed; h=from; bh=" HASH "; b=",
	    domain, identity);
	dkim_fields_add(&fields, slice_of(HELLO));
	struct slice own = { field.text, field.len };
	dkim_fields_hash(&fields, DKIM_RELAXED, slice_of("from"), own,
	    (struct slice){ own.at + own.len, 0 }, digest);
	ck_assert(dkim_sign_digest(world_key(0), digest, &b));
	dkim_base64_put(&text, b.text, b.len);
	buf_addf(message, "%s%s\r\n" HELLO "\r\n", buf_str(&field),
	    buf_str(&text));
	dkim_fields_free(&fields);
}

static char *
record_text(const char *format)
{
	CLEAN_BUF struct buf record = { 0 }, out = { 0 };

	ck_assert(dkim_key_record(&record, world_key(0)));
	const char *key = strstr(record.text, "p=") + 2;
	const char *hole = strstr(format, "%s");
	if (hole == NULL)
		return xstrdup(format);
	buf_addf(&out, "%.*s%s%s", (int)(hole - format), format, key, hole + 2);
	return buf_take(&out);
}

START_TEST(a_key_is_judged_by_its_record)
{
	CLEAN_BUF struct buf message = { 0 };
	CLEAN_STR char *record = records[_i].record != NULL
	    ? record_text(records[_i].record)
	    : NULL;

	world_publish("try._domainkey.x.test", record);
	sign_for(&message, "x.test", "@x.test");
	judged_as(buf_str(&message), records[_i].want, records[_i].why);
}
END_TEST

START_TEST(every_prefix_of_a_record_is_survived)
{
	CLEAN_STR char *record = record_text("v=DKIM1; k=rsa; p=%s");
	struct dkim_key key;
	const char *why;

	for (size_t n = 0; n < strlen(record); n++)
		ck_assert_int_ne(dkim_key_parse((struct slice){ record, n },
				     &key, &why),
		    DKIM_PASS);
}
END_TEST

START_TEST(any_of_several_records_may_fit)
{
	CLEAN_BUF struct buf message = { 0 };
	CLEAN_STR char *record = record_text("v=DKIM1; p=%s");

	world_publish("try._domainkey.x.test", "v=spf1 -all");
	world_publish("try._domainkey.x.test", RFC8463_RSA);
	sign_for(&message, "x.test", "@x.test");
	judged_as(buf_str(&message), DKIM_FAIL, "the signature is wrong");
	world_publish("try._domainkey.x.test", record);
	judged_as(buf_str(&message), DKIM_PASS, NULL);
}
END_TEST

START_TEST(a_strict_key_is_for_its_domain_alone)
{
	CLEAN_BUF struct buf message = { 0 };
	CLEAN_STR char *strict = record_text("t=s; p=%s");

	world_publish("try._domainkey.x.test", strict);
	sign_for(&message, "x.test", "@sub.x.test");
	judged_as(buf_str(&message), DKIM_PERMERROR,
	    "the key is not for subdomains");
	CLEAN_STR char *loose = record_text("t=y; p=%s");
	world_reset();
	world_publish("try._domainkey.x.test", loose);
	judged_as(buf_str(&message), DKIM_PASS, NULL);
	strstr(message.text, "a@x")[0] = 'b';
	judged_as(buf_str(&message), DKIM_NEUTRAL,
	    "the signature is wrong, and DKIM on trial");
}
END_TEST

/* RFC 8616 5: names may stand there as people write them. */
START_TEST(names_that_are_not_ascii_are_looked_up)
{
	CLEAN_BUF struct buf message = { 0 }, wrong = { 0 }, said = { 0 };
	CLEAN_STR char *record = record_text("p=%s");
	struct dkim_verify v;

	world_publish("try._domainkey.xn--bcher-kva.test", record);
	sign_for(&message,
	    "B\xc3\x9c"
	    "cher.test",
	    "\xc3\xa9@m.b\xc3\xbc"
	    "cher.test");
	world_judge(&v, slice_of(buf_str(&message)), 0);
	ck_assert_int_eq(v.judged[0].result, DKIM_PASS);
	dkim_verify_results(&v, &said);
	ck_assert_ptr_nonnull(strstr(buf_str(&said),
	    " header.d=xn--bcher-kva.test header.i=@m.xn--bcher-kva.test "));
	dkim_verify_free(&v);
	sign_for(&wrong,
	    "b\xff"
	    "cher.test",
	    "@x.test");
	judged_as(buf_str(&wrong), DKIM_NEUTRAL, "d is no domain");
}
END_TEST

START_TEST(keys_of_an_odd_size_are_refused)
{
	static const size_t sizes[] = { 1023, 4104 };
	CLEAN_BUF struct buf record = { 0 };
	struct dkim_key key;
	const char *why = "";
	EVP_PKEY *odd = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", sizes[_i]);

	ck_assert_ptr_nonnull(odd);
	ck_assert(dkim_key_record(&record, odd));
	ck_assert_int_eq(dkim_key_parse((struct slice){ record.text,
					    record.len },
			     &key, &why),
	    DKIM_POLICY);
	EVP_PKEY_free(odd);
}
END_TEST

/* ---- l= ---- */

static void
sign_length(struct buf *message, const char *l, const char *covered,
    const char *body)
{
	struct dkim_fields fields = { 0 };
	CLEAN_BUF struct buf field = { 0 }, b = { 0 }, text = { 0 };
	uint8_t digest[DKIM_HASH];

	buf_addf(&field,
	    "DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=rsa;\r\n"
	    "\th=from; l=%s; bh=",
	    l);
	ck_assert(EVP_Digest(covered, strlen(covered), digest, NULL,
	    dkim_sha256(), NULL));
	dkim_base64_put(&field, digest, DKIM_HASH);
	buf_adds(&field, "; b=");
	dkim_fields_add(&fields, slice_of(HELLO));
	struct slice own = { field.text, field.len };
	dkim_fields_hash(&fields, DKIM_SIMPLE, slice_of("from"), own,
	    (struct slice){ own.at + own.len, 0 }, digest);
	ck_assert(dkim_sign_digest(world_key(0), digest, &b));
	dkim_base64_put(&text, b.text, b.len);
	buf_addf(message, "%s%s\r\n" HELLO "\r\n%s", buf_str(&field),
	    buf_str(&text), body);
	dkim_fields_free(&fields);
}

static const struct {
	const char *l, *covered, *body;
	enum dkim_result want;
	const char *why;
	bool whole;
} lengths[] = {
	{ "6", "one\r\nt", "one\r\ntwo\r\n", DKIM_PASS,
	    "the body goes on behind l", false },
	{ "10", "one\r\ntwo\r\n", "one\r\ntwo\r\n", DKIM_PASS, NULL, true },
	{ "11", "one\r\ntwo\r\n", "one\r\ntwo\r\n", DKIM_FAIL,
	    "the body is shorter than l", false },
	{ "0", "", "one\r\n", DKIM_PASS, "the body goes on behind l", false },
	{ "3", "two", "one\r\n", DKIM_FAIL, "the body was changed", false },
};

START_TEST(a_part_of_a_body_is_not_the_whole)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	sign_length(&message, lengths[_i].l, lengths[_i].covered,
	    lengths[_i].body);
	world_judge(&v, (struct slice){ message.text, message.len }, 1);
	ck_assert_int_eq(v.judged[0].result, lengths[_i].want);
	ck_assert(v.judged[0].whole == lengths[_i].whole);
	ck_assert(lengths[_i].why == NULL
		? v.judged[0].why == NULL
		: str_eq(v.judged[0].why, lengths[_i].why));
	dkim_verify_free(&v);
}
END_TEST

/* More of them than are kept, each read again at once and after the others; a
 * holder's key outlives its place. */
START_TEST(a_key_is_read_once_and_forgotten_in_time)
{
	CLEAN_BUF struct buf record = { 0 };
	struct dkim_key held = { 0 }, again;
	const char *why = "";

	ck_assert(dkim_key_record(&record, world_key(0)));
	buf_adds(&record, "; t=s:y; n=");
	size_t len = record.len;
	for (int i = 0; i <= 2 * DKIM_CACHE_KEYS; i++) {
		record.len = len;
		buf_addf(&record, "%d", i % (DKIM_CACHE_KEYS + 1));
		struct slice text = { record.text, record.len };

		dkim_key_free(&held);
		ck_assert_int_eq(dkim_key_parse(text, &held, &why), DKIM_PASS);
		ck_assert_int_eq(dkim_key_parse(text, &again, &why), DKIM_PASS);
		ck_assert_ptr_eq(held.pkey, again.pkey);
		ck_assert(again.strict && again.testing && !again.ed25519);
		dkim_key_free(&again);
	}
	ck_assert_int_eq(EVP_PKEY_eq(held.pkey, world_key(0)), 1);
	dkim_key_free(&held);
	ck_assert(
	    dkim_cache_get((struct slice){ record.text, record.len }, &held));
	dkim_key_free(&held);
	record.text[len] = ' '; /* another text */
	ck_assert(
	    !dkim_cache_get((struct slice){ record.text, record.len }, &held));
	/* The longest unused one had to go. */
	record.len = len;
	buf_addf(&record, "%d", DKIM_CACHE_KEYS);
	ck_assert(
	    !dkim_cache_get((struct slice){ record.text, record.len }, &held));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dkim_key");
	TCase *t = tcase_create("dkim_key");

	tcase_add_checked_fixture(t, world_reset, NULL);
	tcase_add_loop_test(t, a_key_is_judged_by_its_record, 0,
	    ARRAY_LEN(records));
	tcase_add_test(t, every_prefix_of_a_record_is_survived);
	tcase_add_test(t, any_of_several_records_may_fit);
	tcase_add_test(t, a_strict_key_is_for_its_domain_alone);
	tcase_add_test(t, names_that_are_not_ascii_are_looked_up);
	tcase_add_loop_test(t, keys_of_an_odd_size_are_refused, 0, 2);
	tcase_add_test(t, a_key_is_read_once_and_forgotten_in_time);
	tcase_add_loop_test(t, a_part_of_a_body_is_not_the_whole, 0,
	    ARRAY_LEN(lengths));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
