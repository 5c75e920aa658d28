/*
 * DKIM signatures, judged and made (RFC 6376, 8301, 8463).
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dkim_world.h"

#define HELLO                    \
	"From: A <a@x.test>\r\n" \
	"To: b@y.test\r\n"       \
	"Subject: a  word \r\n"  \
	"\tor two\r\n"           \
	"X-Any: 1\r\n"           \
	"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
#define BODY "Hi.\r\n\r\nTwo  words \r\n\r\n\r\n"

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

/* ---- the examples of the standards ---- */

/* RFC 8463 A.2, A.3. */
#define RFC8463_ED             \
	"v=DKIM1; k=ed25519; " \
	"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RFC8463_RSA                                                          \
	"v=DKIM1; k=rsa; "                                                   \
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6" \
	"Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/" \
	"8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kr" \
	"yOTIKT+l/K4w3QIDAQAB"

static const char rfc8463[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

START_TEST(the_example_of_rfc_8463_passes_twice)
{
	CLEAN_BUF struct buf said = { 0 };
	struct dkim_verify v;

	world_publish("brisbane._domainkey.football.example.com", RFC8463_ED);
	world_publish("test._domainkey.football.example.com", RFC8463_RSA);
	for (size_t piece = 0; piece < 5; piece++) {
		world_judge(&v, slice_of(rfc8463), piece);
		ck_assert_uint_eq(v.n, 2);
		ck_assert_int_eq(v.judged[0].result, DKIM_PASS);
		ck_assert_int_eq(v.judged[1].result, DKIM_PASS);
		ck_assert(v.judged[0].whole && v.judged[1].whole);
		if (piece == 4)
			dkim_verify_results(&v, &said);
		dkim_verify_free(&v);
	}
	ck_assert_str_eq(buf_str(&said),
	    "; dkim=pass header.d=football.example.com"
	    " header.i=@football.example.com header.s=brisbane"
	    " header.a=ed25519-sha256 header.b=\"/gCrinpc\""
	    "; dkim=pass header.d=football.example.com"
	    " header.i=@football.example.com header.s=test"
	    " header.a=rsa-sha256 header.b=F45dVWDf");
}
END_TEST

/* RFC 6376 A.2, with the errata 3192 and 4926. */
START_TEST(the_example_of_rfc_6376_passes)
{
	world_publish("brisbane._domainkey.example.com",
	    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGq"
	    "Z9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBI"
	    "tLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcw"
	    "GjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB");
	judged_as(
	    "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com"
	    ";\r\n"
	    "      c=simple/simple; q=dns/txt; i=joe@football.example.com;"
	    "\r\n"
	    "      h=Received : From : To : Subject : Date : Message-ID;"
	    "\r\n"
	    "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB"
	    "\r\n"
	    "        4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut"
	    "\r\n"
	    "        KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV"
	    "\r\n"
	    "        4bmp/YzhwvcubU4=;\r\n"
	    "Received: from client1.football.example.com  [192.0.2.1]"
	    "\r\n"
	    "      by submitserver.example.com with SUBMISSION;\r\n"
	    "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
	    "From: Joe SixPack <joe@football.example.com>\r\n"
	    "To: Suzie Q <suzie@shopping.example.net>\r\n"
	    "Subject: Is dinner ready?\r\n"
	    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
	    "Message-ID: "
	    "<20030712040037.46341.5F8J@football.example.com>\r\n"
	    "\r\n"
	    "Hi.\r\n"
	    "\r\n"
	    "We lost the game. Are you hungry yet?\r\n"
	    "\r\n"
	    "Joe.\r\n",
	    DKIM_PASS, NULL);
}
END_TEST

/* ---- signatures of our own ---- */

static void
signed_hello(struct buf *message, int variant)
{
	buf_adds(message, HELLO "\r\n" BODY);
	world_sign(message, variant & 1, (enum dkim_canon)(variant >> 1 & 1),
	    (enum dkim_canon)(variant >> 2 & 1));
}

START_TEST(what_is_signed_here_passes_here)
{
	CLEAN_BUF struct buf message = { 0 };

	signed_hello(&message, _i);
	judged_as(buf_str(&message), DKIM_PASS, NULL);
	/* No line is longer than it should be. */
	struct slice rest = { message.text, message.len }, line;
	while (slice_next_part(&rest, '\n', &line))
		ck_assert_uint_le(line.len, 80);
}
END_TEST

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* True where a change of this byte is none in the relaxed forms: case of a
 * field's name. */
static bool
is_in_name(const char *message, size_t at)
{
	size_t line = at;

	while (line > 0 && message[line - 1] != '\n')
		line--;
	return !is_blank(message[line]) &&
	    memchr(message + line, ':', at - line) == NULL &&
	    at < (size_t)(strstr(message, "\r\n\r\n") - message);
}

START_TEST(every_changed_byte_of_a_signed_part_is_seen)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	signed_hello(&message, _i);
	/* The signature's own field is tried by another test. */
	size_t from = (size_t)(strstr(message.text, "From:") - message.text);
	size_t to = message.len - 6; /* the empty lines at the end */
	for (size_t at = from; at < to; at++) {
		if (is_blank(message.text[at]))
			continue;
		message.text[at] ^= 0x01;
		world_judge(&v, (struct slice){ message.text, message.len }, 0);
		ck_assert_msg(v.n == 1 && v.judged[0].result == DKIM_FAIL,
		    "byte %zu %c", at, message.text[at]);
		dkim_verify_free(&v);
		message.text[at] ^= 0x01 ^ 0x20;
		world_judge(&v, (struct slice){ message.text, message.len }, 0);
		bool letter = char_is_alpha(message.text[at]);
		bool same = (_i >> 1 & 1) == DKIM_RELAXED && letter &&
		    is_in_name(message.text, at);
		ck_assert_msg(same == (v.judged[0].result == DKIM_PASS),
		    "case of byte %zu: %.20s", at, message.text + at);
		dkim_verify_free(&v);
		message.text[at] ^= 0x20;
	}
	judged_as(buf_str(&message), DKIM_PASS, NULL);
}
END_TEST

