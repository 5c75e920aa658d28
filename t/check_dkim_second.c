/*
 * DKIM beside libopendkim: what one signs, the other takes, and both see
 * every change; memory that stays flat; what a message costs.  With
 * POSTHOUSE_LONG the memory is watched over 100,000 messages.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <malloc.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dkim_second.h"
#include "dkim_world.h"

#define ODD_MESSAGES 200
#define SHORT_RUN    3000
#define LONG_RUN     100000
#define TIMED        200

static uint32_t seed;

static uint32_t
roll(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

static void
put_words(struct buf *out, uint32_t most)
{
	static const char *const words[] = { "a", "odd", " ", "  ", "\t", "=",
		"\xc3\xbc", ".", ":", "\"x y\"", ";",
		"long-word-of-many-bytes" };

	for (uint32_t n = roll(most); n > 0; n--) {
		buf_adds(out, words[roll(ARRAY_LEN(words))]);
		if (roll(4) == 0)
			buf_addc(out, ' ');
	}
}

static void
put_field(struct buf *out, const char *name)
{
	buf_addf(out, "%s:", name);
	put_words(out, 6);
	for (uint32_t folds = roll(3); folds > 0; folds--) {
		buf_adds(out, "\r\n x");
		put_words(out, 6);
	}
	buf_adds(out, "\r\n");
}

/* The same for the same number. */
static void
odd_message(struct buf *out, uint32_t number)
{
	static const char *const names[] = { "Subject", "TO", "x-any", "Date",
		"X-Other" };

	seed = number;
	buf_adds(out, "From: <a@x.test>\r\n");
	for (uint32_t n = roll(8); n > 0; n--)
		put_field(out, names[roll(ARRAY_LEN(names))]);
	buf_adds(out, "\r\n");
	for (uint32_t lines = roll(12); lines > 0; lines--) {
		put_words(out, 10);
		buf_adds(out, "\r\n");
	}
	for (uint32_t blank = roll(4); blank > 0; blank--)
		buf_adds(out, roll(2) == 0 ? "\r\n" : " \r\n");
}

static const char *
own_record(const char *name)
{
	static struct buf record[2];
	int ed25519 = str_eq(name, "ed._domainkey.x.test");

	if (record[ed25519].len == 0)
		ck_assert(
		    dkim_key_record(&record[ed25519], world_key(ed25519)));
	return buf_str(&record[ed25519]);
}

static size_t
own_verdict(const struct buf *message)
{
	struct dkim_verify v;
	size_t good = 0;

	world_judge(&v, (struct slice){ message->text, message->len }, 0);
	for (size_t i = 0; i < v.n; i++)
		good += v.judged[i].result == DKIM_PASS ? 1 : 0;
	dkim_verify_free(&v);
	return good;
}

START_TEST(what_we_sign_libopendkim_takes)
{
	if (!second_open())
		return;
	for (uint32_t i = 0; i < ODD_MESSAGES; i++) {
		CLEAN_BUF struct buf m = { 0 };

		odd_message(&m, i);
		world_sign(&m, i & 1, (enum dkim_canon)(i >> 1 & 1),
		    (enum dkim_canon)(i >> 2 & 1));
		ck_assert_msg(second_verify(m.text, m.len, own_record) == 1,
		    "message %u:\n%s", i, m.text);
		ck_assert_uint_eq(own_verdict(&m), 1);
		/* A byte of the part that is signed in any form. */
		char *from = strstr(m.text, "a@x.test");
		from[0] = 'b';
		ck_assert_int_eq(second_verify(m.text, m.len, own_record), 0);
		ck_assert_uint_eq(own_verdict(&m), 0);
	}
}
END_TEST

static void
put_pem(struct buf *out, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	ck_assert(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	long n = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)n);
	BIO_free(bio);
}

