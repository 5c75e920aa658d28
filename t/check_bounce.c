/*
 * bounce: the text of notifications, read back as a mail reader would.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "bounce_text.h"
#include "check_conf.h"
#include "clock.h"
#include "fd.h"
#include "header.h"
#include "str.h"

#define HEAD "Return-Path: <s@x.y>\r\nReceived: by here\r\n"

static const struct rec_notice_rcpt rcpts[] = {
	{
	    .address = "alice@remote.example",
	    .orig = "",
	    .orcpt = "rfc822;a+2Blist@x.example",
	    .action = "failed",
	    .status = "5.1.1",
	    .text = "host mx.remote.example[192.0.2.1] said: 550 5.1.1 "
		    "<alice@remote.example>: no such user (in reply to RCPT "
		    "TO command)",
	    .relay = "mx.remote.example[192.0.2.1]:25",
	    .last_attempt = 1795287369000,
	},
	{
	    .address = "a b@local.example",
	    .orig = "bob@alias.example",
	    .orcpt = "",
	    .action = "failed",
	    .status = "nonsense",
	    .text = "unknown user: \"a b\"",
	    .relay = "local",
	},
};

static struct msg_notice about;
static struct bounce_original original;
static struct bounce_report report;
static struct buf text;

/* Builds a notification about this message. */
static void
build(enum notice_kind kind, uint8_t ret, const char *content)
{
	char path[] = "/tmp/check_bounce.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(fd_write_all(fd, HEAD, strlen(HEAD)), 0);
	ck_assert_int_eq(fd_write_all(fd, content, strlen(content)), 0);
	about = (struct msg_notice){
		.kind = (uint8_t)kind,
		.id = "1BCDFGHJKLMN0",
		.sender = "s@x.y",
		.to = "s@x.y",
		.envid = "env+20id",
		.ret = ret,
		.arrived = 1795287300000,
		.expires = 1795719300000,
		.head_at = 0,
		.head_len = strlen(HEAD),
		.data_at = strlen(HEAD),
		.data_len = strlen(content),
	};
	bounce_original_read(&original, fd, &about);
	close(fd);
	report = (struct bounce_report){
		.kind = kind,
		.notice_id = "1BCDFGHJKLMN1",
		.to = about.to,
		.now = 1795287400000,
		.about = &about,
		.rcpts = report.rcpts != NULL ? report.rcpts : rcpts,
		.n_rcpts = report.n_rcpts != 0 ? report.n_rcpts
					       : ARRAY_LEN(rcpts),
		.original = &original,
	};
	bounce_text(&text, &report);
}

/* Canonical lines, none too long. */
static void
check_lines(void)
{
	struct slice rest = { text.text, text.len }, line;

	while (slice_next_part(&rest, '\n', &line)) {
		ck_assert_uint_gt(line.len, 0);
		ck_assert_int_eq(line.at[line.len - 1], '\r');
		ck_assert_uint_le(line.len, BOUNCE_LINE_MAX + 1);
		ck_assert_ptr_null(memchr(line.at, '\r', line.len - 1));
	}
	ck_assert_int_eq(text.text[text.len - 1], '\n');
}

/* The parts as MIME has them: what stands behind a boundary line, and the
 * header of each. */
static struct part {
	struct header header;
	struct slice body;
} parts[8];
static size_t n_parts;

static void
field(const struct header *h, const char *name, struct buf *out)
{
	struct slice rest = header_text(h);
	struct header_field f;

	buf_reset(out);
	while (header_next(&rest, &f))
		if (header_is(&f, name))
			header_unfold(out, f.value);
}

static void
expect_field(const struct header *h, const char *name, const char *want)
{
	CLEAN_BUF struct buf got = { 0 };

	field(h, name, &got);
	ck_assert_str_eq(buf_str(&got), want);
}

static void
read_part(struct part *p, const char *at, const char *end)
{
	size_t n = header_feed(&p->header, at, (size_t)(end - at));

	ck_assert_int_eq(p->header.end, HEADER_BLANK);
	p->body = (struct slice){ at + n, (size_t)(end - at) - n };
}