/* Every other value that a byte can have; without POSTHOUSE_LONG some of them.
 * What the forms allow for is left out: blanks that become others, and in the
 * relaxed form letters of a field's name. */
static bool
is_no_change(const char *message, size_t at, char now, int variant)
{
	char was = message[at];
	bool letter = char_is_alpha(was) && (was ^ now) == 0x20;

	if (is_blank(was) && is_blank(now))
		return true;
	return (variant >> 1 & 1) == DKIM_RELAXED && letter &&
	    is_in_name(message, at);
}

START_TEST(every_value_of_a_byte_is_seen)
{
	int step = getenv("POSTHOUSE_LONG") != NULL ? 1 : 37;
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	signed_hello(&message, _i);
	size_t from = (size_t)(strstr(message.text, "From:") - message.text);
	for (size_t at = from; at < message.len - 6; at++) {
		char was = message.text[at];

		for (int i = 1 + (int)at % step; i < 256; i += step) {
			char now = (char)(was ^ i);

			if (is_no_change(message.text, at, now, _i))
				continue;
			message.text[at] = now;
			world_judge(&v,
			    (struct slice){ message.text, message.len }, 0);
			ck_assert_msg(v.n == 0 ||
				v.judged[0].result != DKIM_PASS,
			    "byte %zu %02x", at, (unsigned int)(uint8_t)now);
			dkim_verify_free(&v);
			message.text[at] = was;
		}
	}
}
END_TEST

/* In the simple form a blank is a byte as others are. */
START_TEST(every_changed_blank_of_the_simple_form_is_seen)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	signed_hello(&message, _i);
	size_t from = (size_t)(strstr(message.text, "From:") - message.text);
	for (size_t at = from; at < message.len - 6; at++) {
		char was = message.text[at];

		if (was != ' ' && was != '\t')
			continue;
		message.text[at] = was == ' ' ? '\t' : ' ';
		world_judge(&v, (struct slice){ message.text, message.len }, 0);
		ck_assert_msg(v.judged[0].result == DKIM_FAIL, "byte %zu", at);
		dkim_verify_free(&v);
		message.text[at] = was;
	}
}
END_TEST

START_TEST(every_changed_byte_of_the_signature_is_no_pass)
{
	CLEAN_BUF struct buf message = { 0 };

	signed_hello(&message, _i | DKIM_RELAXED << 1);
	size_t to = (size_t)(strstr(message.text, "From:") - message.text);
	for (size_t at = strlen("DKIM-Signature:"); at < to; at++) {
		struct dkim_verify v;

		if (is_blank(message.text[at]))
			continue;
		message.text[at] ^= 0x01;
		world_judge(&v, (struct slice){ message.text, message.len }, 0);
		ck_assert_msg(v.judged[0].result != DKIM_PASS, "byte %zu %s",
		    at, message.text);
		dkim_verify_free(&v);
		message.text[at] ^= 0x01;
	}
}
END_TEST

