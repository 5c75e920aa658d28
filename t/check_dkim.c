/*
 * Tag lists and canonical forms (RFC 6376 3.2, 3.4).
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <malloc.h>
#include <string.h>

#include "dkim_fields.h"

/* ---- tag lists ---- */

static const struct {
	const char *text;
	size_t n;
	const char *name, *value;
} good[] = {
	{ "v=1", 1, "v", "1" },
	{ "v=1;", 1, "v", "1" },
	{ " v = 1 ; a = rsa-sha256 ", 2, "a", "rsa-sha256" },
	{ "h=from : to\r\n\t: date; b=", 2, "h", "from : to\r\n\t: date" },
	{ "h=from; b=", 2, "b", "" },
	{ "p=AA=; n=a=b", 2, "n", "a=b" },
	{ "v=1;\r\n\td=x.test;\r\n ", 2, "d", "x.test" },
	{ "A=1; a=2", 2, "A", "1" },
	{ "x_1=\xc3\xbc", 1, "x_1", "\xc3\xbc" },
};

START_TEST(a_list_is_read)
{
	struct dkim_tags tags;
	const char *why;

	ck_assert(dkim_tags_parse(slice_of(good[_i].text), &tags, &why));
	ck_assert_uint_eq(tags.n, good[_i].n);
	const struct dkim_tag *tag = dkim_tag(&tags, good[_i].name);
	ck_assert_ptr_nonnull(tag);
	ck_assert(slice_eq(tag->value, good[_i].value));
	ck_assert_ptr_null(dkim_tag(&tags, "none"));
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	";",
	"v=1;;",
	"v=1;;a=2",
	";v=1",
	"v",
	"v=1; a",
	"=1",
	"1=1",
	"a b=1",
	"a-b=1",
	"v=1; v=1",
	"v=\x01",
	"v=1\x7f",
	"v=1; a\x80=1",
};

START_TEST(what_is_no_list_is_refused)
{
	struct dkim_tags tags = { .n = 77 };
	const char *why = NULL;

	ck_assert(!dkim_tags_parse(slice_of(bad[_i]), &tags, &why));
	ck_assert_ptr_nonnull(why);
	ck_assert_uint_eq(tags.n, 77);
}
END_TEST

START_TEST(too_many_tags_are_refused)
{
	CLEAN_BUF struct buf text = { 0 };
	struct dkim_tags tags;
	const char *why = "";

	for (int i = 0; i < DKIM_TAGS_MAX; i++)
		buf_addf(&text, "a%d=;", i);
	ck_assert(dkim_tags_parse(slice_of(buf_str(&text)), &tags, &why));
	buf_adds(&text, "b=");
	ck_assert(!dkim_tags_parse(slice_of(buf_str(&text)), &tags, &why));
}
END_TEST

START_TEST(words_are_parted_by_colons)
{
	struct slice rest = slice_of(" a:b \r\n : c"), word;
	const char *const want[] = { "a", "b", "c" };
	size_t n = 0;

	while (dkim_next_word(&rest, &word))
		ck_assert(slice_eq(word, want[n++]));
	ck_assert_uint_eq(n, 3);
}
END_TEST

/* ---- base64 ---- */

static const struct {
	const char *text, *means; /* NULL: is none */
} coded[] = {
	{ "", "" },
	{ "TQ==", "M" },
	{ "TWE=", "Ma" },
	{ "TWFu", "Man" },
	{ " T\r\n W\tFu ", "Man" },
	{ "TWFuTQ==", "ManM" },
	{ "TWF=", NULL },
	{ "TR==", NULL },
	{ "T", NULL },
	{ "TQ", NULL },
	{ "TQ=", NULL },
	{ "TQ===", NULL },
	{ "T===", NULL },
	{ "====", NULL },
	{ "TQ==TWFu", NULL },
	{ "TW-u", NULL },
	{ "TWE==", NULL },
};

START_TEST(base64_is_strict)
{
	CLEAN_BUF struct buf out = { 0 };

	buf_adds(&out, "x");
	bool ok = dkim_base64_get(&out, slice_of(coded[_i].text));
	ck_assert(ok == (coded[_i].means != NULL));
	ck_assert_str_eq(buf_str(&out) + 1, ok ? coded[_i].means : "");
}
END_TEST