static void
read_back(void)
{
	CLEAN_BUF struct buf type = { 0 };
	CLEAN_BUF struct buf mark = { 0 };

	check_lines();
	read_part(&parts[0], text.text, text.text + text.len);
	field(&parts[0].header, "Content-Type", &type);
	const char *b = strstr(buf_str(&type), "boundary=\"");
	ck_assert_ptr_nonnull(b);
	b += strlen("boundary=\"");
	buf_adds(&mark, "\r\n--");
	buf_add(&mark, b, strcspn(b, "\""));

	const char *at = strstr(text.text, buf_str(&mark));
	for (n_parts = 1; at != NULL && n_parts < 8; n_parts++) {
		at += mark.len;
		if (strcmp(at, "--\r\n") == 0)
			return;
		ck_assert_mem_eq(at, "\r\n", 2);
		const char *end = strstr(at, buf_str(&mark));
		ck_assert_ptr_nonnull(end);
		read_part(&parts[n_parts], at + 2, end);
		at = end;
	}
	ck_abort_msg("no end");
}

static bool
body_has(size_t part, const char *what)
{
	return memmem(parts[part].body.at, parts[part].body.len, what,
		   strlen(what)) != NULL;
}

static void
before(void)
{
	ck_assert_int_eq(setenv("TZ", "UTC0", 1), 0);
	clock_start();
	load_conf("myhostname = mail.example.org\nmyorigin = example.org\n"
		  "bounce_size_limit = 5000\n");
}

static void
after(void)
{
	report = (struct bounce_report){ 0 };
	bounce_original_free(&original);
	buf_free(&text);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		header_free(&parts[i].header);
}

START_TEST(a_bounce_has_three_parts)
{
	build(NOTICE_BOUNCE, RET_NONE, "Subject: hi\r\n\r\nbody\r\n");
	read_back();
	ck_assert_uint_eq(n_parts, 4);
	expect_field(&parts[0].header, "From",
	    "Mail Delivery System <MAILER-DAEMON@example.org>");
	expect_field(&parts[0].header, "To", "s@x.y");
	expect_field(&parts[0].header, "Subject",
	    "Undelivered Mail Returned to Sender");
	expect_field(&parts[0].header, "Auto-Submitted", "auto-replied");
	expect_field(&parts[0].header, "MIME-Version", "1.0");
	expect_field(&parts[0].header, "Date",
	    "Sat, 21 Nov 2026 18:56:40 +0000 (UTC)");
	expect_field(&parts[0].header, "Message-ID",
	    "<1BCDFGHJKLMN1@mail.example.org>");
	expect_field(&parts[0].header, "Content-Transfer-Encoding", "");
	expect_field(&parts[1].header, "Content-Type",
	    "text/plain; charset=us-ascii");
	expect_field(&parts[2].header, "Content-Type",
	    "message/delivery-status");
	expect_field(&parts[3].header, "Content-Type", "message/rfc822");
	ck_assert(body_has(1, "<alice@remote.example>: host "));
	ck_assert(body_has(1, "expanded from"));
	ck_assert(slice_eq(parts[3].body, HEAD "Subject: hi\r\n\r\nbody\r\n"));
}
END_TEST

