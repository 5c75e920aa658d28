/*
 * smtp_mime: what 8-bit content becomes for a server of 7 bits.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "arena.h"
#include "smtp_mime.h"
#include "str.h"

static const struct {
	const char *name, *from, *to; /* to NULL: it cannot be converted */
} cases[] = {
	{ "pure ASCII stays",
	    "Subject: x\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "plain = text \n",
	    "Subject: x\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "plain = text \n" },
	{ "a text is quoted",
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "Subject: x\n"
	    "\n"
	    "gr\xc3\xbc\xc3\x9f = \n"
	    "tab\t\n"
	    "\n",
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Subject: x\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "gr=C3=BC=C3=9F =3D=20\n"
	    "tab=09\n"
	    "\n" },
	{ "a message without MIME becomes one",
	    "Subject: x\n"
	    "\n"
	    "\xe9t\xe9\n",
	    "Subject: x\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "=E9t=E9\n" },
	{ "other things are base64",
	    "Mime-version: 1.0\n"
	    "Content-type: image/x-y\n"
	    "content-transfer-encoding: binary\n"
	    "\n"
	    "\xff\xfe\n"
	    "ab\n",
	    "Mime-version: 1.0\n"
	    "Content-type: image/x-y\n"
	    "Content-Transfer-Encoding: base64\n"
	    "\n"
	    "//4NCmFiDQo=\n" },
	{ "only the parts that need it are encoded",
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n"
	    "\tboundary=\"a (b)\"\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "pre\xe9\n"
	    "--a (b)\n"
	    "\n"
	    "plain\n"
	    "--a (b) \n"
	    "Content-Type: text/html (a comment; boundary=x)\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "\xe9\n"
	    "--a (b)x\n"
	    "--a (b)\n"
	    "Content-Type: application/x\n"
	    "\n"
	    "\xe9\n"
	    "--a (b)--\n"
	    "post\n",
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n"
	    "\tboundary=\"a (b)\"\n"
	    "\n"
	    "pre?\n"
	    "--a (b)\n"
	    "\n"
	    "plain\n"
	    "--a (b) \n"
	    "Content-Type: text/html (a comment; boundary=x)\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "=E9\n"
	    "--a (b)x\n"
	    "--a (b)\n"
	    "Content-Type: application/x\n"
	    "Content-Transfer-Encoding: base64\n"
	    "\n"
	    "6Q==\n"
	    "--a (b)--\n"
	    "post\n" },
	{ "a message in a message, and multiparts in multiparts",
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "MIME-Version: 1.0\n"
	    "\n"
	    "--o\n"
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "Subject: inner\n"
	    "Content-Type: multipart/alternative; boundary=i\n"
	    "\n"
	    "--i\n"
	    "\n"
	    "\xe9\n"
	    "--o\n"
	    "\n"
	    "\xea\n"
	    "--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "MIME-Version: 1.0\n"
	    "\n"
	    "--o\n"
	    "Content-Type: message/rfc822\n"
	    "\n"
	    "Subject: inner\n"
	    "Content-Type: multipart/alternative; boundary=i\n"
	    "\n"
	    "--i\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "=E9\n"
	    "--o\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "=EA\n"
	    "--o--\n" },
	{ "parts of a digest are messages",
	    "Content-Type: multipart/digest; boundary=d\n"
	    "\n"
	    "--d\n"
	    "\n"
	    "Subject: x\n"
	    "\n"
	    "\xe9\n"
	    "--d--\n",
	    "Content-Type: multipart/digest; boundary=d\n"
	    "\n"
	    "--d\n"
	    "\n"
	    "Subject: x\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "\n"
	    "=E9\n"
	    "--d--\n" },
	{ "a header alone passes", "Subject: \xe9\n", "Subject: \xe9\n" },
	{ "a part without a body passes",
	    "Content-Type: multipart/mixed; boundary=b\n"
	    "\n"
	    "--b\n"
	    "X: y\n"
	    "--b--\n",
	    "Content-Type: multipart/mixed; boundary=b\n"
	    "\n"
	    "--b\n"
	    "X: y\n"
	    "--b--\n" },
	{ "what is labelled encoded and is not",
	    "Content-Transfer-Encoding: base64\n\n\xe9\n", NULL },
	{ "an unknown encoding",
	    "Content-Transfer-Encoding: x-uuencode\n\n\xe9\n", NULL },
	{ "a part of a message", "Content-Type: message/partial\n\n\xe9\n",
	    NULL },
	{ "a multipart without a boundary",
	    "Content-Type: multipart/mixed\n\n\xe9\n", NULL },
	{ "an encoded multipart",
	    "Content-Type: multipart/mixed; boundary=x\n"
	    "Content-Transfer-Encoding: base64\n\n\xe9\n",
	    NULL },
};

/* Lines of at most `width` bytes a piece. */
static void
give(struct smtp_mime *m, const char *text, size_t width, struct buf *out)
{
	struct slice rest = slice_of(text), line;

	while (rest.len > 0 && slice_next_part(&rest, '\n', &line)) {
		bool first = true;

		while (width > 0 && line.len > width) {
			smtp_mime_line(m, line.at, width, first, false, out);
			line.at += width;
			line.len -= width;
			first = false;
		}
		smtp_mime_line(m, line.at, line.len, first, true, out);
	}
	smtp_mime_end(m, out);
}

static void
without_cr(struct buf *out, const struct buf *in)
{
	for (size_t i = 0; i < in->len; i++)
		if (in->text[i] != '\r')
			buf_addc(out, in->text[i]);
}

START_TEST(content_is_converted)
{
	CLEAN_BUF struct buf scan = { 0 }, out = { 0 }, got = { 0 };
	struct smtp_mime m = { 0 };
	const char *why = NULL;

	give(&m, cases[_i].from, 0, &scan);
	bool possible = smtp_mime_convert(&m, &why);
	ck_assert_msg(possible == (cases[_i].to != NULL), "%s: %s",
	    cases[_i].name, why);
	if (possible) {
		give(&m, cases[_i].from, 0, &out);
		without_cr(&got, &out);
		ck_assert_str_eq(buf_str(&got), cases[_i].to);
	} else {
		ck_assert_ptr_nonnull(why);
	}
	smtp_mime_free(&m);
}
END_TEST

START_TEST(every_prefix_is_survived)
{
	size_t len = strlen(cases[_i].from);

	for (size_t n = 0; n <= len; n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_BUF struct buf out = { 0 };
		struct smtp_mime m = { 0 };
		char *cut = arena_memdup(&a, cases[_i].from, n);
		const char *why;

		give(&m, cut, 0, &out);
		if (smtp_mime_convert(&m, &why))
			give(&m, cut, 3, &out);
		smtp_mime_free(&m);
	}
}
END_TEST

START_TEST(long_lines_come_in_pieces)
{
	CLEAN_BUF struct buf text = { 0 }, out = { 0 };
	struct smtp_mime m = { 0 };
	const char *why;

	buf_adds(&text, "X: y\n\n");
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "\xe9");
	buf_addc(&text, '\n');
	give(&m, buf_str(&text), 1000, &out);
	ck_assert(smtp_mime_convert(&m, &why));
	buf_reset(&out);
	give(&m, buf_str(&text), 1000, &out);

	struct slice rest = { out.text, out.len }, line;
	while (slice_next_part(&rest, '\n', &line))
		ck_assert_uint_le(line.len, ENCODED_LINE_MAX + 1);
	smtp_mime_free(&m);
}
END_TEST

/* A limit of 10; what is encoded already stays. */
static const struct {
	const char *from, *to; /* NULL: nothing is to be done */
} limited[] = {
	{ "X: y\n\n1234567890\n", NULL },
	{ "X: a name of many letters\n\n1234567890\n", NULL },
	{ "X: y\n\n12345678901\n",
	    "X: y\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n12345678901\n" },
	{ "Content-Transfer-Encoding: base64\n\nMTIzNDU2Nzg5MDE=\n", NULL },
	{ "Content-Type: multipart/mixed; boundary=b\n"
	  "Content-Transfer-Encoding: 7bit\n\n--b\n\n1\n--b--\n",
	    NULL },
	{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n123456789\n"
	  "--b\nContent-Type: image/x\n\n12345678901\n--b--\n",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n123456789\n"
	    "--b\nContent-Type: image/x\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "MTIzNDU2Nzg5MDE=\n--b--\n" },
};

START_TEST(long_lines_are_encoded_where_there_is_a_limit)
{
	/* In one piece, and in several; a boundary is in one. */
	bool parts = strstr(limited[_i].from, "boundary") != NULL;

	for (size_t piece = 0; piece <= (parts ? 0 : 3); piece += 3) {
		CLEAN_BUF struct buf scan = { 0 }, out = { 0 }, got = { 0 };
		struct smtp_mime m = { .limit = 10 };
		const char *why = NULL;

		give(&m, limited[_i].from, piece, &scan);
		ck_assert_int_eq(m.needed, limited[_i].to != NULL);
		ck_assert(smtp_mime_convert(&m, &why));
		give(&m, limited[_i].from, piece, &out);
		without_cr(&got, &out);
		if (limited[_i].to != NULL)
			ck_assert_str_eq(buf_str(&got), limited[_i].to);
		smtp_mime_free(&m);
	}
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct smtp_mime m = { 0 };
	CLEAN_BUF struct buf text = { 0 }, out = { 0 };
	const char *why = "";

	for (int i = 0; i <= MIME_DEPTH_MAX; i++)
		buf_addf(&text,
		    "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
		    i);
	give(&m, buf_str(&text), 0, &out);
	ck_assert(!smtp_mime_convert(&m, &why));
	ck_assert_str_eq(why, "its parts are nested too deeply");
	smtp_mime_free(&m);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_mime");
	TCase *t = tcase_create("smtp_mime");
	int n = (int)ARRAY_LEN(cases);

	tcase_add_loop_test(t, content_is_converted, 0, n);
	tcase_add_loop_test(t, every_prefix_is_survived, 0, n);
	tcase_add_test(t, long_lines_come_in_pieces);
	tcase_add_loop_test(t, long_lines_are_encoded_where_there_is_a_limit, 0,
	    ARRAY_LEN(limited));
	tcase_add_test(t, depth_is_bounded);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
