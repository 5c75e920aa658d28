/*
 * smtp_content: dots, long lines, pieces, files.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../smtp/smtp_content.h"
#include "fd.h"
#include "msg.h"
#include "param.h"

static const struct {
	const char *from, *to;
	size_t limit;
} stuffed[] = {
	{ "a\r\nb\r\n", "a\r\nb\r\n", 0 },
	{ ".\r\n", "..\r\n", 0 },
	{ ".a\r\n..b\r\n.\r\n", "..a\r\n...b\r\n..\r\n", 0 },
	{ "a.\r\n\r\n.", "a.\r\n\r\n..", 0 },
	{ "", "", 0 },
	{ "1234\r\n", "1234\r\n", 4 },
	{ "12345\r\n", "1234\r\n 5\r\n", 4 },
	{ "1234567890\r\n", "1234\r\n 567\r\n 890\r\n", 4 },
	{ ".2345\r\n.\r\n", "..234\r\n 5\r\n..\r\n", 4 },
	{ "1234.\r\n", "1234\r\n .\r\n", 4 },
};

START_TEST(one_stuffer_cut_anywhere)
{
	size_t len = strlen(stuffed[_i].from);

	for (size_t cut = 0; cut <= len; cut++) {
		CLEAN_BUF struct buf out = { 0 };
		struct smtp_dots d = { .limit = stuffed[_i].limit };

		smtp_dots_put(&d, stuffed[_i].from, cut, &out);
		smtp_dots_put(&d, stuffed[_i].from + cut, len - cut, &out);
		ck_assert_str_eq(buf_str(&out), stuffed[_i].to);
	}
}
END_TEST

/* ---- whole messages ---- */

static struct smtp_source
source_of(const char *head, const struct buf *data, uint32_t flags,
    uint64_t max_line)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, "garbage", 7), 0);
	ck_assert_int_eq(fd_write_all(fd, data->text, data->len), 0);
	ck_assert_int_eq(fd_write_all(fd, "more garbage", 12), 0);
	return (struct smtp_source){
		.fd = fd,
		.data_at = 7,
		.data_len = data->len,
		.head = { head, strlen(head) },
		.flags = flags,
		.max_line = max_line,
	};
}

/* What a pump would send. */
static void
pump_out(struct port *port, struct buf *wire)
{
	buf_add(wire, port->out.text, port->out.len);
	if (port->file_left > 0) {
		size_t n = (size_t)port->file_left;
		char *to = buf_room(wire, n);

		ck_assert_int_eq(fd_pread_all(port->file, to, n, port->file_at),
		    0);
		buf_grown(wire, n);
	}
	buf_add(wire, port->out_tail.text, port->out_tail.len);
	buf_free(&port->out);
	buf_free(&port->out_tail);
	port->file_left = 0;
}

static void
send_all(const struct smtp_source *from, bool convert, struct buf *wire)
{
	struct smtp_content c = { 0 };
	struct port port = { 0 };
	const char *why;
	bool broken;

	if (convert)
		ck_assert(smtp_content_can_convert(&c, from, &why, &broken));
	smtp_content_start(&c, from);
	while (!c.over) {
		ck_assert(smtp_content_next(&c, &port));
		pump_out(&port, wire);
	}
	smtp_content_free(&c);
}

START_TEST(untouched_content_goes_as_it_lies)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };

	buf_adds(&data, "Subject: x\r\n\r\nhello\r\n");
	struct smtp_source from = source_of("Received: y\r\n", &data, 0, 10);
	send_all(&from, false, &wire);
	ck_assert_str_eq(buf_str(&wire),
	    "Received: y\r\nSubject: x\r\n\r\nhello\r\n.\r\n");
	(void)close(from.fd);
}
END_TEST

START_TEST(content_in_memory_needs_no_file)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };
	uint32_t flags = _i == 0 ? 0 : MAIL_DOTS;

	buf_adds(&data, "Subject: x\r\n\r\nhello\r\n");
	struct smtp_source from = source_of("A: b\r\n", &data, flags, 10);
	(void)close(from.fd);
	from.fd = -1;
	from.data = data.text;
	send_all(&from, false, &wire);
	ck_assert_str_eq(buf_str(&wire),
	    "A: b\r\nSubject: x\r\n\r\nhello\r\n.\r\n");
}
END_TEST

START_TEST(an_empty_message_ends_too)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };
	struct smtp_source from = source_of("", &data, MAIL_DOTS, 0);

	send_all(&from, false, &wire);
	ck_assert_str_eq(buf_str(&wire), ".\r\n");
	(void)close(from.fd);
}
END_TEST

START_TEST(a_missing_line_end_is_added)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };

	buf_adds(&data, ".");
	struct smtp_source from = source_of("", &data, MAIL_DOTS, 1);
	send_all(&from, false, &wire);
	ck_assert_str_eq(buf_str(&wire), "..\r\n.\r\n");
	(void)close(from.fd);
}
END_TEST

