/*
 * http: answers as servers give them and as an enemy would, whole, a byte at a
 * time and cut anywhere; and https: which URLs are taken.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "http.h"
#include "https.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* clang-format off */
static const struct {
	const char *answer;
	const char *body; /* NULL: failed */
	const char *type;
	const char *why;  /* of a failure: a part of it */
} cases[] = {
	{ OK "Content-Length: 5\r\n\r\nhello", "hello", "", NULL },
	{ OK "content-length:5\r\nContent-Type: Text/Plain; charset=utf-8\r\n"
	  "\r\nhello", "hello", "text/plain", NULL },
	{ OK "Content-Length: 0\r\n\r\n", "", "", NULL },
	{ OK "Content-Length: 2\r\n\r\nhello", "he", "", NULL },
	{ "HTTP/1.0 200\r\nContent-Length: 1\r\n\r\nx", "x", "", NULL },
	{ "HTTP/1.1 204 No Content\r\n\r\n", "", "", NULL },
	{ "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "x",
	  "", NULL },
	{ OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	  "6;ext=1\r\n world\r\n0\r\n\r\n", "hello world", "", NULL },
	{ OK "Transfer-Encoding: Chunked\r\n\r\n1 \r\nx\r\n0\r\nX-Y: z\r\n\r\n",
	  "x", "", NULL },
	{ OK "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "x", "",
	  NULL },
	{ "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n", NULL, NULL,
	  "success" },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", NULL, NULL,
	  "success" },
	{ "HTTP/1.1 500\r\nContent-Length: 1\r\n\r\nx", NULL, NULL, "success" },
	{ OK "\r\nhello", NULL, NULL, "its length" },
	{ OK "Content-Length: 101\r\n\r\n", NULL, NULL, "too long" },
	{ OK "Content-Length: 99999999999999999999\r\n\r\n", NULL, NULL,
	  "malformed" },
	{ OK "Content-Length: -1\r\n\r\n", NULL, NULL, "malformed" },
	{ OK "Content-Length: 5, 5\r\n\r\nhello", NULL, NULL, "malformed" },
	{ OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", NULL, NULL,
	  "twice" },
	{ OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", NULL, NULL,
	  "two lengths" },
	{ OK "Transfer-Encoding: gzip, chunked\r\n\r\n", NULL, NULL, "chunked" },
	{ OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	  NULL, NULL, "chunked" },
	{ OK "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", NULL, NULL,
	  "encoded" },
	{ OK "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", NULL, NULL, "twice" },
	{ OK "Transfer-Encoding: chunked\r\n\r\n65\r\n", NULL, NULL, "too long" },
	{ OK "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", NULL, NULL,
	  "size of a chunk" },
	{ OK "Transfer-Encoding: chunked\r\n\r\n\r\n", NULL, NULL,
	  "size of a chunk" },
	{ OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n", NULL, NULL,
	  "size of a chunk" },
	{ OK "Transfer-Encoding: chunked\r\n\r\n0x1\r\n", NULL, NULL,
	  "size of a chunk" },
	{ OK "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", NULL, NULL,
	  "longer than its size" },
	{ OK "Content-Length : 1\r\n\r\nx", NULL, NULL, "field" },
	{ OK " folded: 1\r\n\r\nx", NULL, NULL, "field" },
	{ OK "no colon\r\n\r\nx", NULL, NULL, "field" },
	{ OK ": x\r\n\r\nx", NULL, NULL, "field" },
	{ OK "Content-Length: 1\n\r\nx", NULL, NULL, "line" },
	{ "HTTP/2 200 OK\r\n\r\n", NULL, NULL, "begin" },
	{ "HTTP/1.1 2000 OK\r\n\r\n", NULL, NULL, "begin" },
	{ "HTTP/1.1  200 OK\r\n\r\n", NULL, NULL, "begin" },
	{ "HTTP/1.1 20\r\n\r\n", NULL, NULL, "begin" },
	{ "HTTP/1.1 099 x\r\n\r\n", NULL, NULL, "begin" },
	{ "220 mx.example.org ESMTP\r\n", NULL, NULL, "begin" },
	{ "\r\n", NULL, NULL, "begin" },
	{ "", NULL, NULL, "ended" },
};
/* clang-format on */