START_TEST(the_status_part_is_rfc_3464)
{
	struct header groups[3] = { 0 };
	size_t n = 0;

	build(NOTICE_BOUNCE, RET_NONE, "Subject: hi\r\n\r\nbody\r\n");
	read_back();
	const struct slice body = parts[2].body;
	for (size_t i = 0; i < 3; i++) {
		n += header_feed(&groups[i], body.at + n, body.len - n);
		header_finish(&groups[i]);
	}
	ck_assert_uint_eq(n, body.len);
	expect_field(&groups[0], "Reporting-MTA", "dns; mail.example.org");
	expect_field(&groups[0], "Original-Envelope-Id", "env id");
	expect_field(&groups[0], "Arrival-Date",
	    "Sat, 21 Nov 2026 18:55:00 +0000 (UTC)");
	expect_field(&groups[0], "X-Posthouse-Queue-ID", "1BCDFGHJKLMN0");

	expect_field(&groups[1], "Original-Recipient",
	    "rfc822;a+list@x.example");
	expect_field(&groups[1], "Final-Recipient",
	    "rfc822; alice@remote.example");
	expect_field(&groups[1], "Action", "failed");
	expect_field(&groups[1], "Status", "5.1.1");
	expect_field(&groups[1], "Remote-MTA", "dns; mx.remote.example");
	expect_field(&groups[1], "Diagnostic-Code",
	    "smtp; 550 5.1.1 <alice@remote.example>: no such user");
	expect_field(&groups[1], "Last-Attempt-Date",
	    "Sat, 21 Nov 2026 18:56:09 +0000 (UTC)");
	expect_field(&groups[1], "Will-Retry-Until", "");

	expect_field(&groups[2], "Original-Recipient",
	    "rfc822; bob@alias.example");
	expect_field(&groups[2], "Final-Recipient",
	    "rfc822; \"a b\"@local.example");
	expect_field(&groups[2], "Status", "5.0.0");
	expect_field(&groups[2], "Remote-MTA", "");
	expect_field(&groups[2], "Diagnostic-Code",
	    "X-Posthouse; unknown user: \"a b\"");
	for (size_t i = 0; i < 3; i++)
		header_free(&groups[i]);
}
END_TEST

START_TEST(a_delay_says_until_when)
{
	build(NOTICE_DELAY, RET_FULL, "Subject: hi\r\n\r\nbody\r\n");
	read_back();
	expect_field(&parts[0].header, "Subject",
	    "Delayed Mail (still being retried)");
	ck_assert(body_has(1, "until Thu, 26 Nov 2026 18:55:00 +0000"));
	ck_assert(body_has(2,
	    "Will-Retry-Until: Thu, 26 Nov 2026 18:55:00 +0000 (UTC)\r\n"));
	expect_field(&parts[3].header, "Content-Type", "text/rfc822-headers");
	ck_assert(slice_eq(parts[3].body, HEAD "Subject: hi\r\n"));
}
END_TEST

/* What goes back, by RET, kind and content. */
static const struct {
	enum notice_kind kind;
	uint8_t ret;
	bool whole;
} returns[] = {
	{ NOTICE_BOUNCE, RET_NONE, true },
	{ NOTICE_BOUNCE, RET_FULL, true },
	{ NOTICE_BOUNCE, RET_HDRS, false },
	{ NOTICE_DELAY, RET_FULL, false },
	{ NOTICE_SUCCESS, RET_FULL, false },
	{ NOTICE_POSTMASTER, RET_FULL, false },
};

START_TEST(what_goes_back)
{
	build(returns[_i].kind, returns[_i].ret, "A: b\r\n\r\nbody\r\n");
	read_back();
	ck_assert_int_eq(original.whole, returns[_i].whole);
	expect_field(&parts[3].header, "Content-Type",
	    returns[_i].whole ? "message/rfc822" : "text/rfc822-headers");
}
END_TEST

/* Contents whose body does not go back, or not as it is. */
START_TEST(a_big_message_does_not_go_back)
{
	CLEAN_BUF struct buf content = { 0 };

	buf_adds(&content, "A: b\r\n\r\n");
	for (int i = 0; i < 600; i++)
		buf_adds(&content, "23456789\r\n");
	build(NOTICE_BOUNCE, RET_FULL, buf_str(&content));
	read_back();
	ck_assert(slice_eq(parts[3].body, HEAD "A: b\r\n"));
}
END_TEST

START_TEST(long_lines_do_not_go_back)
{
	CLEAN_BUF struct buf content = { 0 };

	buf_adds(&content, "A: ");
	for (int i = 0; i < 2500; i++)
		buf_addc(&content, 'x');
	buf_adds(&content, "\r\nB: c\r\n\r\nbody\r\n");
	build(NOTICE_BOUNCE, RET_FULL, buf_str(&content));
	read_back();
	expect_field(&parts[3].header, "Content-Type", "text/rfc822-headers");
	ck_assert(body_has(3, "\r\nB: c\r\n"));
	ck_assert(!body_has(3, "body"));
}
END_TEST