/* Long content, with lines of all lengths. */
static void
make_long(struct buf *data, struct buf *wire)
{
	for (size_t i = 0; data->len < 3 * CONTENT_PIECE; i++) {
		for (size_t k = 0; k < i % 300; k++) {
			char c = (char)(k % 7 == 0 ? '.' : 'a' + k % 26);

			if (k == 0)
				buf_addc(wire, '.');
			buf_addc(data, c);
			buf_addc(wire, c);
		}
		buf_adds(data, "\r\n");
		buf_adds(wire, "\r\n");
	}
	buf_adds(wire, ".\r\n");
}

START_TEST(long_content_with_dots_comes_whole)
{
	CLEAN_BUF struct buf data = { 0 }, want = { 0 }, wire = { 0 };

	make_long(&data, &want);
	struct smtp_source from = source_of("", &data, MAIL_DOTS, 299);
	send_all(&from, false, &wire);
	ck_assert_uint_eq(wire.len, want.len);
	ck_assert_mem_eq(wire.text, want.text, want.len);
	(void)close(from.fd);
}
END_TEST

START_TEST(long_content_without_dots_comes_in_pieces_of_the_file)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };

	while (data.len < 3 * CONTENT_FILE_PIECE)
		buf_adds(&data, "some text\r\n");
	struct smtp_source from = source_of("A: b\r\n", &data, 0, 9);
	send_all(&from, false, &wire);
	ck_assert_uint_eq(wire.len, data.len + 6 + 3);
	ck_assert_mem_eq(wire.text + 6, data.text, data.len);
	ck_assert_mem_eq(wire.text + wire.len - 5, "\r\n.\r\n", 5);
	(void)close(from.fd);
}
END_TEST

START_TEST(long_lines_are_broken)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };

	params.smtp_line_length_limit = 998;
	for (int i = 0; i < 200000; i++)
		buf_addc(&data, '.');
	buf_adds(&data, "\r\n");
	struct smtp_source from = source_of("", &data, MAIL_DOTS, 200000);
	send_all(&from, false, &wire);
	struct slice rest = { wire.text, wire.len }, line;
	size_t dots = 0;
	while (slice_next_part(&rest, '\n', &line)) {
		ck_assert_uint_le(line.len, 999 + 1);
		for (size_t i = 0; i < line.len; i++)
			dots += line.at[i] == '.';
	}
	ck_assert_uint_eq(dots, 200000 + 1 + 1);
	(void)close(from.fd);
}
END_TEST

START_TEST(conversion_and_dots_work_together)
{
	CLEAN_BUF struct buf data = { 0 }, wire = { 0 };

	params.smtp_line_length_limit = 998;
	buf_adds(&data, "Subject: x\r\n\r\n.\r\n\xe9\r\n");
	struct smtp_source from = source_of("MIME-Version: 1.0\r\n", &data,
	    MAIL_DOTS | MAIL_8BIT, 9);
	send_all(&from, true, &wire);
	ck_assert_str_eq(buf_str(&wire),
	    "MIME-Version: 1.0\r\nSubject: x\r\n"
	    "Content-Type: text/plain; charset=unknown-8bit\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n..\r\n=E9\r\n.\r\n");
	(void)close(from.fd);
}
END_TEST

START_TEST(a_short_file_is_an_error)
{
	CLEAN_BUF struct buf data = { 0 };
	struct smtp_content c = { 0 };
	struct port port = { 0 };
	const char *why;
	bool broken;

	buf_adds(&data, "x\r\n");
	struct smtp_source from = source_of("", &data, MAIL_DOTS, 9);
	from.data_len = 1000;
	smtp_content_start(&c, &from);
	ck_assert(!smtp_content_next(&c, &port));
	ck_assert(!smtp_content_can_convert(&c, &from, &why, &broken));
	ck_assert(broken);
	smtp_content_free(&c);
	(void)close(from.fd);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_content");
	TCase *t = tcase_create("smtp_content");

	tcase_add_loop_test(t, one_stuffer_cut_anywhere, 0,
	    (int)ARRAY_LEN(stuffed));
	tcase_add_test(t, untouched_content_goes_as_it_lies);
	tcase_add_loop_test(t, content_in_memory_needs_no_file, 0, 2);
	tcase_add_test(t, an_empty_message_ends_too);
	tcase_add_test(t, a_missing_line_end_is_added);
	tcase_add_test(t, long_content_with_dots_comes_whole);
	tcase_add_test(t,
	    long_content_without_dots_comes_in_pieces_of_the_file);
	tcase_add_test(t, long_lines_are_broken);
	tcase_add_test(t, conversion_and_dots_work_together);
	tcase_add_test(t, a_short_file_is_an_error);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