static void
check_end(struct http *h, int i)
{
	http_lost(h);
	ck_assert(h->port.closing);
	if (cases[i].body == NULL) {
		ck_assert_msg(h->state == HTTP_FAILED, "%s", cases[i].answer);
		ck_assert_msg(strstr(h->why, cases[i].why) != NULL, "%s: %s",
		    cases[i].answer, h->why);
	} else {
		ck_assert_msg(h->state == HTTP_DONE, "%s: %s", cases[i].answer,
		    h->why);
		ck_assert_str_eq(buf_str(&h->body), cases[i].body);
		ck_assert_str_eq(buf_str(&h->type), cases[i].type);
	}
	http_free(h);
}

START_TEST(an_answer_is_read)
{
	const char *answer = cases[_i].answer;
	struct http h = { 0 };

	http_get(&h, "x.example", "/y", 100);
	http_input(&h, answer, strlen(answer));
	check_end(&h, _i);

	http_get(&h, "x.example", "/y", 100);
	for (const char *c = answer; *c != '\0'; c++)
		http_input(&h, c, 1);
	check_end(&h, _i);
}
END_TEST

START_TEST(every_prefix_is_a_failure)
{
	const char *answer = cases[_i].answer;
	struct http h = { 0 };

	if (cases[_i].body == NULL)
		return;
	for (size_t n = 0; n < strlen(answer); n++) {
		http_get(&h, "x.example", "/y", 100);
		http_input(&h, answer, n);
		bool done = h.state == HTTP_DONE;
		http_lost(&h);
		ck_assert(done || h.state == HTTP_FAILED);
		ck_assert(!done || h.left == 0);
		http_free(&h);
	}
}
END_TEST

START_TEST(requests_are_as_they_should_be)
{
	struct http h = { 0 };

	http_get(&h, "x.example", "/y", 100);
	ck_assert_str_eq(buf_str(&h.port.out),
	    "GET /y HTTP/1.1\r\nHost: x.example\r\nUser-Agent: Posthouse\r\n"
	    "Accept-Encoding: identity\r\nConnection: close\r\n\r\n");
	http_free(&h);
	http_post(&h, "x.example", "/y", "a/b", SLICE("abc"));
	ck_assert_str_eq(buf_str(&h.port.out),
	    "POST /y HTTP/1.1\r\nHost: x.example\r\nUser-Agent: Posthouse\r\n"
	    "Accept-Encoding: identity\r\nConnection: close\r\n"
	    "Content-Type: a/b\r\nContent-Length: 3\r\n\r\nabc");
	http_free(&h);
}
END_TEST