START_TEST(every_prefix_is_no_pass)
{
	CLEAN_BUF struct buf message = { 0 };

	signed_hello(&message, 1);
	for (size_t n = 0; n + 6 < message.len; n++) {
		struct dkim_verify v;

		world_judge(&v, (struct slice){ message.text, n }, 0);
		for (size_t i = 0; i < v.n; i++)
			ck_assert_int_ne(v.judged[i].result, DKIM_PASS);
		dkim_verify_free(&v);
	}
}
END_TEST

static const struct {
	const char *add; /* a field put in front of the others */
	enum dkim_result want;
} additions[] = {
	{ "X-New: 1\r\n", DKIM_PASS }, { "From: c@z.test\r\n", DKIM_FAIL },
	{ "Subject: other\r\n", DKIM_FAIL },
	{ "To: other\r\n", DKIM_PASS }, /* not over-signed here */
};

START_TEST(fields_that_are_oversigned_cannot_be_added)
{
	CLEAN_BUF struct buf message = { 0 }, more = { 0 };

	signed_hello(&message, 7);
	buf_adds(&more, additions[_i].add);
	buf_add(&more, message.text, message.len);
	judged_as(buf_str(&more), additions[_i].want, NULL);
}
END_TEST

/* ---- what a signature says ---- */

#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define GOOD "v=1; a=rsa-sha256; d=x.test; s=rsa; h=from; bh=" HASH "; b=AAAA"