START_TEST(eight_bits_are_declared)
{
	build(NOTICE_BOUNCE, RET_FULL, "A: b\r\n\r\n\xc3\xa4\r\n");
	read_back();
	expect_field(&parts[0].header, "Content-Transfer-Encoding", "8bit");
	expect_field(&parts[1].header, "Content-Transfer-Encoding", "");
	expect_field(&parts[2].header, "Content-Transfer-Encoding", "");
	expect_field(&parts[3].header, "Content-Transfer-Encoding", "8bit");
}
END_TEST

START_TEST(a_boundary_in_the_message_is_avoided)
{
	build(NOTICE_BOUNCE, RET_FULL,
	    "A: b\r\n\r\n--1BCDFGHJKLMN1.0/mail.example.org--\r\n");
	read_back();
	ck_assert_uint_eq(n_parts, 4);
	ck_assert(body_has(3, "--1BCDFGHJKLMN1.0/"));
}
END_TEST

START_TEST(hostile_texts_stay_within_their_lines)
{
	CLEAN_BUF struct buf word = { 0 };
	struct rec_notice_rcpt bad = rcpts[0];

	for (int i = 0; i < 3000; i++)
		buf_addc(&word, 'w');
	buf_adds(&word, "\r\n.\r\n\xc3\xa4 Status: 2.0.0");
	bad.text = bad.orcpt = bad.relay = buf_str(&word);
	bad.address = "a\r\nb@x\r\n.y";
	report.rcpts = &bad;
	report.n_rcpts = 1;
	build(NOTICE_BOUNCE, RET_FULL, "no header\r\n");
	read_back();
	ck_assert_uint_eq(n_parts, 4);
	ck_assert(!body_has(2, "\nStatus: 2"));
	ck_assert(str_is_ascii(text.text, text.len));
}
END_TEST

/* As a file of pickup's may be. */
static const char *const not_canonical[] = {
	"A: b\rc\r\n\r\nx\r\n",
	"A: b\n\r\nx\r\n",
	"A: b\r\n\r\nx\ny\r\n",
	"A: b\r\n\r\nx\ry\r\n",
	"A: b\r\n\r\nx\r",
	"A: b\r\n\r\nx",
	"\r",
};

START_TEST(what_is_not_canonical_does_not_go_back)
{
	build(NOTICE_BOUNCE, RET_FULL, not_canonical[_i]);
	read_back();
	ck_assert(!original.whole);
	check_lines();
}
END_TEST

START_TEST(a_message_that_is_only_a_body)
{
	build(NOTICE_BOUNCE, RET_HDRS, "no header\r\n");
	read_back();
	ck_assert(slice_eq(parts[3].body, HEAD));
}
END_TEST

START_TEST(words_are_folded)
{
	CLEAN_BUF struct buf out = { 0 };

	bounce_field(&out, "Name",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  "
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c");
	ck_assert_str_eq(buf_str(&out),
	    "Name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
	    "    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c\r\n");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("bounce");
	TCase *t = tcase_create("bounce");

	tcase_add_checked_fixture(t, before, after);
	tcase_add_test(t, a_bounce_has_three_parts);
	tcase_add_test(t, the_status_part_is_rfc_3464);
	tcase_add_test(t, a_delay_says_until_when);
	tcase_add_loop_test(t, what_goes_back, 0, ARRAY_LEN(returns));
	tcase_add_test(t, a_big_message_does_not_go_back);
	tcase_add_test(t, long_lines_do_not_go_back);
	tcase_add_test(t, eight_bits_are_declared);
	tcase_add_test(t, a_boundary_in_the_message_is_avoided);
	tcase_add_test(t, hostile_texts_stay_within_their_lines);
	tcase_add_loop_test(t, what_is_not_canonical_does_not_go_back, 0,
	    ARRAY_LEN(not_canonical));
	tcase_add_test(t, a_message_that_is_only_a_body);
	tcase_add_test(t, words_are_folded);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