START_TEST(what_libopendkim_signs_we_take)
{
	CLEAN_BUF struct buf pem = { 0 };
	size_t good = 0;

	if (!second_open())
		return;
	put_pem(&pem, world_key(_i));
	world_now = (int64_t)time(NULL) * 1000;
	for (uint32_t i = 0; i < ODD_MESSAGES; i++) {
		CLEAN_BUF struct buf m = { 0 };

		odd_message(&m, i);
		ck_assert(second_sign(&m, buf_str(&pem), "x.test",
		    _i ? "ed" : "rsa", _i != 0, i % 2 == 0));
		/* In the simple form it takes its own Ed25519 signatures for
		 * wrong. */
		size_t ours = own_verdict(&m);
		int theirs = second_verify(m.text, m.len, own_record);
		ck_assert_msg((int)ours == theirs, "message %u: %zu, %d:\n%s",
		    i, ours, theirs, m.text);
		good += ours;
	}
	ck_assert_uint_ge(good, _i ? ODD_MESSAGES / 2 : ODD_MESSAGES);
}
END_TEST

START_TEST(memory_stays_flat)
{
	int runs = getenv("POSTHOUSE_LONG") != NULL ? LONG_RUN : SHORT_RUN;
	size_t before = 0;

	for (int i = 0; i < runs; i++) {
		CLEAN_BUF struct buf m = { 0 };

		odd_message(&m, (uint32_t)i % 50);
		world_sign(&m, i & 1, DKIM_RELAXED, DKIM_RELAXED);
		ck_assert_uint_eq(own_verdict(&m), 1);
		if (i == runs / 10)
			before = mallinfo2().uordblks;
	}
	size_t after = mallinfo2().uordblks;
	printf("# %d messages signed and verified: %zu bytes in use after a "
	       "tenth, %zu at the end\n",
	    runs, before, after);
	/* What allocators keep differs a little; a leak would be more. */
	ck_assert_uint_le(after, before + 262144);
}
END_TEST

/* ---- cost ---- */

static double
since(clock_t began, int n)
{
	return (double)(clock() - began) * 1e6 / CLOCKS_PER_SEC / n;
}

START_TEST(cost_is_told)
{
	CLEAN_BUF struct buf m = { 0 }, pem = { 0 };

	odd_message(&m, 3);
	while (m.len < 4096)
		buf_adds(&m,
		    "A line of text, as there are many of in mail.\r\n");
	CLEAN_BUF struct buf one = { 0 };
	clock_t began = clock();
	for (int i = 0; i < TIMED; i++) {
		buf_reset(&one);
		buf_add(&one, m.text, m.len);
		world_sign(&one, _i, DKIM_RELAXED, DKIM_RELAXED);
	}
	printf("# %s: sign %.0f us", _i ? "Ed25519" : "RSA",
	    since(began, TIMED));
	began = clock();
	for (int i = 0; i < TIMED; i++)
		ck_assert_uint_eq(own_verdict(&one), 1);
	printf(", verify %.0f us", since(began, TIMED));
	if (second_open()) {
		put_pem(&pem, world_key(_i));
		began = clock();
		for (int i = 0; i < TIMED; i++) {
			CLEAN_BUF struct buf copy = { 0 };

			buf_add(&copy, m.text, m.len);
			ck_assert(second_sign(&copy, buf_str(&pem), "x.test",
			    "ed", _i != 0, true));
		}
		printf("; libopendkim: sign %.0f us", since(began, TIMED));
		began = clock();
		for (int i = 0; i < TIMED; i++)
			ck_assert_int_eq(second_verify(one.text, one.len,
					     own_record),
			    1);
		printf(", verify %.0f us", since(began, TIMED));
	}
	printf("\n");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dkim_second");
	TCase *t = tcase_create("dkim_second");

	tcase_set_timeout(t, getenv("POSTHOUSE_LONG") != NULL ? 3600 : 600);
	tcase_add_test(t, what_we_sign_libopendkim_takes);
	tcase_add_loop_test(t, what_libopendkim_signs_we_take, 0, 2);
	tcase_add_test(t, memory_stays_flat);
	tcase_add_loop_test(t, cost_is_told, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