static const struct {
	const char *value;
	enum dkim_result want;
	const char *why;
} terms[] = {
	{ GOOD, DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; i=a@x.test", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; i=a@sub.x.test", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; i=@notx.test", DKIM_NEUTRAL, "i is not within d" },
	{ GOOD "; i=x.test", DKIM_NEUTRAL, "i is no identity" },
	{ GOOD "; i=@", DKIM_NEUTRAL, "i is no identity" },
	{ GOOD "; c=relaxed", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; c=relaxed/", DKIM_NEUTRAL, "an unknown canonicalization" },
	{ GOOD "; c=relaxed/x", DKIM_NEUTRAL, "an unknown canonicalization" },
	{ GOOD "; c=/simple", DKIM_NEUTRAL, "an unknown canonicalization" },
	{ GOOD "; q=dns/txt", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; q=new:dns/txt", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; q=http", DKIM_NEUTRAL, "an unknown way to the key" },
	{ GOOD "; l=x", DKIM_NEUTRAL, "a number is none" },
	{ GOOD "; l=", DKIM_NEUTRAL, "a number is none" },
	{ GOOD "; l=-1", DKIM_NEUTRAL, "a number is none" },
	{ GOOD "; t=1; x=1", DKIM_NEUTRAL, "x is not after t" },
	{ GOOD "; t=1; x=2", DKIM_FAIL, "the signature has expired" },
	{ GOOD "; x=1767221999", DKIM_FAIL, "the signature has expired" },
	{ GOOD "; x=1767222000", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; x=99999999999999999999", DKIM_FAIL,
	    "the signature is wrong" },
	{ GOOD "; t=1767229201", DKIM_FAIL, "it was signed in the future" },
	{ GOOD "; z=From:a", DKIM_FAIL, "the signature is wrong" },
	{ GOOD "; new=1", DKIM_FAIL, "the signature is wrong" },
	{ GOOD ";;", DKIM_NEUTRAL, "a tag without a value" },
	{ GOOD "; b=BBBB", DKIM_NEUTRAL, "a tag stands there twice" },
	{ "v=2; a=rsa-sha256; d=x.test; s=rsa; h=from; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "an unknown version" },
	{ "a=rsa-sha256; d=x.test; s=rsa; h=from; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "v is missing" },
	{ "v=1; a=rsa-md5; d=x.test; s=rsa; h=from; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "an unknown algorithm" },
	{ "v=1; a=rsa-sha1; d=x.test; s=rsa; h=from; "
	  "bh=uoq1oCgLlTqpdDX/iUbLy7J1Wic=; b=AAAA",
	    DKIM_POLICY, "rsa-sha1 is too weak" },
	{ "v=1; a=rsa-sha256; d=x.test; s=rsa; h=to; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "From is not signed" },
	{ "v=1; a=rsa-sha256; d=x.test; s=rsa; h=from::to; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "an empty name in h" },
	{ "v=1; a=rsa-sha256; d=x..test; s=rsa; h=from; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "d is no domain" },
	{ "v=1; a=rsa-sha256; d=x.test; s=r/a; h=from; bh=" HASH "; b=AAAA",
	    DKIM_NEUTRAL, "s is no selector" },
	{ "v=1; a=rsa-sha256; d=x.test; s=rsa; h=from; bh=" HASH "; b=",
	    DKIM_NEUTRAL, "b is not base64" },
	{ "v=1; a=rsa-sha256; d=x.test; s=rsa; h=from; bh=AAAA; b=AAAA",
	    DKIM_NEUTRAL, "bh has another length" },
	{ "v=1; a=rsa-sha256; d=x.test; s=rsa; h=from; b=AAAA", DKIM_NEUTRAL,
	    "bh is missing" },
	{ "v=1; a=rsa-sha256; d=x.test; s=none; h=from; bh=" HASH "; b=AAAA",
	    DKIM_PERMERROR, "there is no key" },
	{ "v=1; a=ed25519-sha256; d=x.test; s=rsa; h=from; bh=" HASH "; b=AAAA",
	    DKIM_PERMERROR, "the key is of another kind" },
	{ "", DKIM_NEUTRAL, "a tag without a value" },
	{ "\xff", DKIM_NEUTRAL, "a tag without a value" },
};

START_TEST(a_signature_is_judged_by_what_it_says)
{
	CLEAN_BUF struct buf message = { 0 };

	buf_addf(&message, "DKIM-Signature: %s\r\n" HELLO "\r\n",
	    terms[_i].value);
	judged_as(buf_str(&message), terms[_i].want, terms[_i].why);
}
END_TEST

/* ---- bounds ---- */

START_TEST(of_many_signatures_the_upper_ones_are_judged)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	signed_hello(&message, 1);
	CLEAN_STR char *last = buf_take(&message);
	for (int i = 0; i < 300; i++)
		buf_addf(&message, "DKIM-Signature: " GOOD "; l=%d\r\n", i);
	buf_adds(&message, last);
	world_judge(&v, (struct slice){ message.text, message.len }, 0);
	ck_assert_uint_eq(v.n, DKIM_JUDGED_MAX);
	ck_assert_uint_eq(v.present, DKIM_PRESENT_MAX);
	for (size_t i = 0; i < v.n; i++)
		ck_assert_int_eq(v.judged[i].result, DKIM_FAIL);
	dkim_verify_free(&v);
}
END_TEST

/* 20 signatures that cover 500 names each of a header of 256 KiB. */
START_TEST(a_hostile_header_takes_bounded_time)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	for (int i = 0; i < DKIM_JUDGED_MAX; i++) {
		buf_adds(&message,
		    "DKIM-Signature: v=1; a=ed25519-sha256; d=x.test; s=ed; "
		    "c=relaxed/relaxed; bh=" HASH "; b=AAAA; h=from");
		for (int n = 1; n < DKIM_NAMES_MAX; n++)
			buf_adds(&message, ":a");
		buf_adds(&message, "\r\n");
	}
	buf_adds(&message, "From: a@x.test\r\n");
	while (message.len < HEADER_MAX - 16)
		buf_addf(&message, "a:\r\n%c:\r\n",
		    "bcdefghi"[message.len / 8 % 8]);
	buf_adds(&message, "\r\n");
	clock_t began = clock();
	world_judge(&v, (struct slice){ message.text, message.len }, 0);
	ck_assert_int_lt((clock() - began) / (CLOCKS_PER_SEC / 1000), 2000);
	for (size_t i = 0; i < v.n; i++)
		ck_assert_int_eq(v.judged[i].result, DKIM_FAIL);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(a_message_without_a_signature_is_none)
{
	CLEAN_BUF struct buf said = { 0 };
	struct dkim_verify v;

	world_judge(&v, slice_of(HELLO "\r\n"), 0);
	ck_assert(!dkim_verify_wants_body(&v));
	dkim_verify_results(&v, &said);
	ck_assert_str_eq(buf_str(&said), "; dkim=none");
	dkim_verify_free(&v);
}
END_TEST

START_TEST(what_strangers_write_is_quoted_or_left_out)
{
	CLEAN_BUF struct buf said = { 0 };
	struct dkim_verify v;

	world_judge(&v,
	    slice_of("DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=none;\r\n"
		     " i=\"a;b\"@X.test; h=from; bh=" HASH "; b=AAAA\r\n"
		     "DKIM-Signature: " GOOD "; i=a.b@x.test\r\n" HELLO "\r\n"),
	    0);
	dkim_verify_results(&v, &said);
	ck_assert_str_eq(buf_str(&said),
	    "; dkim=neutral reason=\"a tag without a value\""
	    "; dkim=fail reason=\"the signature is wrong\" header.d=x.test"
	    " header.i=a.b@x.test header.s=rsa header.a=rsa-sha256"
	    " header.b=AAAA");
	dkim_verify_free(&v);
}
END_TEST

START_TEST(a_body_that_cannot_be_read_is_a_temperror)
{
	CLEAN_BUF struct buf message = { 0 };
	struct dkim_verify v;

	signed_hello(&message, 1);
	size_t header = (size_t)(strstr(message.text, "\r\n\r\n") + 2 -
	    message.text);
	for (int broken = 0; broken < 2; broken++) {
		CLEAN_BUF struct buf record = { 0 };
		struct dns_record one = { 0 };

		ck_assert(dkim_key_record(&record, world_key(1)));
		one.data = (struct slice){ record.text, record.len };
		dkim_verify_start(&v, (struct slice){ message.text, header },
		    WORLD_NOW);
		if (broken)
			dkim_verify_key(&v, 0,
			    &(struct dns_answer){ .records = &one, .n = 1 });
		dkim_verify_end(&v, broken);
		ck_assert_int_eq(v.judged[0].result, DKIM_TEMPERROR);
		dkim_verify_free(&v);
	}
}
END_TEST

/* ---- our keys ---- */

START_TEST(only_keys_that_can_sign_are_taken)
{
	CLEAN_BUF struct buf text = { 0 };
	const char *why = NULL;

	buf_adds(&text, "nothing");
	ck_assert_ptr_null(dkim_sign_key(&text, &why));
	ck_assert_str_eq(why, "there is no private key in it");
	enum dkim_canon header, body;
	ck_assert(dkim_canon_parse("relaxed/simple", &header, &body));
	ck_assert(header == DKIM_RELAXED && body == DKIM_SIMPLE);
	ck_assert(!dkim_canon_parse("relaxed", &header, &body));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dkim_verify");
	TCase *t = tcase_create("dkim_verify");

	if (getenv("POSTHOUSE_LONG") != NULL)
		tcase_set_timeout(t, 3600);

	tcase_add_checked_fixture(t, world_reset, NULL);
	tcase_add_test(t, the_example_of_rfc_8463_passes_twice);
	tcase_add_test(t, the_example_of_rfc_6376_passes);
	tcase_add_loop_test(t, what_is_signed_here_passes_here, 0, 8);
	tcase_add_loop_test(t, every_changed_byte_of_a_signed_part_is_seen, 0,
	    8);
	tcase_add_loop_test(t, every_value_of_a_byte_is_seen, 0, 8);
	tcase_add_loop_test(t, every_changed_blank_of_the_simple_form_is_seen,
	    0, 2);
	tcase_add_loop_test(t, every_changed_byte_of_the_signature_is_no_pass,
	    0, 2);
	tcase_add_test(t, every_prefix_is_no_pass);
	tcase_add_loop_test(t, fields_that_are_oversigned_cannot_be_added, 0,
	    ARRAY_LEN(additions));
	tcase_add_loop_test(t, a_signature_is_judged_by_what_it_says, 0,
	    ARRAY_LEN(terms));
	tcase_add_test(t, of_many_signatures_the_upper_ones_are_judged);
	tcase_add_test(t, a_hostile_header_takes_bounded_time);
	tcase_add_test(t, a_message_without_a_signature_is_none);
	tcase_add_test(t, what_strangers_write_is_quoted_or_left_out);
	tcase_add_test(t, a_body_that_cannot_be_read_is_a_temperror);
	tcase_add_test(t, only_keys_that_can_sign_are_taken);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