/* ---- header fields ---- */

static const struct {
	const char *field, *relaxed;
} fields[] = {
	{ "A: X\r\n", "a:X\r\n" }, /* RFC 6376 3.4.5 */
	{ "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n" },
	{ "Subject:\r\n", "subject:\r\n" },
	{ "Subject: \r\n", "subject:\r\n" },
	{ "X-Y:a\r\n b\r\n\t \t c", "x-y:a b c" },
	{ "X:  \xc3\xbc \r\n", "x:\xc3\xbc\r\n" },
	{ "X: a:b : c\r\n", "x:a:b : c\r\n" },
	{ "X", "x:" },
};

START_TEST(a_field_has_two_forms)
{
	CLEAN_BUF struct buf simple = { 0 }, relaxed = { 0 };

	dkim_canon_field(&simple, DKIM_SIMPLE, slice_of(fields[_i].field));
	dkim_canon_field(&relaxed, DKIM_RELAXED, slice_of(fields[_i].field));
	ck_assert_str_eq(buf_str(&simple), fields[_i].field);
	ck_assert_str_eq(buf_str(&relaxed), fields[_i].relaxed);
}
END_TEST

/* ---- bodies ---- */

#define TEN "0123456789"

static const struct {
	const char *body, *simple, *relaxed;
} bodies[] = {
	{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
	{ "", "\r\n", "" },
	{ "\r\n", "\r\n", "" },
	{ "\r\n\r\n", "\r\n", "" },
	{ " \t\r\n", " \t\r\n", "" },
	{ " \r\n \r\n\r\n", " \r\n \r\n", "" },
	{ "a", "a\r\n", "a\r\n" },
	{ "a ", "a \r\n", "a\r\n" },
	{ "\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n" },
	{ "a\r\n \r\n\t\r\nb\r\n", "a\r\n \r\n\t\r\nb\r\n",
	    "a\r\n\r\n\r\nb\r\n" },
	{ "  a  b\tc \t d\r\n", "  a  b\tc \t d\r\n", " a b c d\r\n" },
	{ "a\rb\r\n", "a\rb\r\n", "a\rb\r\n" },
	{ "a \rb\nc\r\r\n", "a \rb\nc\r\r\n", "a \rb\nc\r\r\n" },
	{ "a\r", "a\r\r\n", "a\r\r\n" },
	{ TEN TEN "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" TEN "\r\n",
	    TEN TEN "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" TEN "\r\n",
	    TEN TEN "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" TEN "\r\n" },
};

static void
hash_of(const char *text, size_t len, uint8_t hash[DKIM_HASH])
{
	ck_assert(EVP_Digest(text, len, hash, NULL, dkim_sha256(), NULL));
}

static void
same_as(const struct dkim_body *b, const char *want)
{
	uint8_t hash[DKIM_HASH];

	hash_of(want, strlen(want), hash);
	ck_assert_uint_eq(b->len, strlen(want));
	ck_assert_mem_eq(b->hash, hash, DKIM_HASH);
	for (size_t i = 0; i < b->n_cuts; i++) {
		ck_assert(b->cuts[i].reached == (b->cuts[i].at <= b->len));
		if (!b->cuts[i].reached)
			continue;
		hash_of(want, (size_t)b->cuts[i].at, hash);
		ck_assert_mem_eq(b->cuts[i].hash, hash, DKIM_HASH);
	}
}

static void
check_body(enum dkim_canon canon, const char *body, const char *want)
{
	size_t n = strlen(body);

	for (size_t cut = 0; cut <= n; cut++) {
		struct dkim_body b;
		size_t number;

		dkim_body_start(&b, canon);
		for (size_t at = 0; at < 20; at++)
			ck_assert(dkim_body_cut(&b, at, &number));
		ck_assert(dkim_body_cut(&b, 5, &number));
		ck_assert_uint_eq(number, 5);
		dkim_body_feed(&b, body, cut);
		for (size_t i = cut; i < n; i++)
			dkim_body_feed(&b, body + i, 1);
		dkim_body_end(&b);
		same_as(&b, want);
		dkim_body_free(&b);
	}
}

START_TEST(a_body_has_two_forms_wherever_it_is_cut)
{
	check_body(DKIM_SIMPLE, bodies[_i].body, bodies[_i].simple);
	check_body(DKIM_RELAXED, bodies[_i].body, bodies[_i].relaxed);
}
END_TEST

START_TEST(empty_bodies_have_the_hashes_of_the_standard)
{
	static const char *const want[] = {
		"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
	};
	CLEAN_BUF struct buf text = { 0 };
	struct dkim_body b;

	dkim_body_start(&b, _i == 0 ? DKIM_SIMPLE : DKIM_RELAXED);
	dkim_body_end(&b);
	dkim_base64_put(&text, b.hash, DKIM_HASH);
	ck_assert_str_eq(buf_str(&text), want[_i]);
	dkim_body_free(&b);
}
END_TEST

START_TEST(a_long_body_is_hashed_piece_by_piece)
{
	CLEAN_BUF struct buf body = { 0 }, want = { 0 };
	uint8_t hash[DKIM_HASH];
	struct dkim_body b;

	for (int i = 0; i < 5000; i++) {
		buf_addf(&body, "line %d  \t with\tblanks %s\r\n", i,
		    i % 7 == 0 ? TEN TEN TEN TEN : "");
		buf_addf(&want, "line %d with blanks%s\r\n", i,
		    i % 7 == 0 ? " " TEN TEN TEN TEN : "");
	}
	dkim_body_start(&b, DKIM_RELAXED);
	for (size_t at = 0; at < body.len; at += 777)
		dkim_body_feed(&b, body.text + at, MIN(body.len - at, 777U));
	dkim_body_end(&b);
	hash_of(want.text, want.len, hash);
	ck_assert_mem_eq(b.hash, hash, DKIM_HASH);
	dkim_body_free(&b);
}
END_TEST

START_TEST(cuts_are_bounded)
{
	struct dkim_body b;
	size_t number;

	dkim_body_start(&b, DKIM_SIMPLE);
	for (size_t i = 0; i < DKIM_CUTS_MAX; i++)
		ck_assert(dkim_body_cut(&b, i, &number));
	ck_assert(!dkim_body_cut(&b, 1000, &number));
	dkim_body_free(&b);
}
END_TEST

#ifndef WITH_SANITIZERS /* they have a malloc() of their own */
/* Who holds many headers must know what they cost: small fields cost most. */
START_TEST(fields_weigh_what_they_take)
{
	CLEAN_BUF struct buf header = { 0 };
	struct dkim_fields f = { 0 };

	for (unsigned int i = 0; i < 40000; i++)
		buf_addf(&header, "%x:\r\n", i);
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	dkim_fields_add(&f, (struct slice){ header.text, header.len });
	size_t took = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	ck_assert_uint_ge(dkim_fields_weight(&f) * 5 / 4, took);
	ck_assert_uint_le(dkim_fields_weight(&f), took * 5 / 4);
	dkim_fields_free(&f);
}
END_TEST
#endif

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dkim");
	TCase *t = tcase_create("dkim");

	tcase_add_loop_test(t, a_list_is_read, 0, ARRAY_LEN(good));
	tcase_add_loop_test(t, what_is_no_list_is_refused, 0, ARRAY_LEN(bad));
	tcase_add_test(t, too_many_tags_are_refused);
	tcase_add_test(t, words_are_parted_by_colons);
	tcase_add_loop_test(t, base64_is_strict, 0, ARRAY_LEN(coded));
	tcase_add_loop_test(t, a_field_has_two_forms, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(t, a_body_has_two_forms_wherever_it_is_cut, 0,
	    ARRAY_LEN(bodies));
	tcase_add_loop_test(t, empty_bodies_have_the_hashes_of_the_standard, 0,
	    2);
	tcase_add_test(t, a_long_body_is_hashed_piece_by_piece);
	tcase_add_test(t, cuts_are_bounded);
#ifndef WITH_SANITIZERS
	tcase_add_test(t, fields_weigh_what_they_take);
#endif
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