/* Whatever stands behind the head, and however its length is told. */
START_TEST(of_what_is_posted_the_status_is_the_answer)
{
	static const struct {
		const char *answer;
		bool good;
	} answers[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", true },
		{ "HTTP/1.0 202 Accepted\r\nX: y\r\n\r\nthanks", true },
		{ "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", true },
		{ "HTTP/1.1 500 Oh\r\n\r\n", false },
		{ "HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", false },
		{ "HTTP/1.1 200 OK\r\n", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const char *answer = answers[i].answer;
		struct http h = { 0 };

		http_post(&h, "x.example", "/y", "a/b", SLICE("abc"));
		http_input(&h, answer, strlen(answer));
		http_lost(&h);
		ck_assert_int_eq(h.state,
		    answers[i].good ? HTTP_DONE : HTTP_FAILED);
		ck_assert_uint_eq(h.body.len, 0);
		http_free(&h);
	}
}
END_TEST

START_TEST(a_head_without_end_is_cut)
{
	struct http h = { 0 };
	size_t n = 0;

	http_get(&h, "x.example", "/y", 100);
	http_input(&h, OK, strlen(OK));
	for (; h.state == HTTP_BUSY && n < 2 * HTTP_HEAD_MAX; n += 6)
		http_input(&h, "X: y\r\n", 6);
	ck_assert_int_eq(h.state, HTTP_FAILED);
	ck_assert_uint_le(n, HTTP_HEAD_MAX + 6);
	http_free(&h);
	/* answers before the answer, without end */
	http_get(&h, "x.example", "/y", 100);
	for (n = 0; h.state == HTTP_BUSY && n < 2 * HTTP_HEAD_MAX; n += 16)
		http_input(&h, "HTTP/1.1 100\r\n\r\n", 16);
	ck_assert_int_eq(h.state, HTTP_FAILED);
	http_free(&h);
}
END_TEST

START_TEST(chunks_are_no_longer_than_the_limit_together)
{
	static const char chunk[] = "10\r\n0123456789abcdef\r\n";
	struct http h = { 0 };
	static const char head[] = OK "Transfer-Encoding: chunked\r\n\r\n";

	http_get(&h, "x.example", "/y", 100);
	http_input(&h, head, sizeof(head) - 1);
	for (int i = 0; i < 6; i++) {
		http_input(&h, chunk, sizeof(chunk) - 1);
		ck_assert_int_eq(h.state, HTTP_BUSY);
	}
	http_input(&h, chunk, sizeof(chunk) - 1);
	ck_assert_int_eq(h.state, HTTP_FAILED);
	ck_assert_uint_le(h.body.len, 100);
	http_free(&h);
}
END_TEST

/* clang-format off */
static const struct {
	const char *url;
	const char *host; /* NULL: none */
	uint16_t port;
	const char *path;
} urls[] = {
	{ "https://x.example/y?z=1", "x.example", 443, "/y?z=1" },
	{ "HTTPS://X.Example:8443/", "x.example", 8443, "/" },
	{ "https://x.example", "x.example", 443, "/" },
	{ "http://x.example/", NULL, 0, NULL },
	{ "https://", NULL, 0, NULL },
	{ "https:///y", NULL, 0, NULL },
	{ "https://u:p@x.example/", NULL, 0, NULL },
	{ "https://u@x.example/", NULL, 0, NULL },
	{ "https://x.example:0/", NULL, 0, NULL },
	{ "https://x.example:/", NULL, 0, NULL },
	{ "https://x.example/a b", NULL, 0, NULL },
	{ "https://x.example/a\r\nEvil: 1", NULL, 0, NULL },
	{ "https://x.example/a#b", NULL, 0, NULL },
	{ "https://x.example/\xc3\xbc", NULL, 0, NULL },
	{ "https://x.example?y", NULL, 0, NULL },
	{ "https://[::1]/", NULL, 0, NULL },
	{ "", NULL, 0, NULL },
};
/* clang-format on */

START_TEST(a_url_is_taken_apart)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct https_want w = { 0 };
	bool ok = https_parse_url(&a, slice_of(urls[_i].url), &w);

	ck_assert_msg(ok == (urls[_i].host != NULL), "%s", urls[_i].url);
	if (!ok) {
		ck_assert_ptr_null(w.host);
		return;
	}
	ck_assert_str_eq(w.host, urls[_i].host);
	ck_assert_uint_eq(w.port, urls[_i].port);
	ck_assert_str_eq(w.path, urls[_i].path);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");

	tcase_add_loop_test(t, an_answer_is_read, 0, (int)ARRAY_LEN(cases));
	tcase_add_loop_test(t, every_prefix_is_a_failure, 0,
	    (int)ARRAY_LEN(cases));
	tcase_add_test(t, requests_are_as_they_should_be);
	tcase_add_test(t, of_what_is_posted_the_status_is_the_answer);
	tcase_add_test(t, a_head_without_end_is_cut);
	tcase_add_test(t, chunks_are_no_longer_than_the_limit_together);
	tcase_add_loop_test(t, a_url_is_taken_apart, 0, (int)ARRAY_LEN(urls));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
