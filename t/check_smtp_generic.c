/*
 * smtp_generic: the header as other hosts see it.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>
#include <sys/mman.h>

#include "../smtp/smtp_generic.h"
#include "canonical.h"
#include "check_conf.h"
#include "fd.h"
#include "route.h"

static void
open_tables(void)
{
	const char *why = "";

	load_conf("myhostname = mail.example.org\n"
		  "mydomain = example.org\n"
		  "inet_interfaces = 127.0.0.1\n"
		  "local_recipient_maps =\n"
		  "smtp_generic_maps = inline:{{u@here.example = u@isp.example}"
		  " {bad@here.example = a@@b}}\n");
	ck_assert_msg(route_open(&why) && canonical_open_generic(&why), "%s",
	    why);
}

/* What goes over the wire: the fields in front, then the content. */
static bool
show(const char *head, struct slice data, bool in_memory, struct buf *out)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = memfd_create("content", MFD_CLOEXEC);
	struct smtp_source from = {
		.fd = fd,
		.data_at = 3,
		.data_len = data.len,
		.data = in_memory ? data.at : NULL,
		.head = slice_of(head),
	};

	ck_assert_int_eq(fd_write_all(fd, "xyz", 3), 0);
	ck_assert_int_eq(fd_write_all(fd, data.at, data.len), 0);
	if (!smtp_generic_header(&a, &from))
		return false;
	buf_add(out, from.head.at, from.head.len);
	ck_assert_uint_eq(from.data_at + from.data_len, 3 + data.len);
	if (from.data != NULL)
		buf_add(out, from.data, (size_t)from.data_len);
	else
		buf_add(out, data.at + from.data_at - 3, (size_t)from.data_len);
	return true;
}

static const struct {
	const char *head, *data, *want; /* NULL: later */
} cases[] = {
	{ "Received: x\r\n", "To: z@far.example\r\n\r\nu@here.example\r\n",
	    "Received: x\r\nTo: z@far.example\r\n\r\nu@here.example\r\n" },
	{ "Received: by u@here.example\r\nFrom: U <u@here.example>\r\n",
	    "X: u@here.example\r\n\r\nu@here.example\r\n",
	    "Received: by u@here.example\r\nFrom: U <u@isp.example>\r\n"
	    "X: u@here.example\r\n\r\nu@here.example\r\n" },
	{ "",
	    "From: u@here.example (me)\r\n"
	    "To: z@far.example,\r\n\tu@here.example\r\n"
	    "Subject: u@here.example\r\n\r\n.\r\n",
	    "From: u@isp.example (me)\r\n"
	    "To: z@far.example,\r\n\tu@isp.example\r\n"
	    "Subject: u@here.example\r\n\r\n.\r\n" },
	{ "", "Resent-Cc: u@here.example\r\n", "Resent-Cc: u@isp.example\r\n" },
	{ "", "no header\r\nFrom: u@here.example\r\n",
	    "no header\r\nFrom: u@here.example\r\n" },
	{ "", "", "" },
	{ "", "From: bad@here.example\r\n\r\n", NULL },
};

START_TEST(a_header_is_shown)
{
	CLEAN_BUF struct buf file = { 0 }, memory = { 0 };
	struct slice data = slice_of(cases[_i].data);
	bool good = cases[_i].want != NULL;

	open_tables();
	ck_assert_int_eq(show(cases[_i].head, data, false, &file), good);
	ck_assert_int_eq(show(cases[_i].head, data, true, &memory), good);
	if (good) {
		ck_assert_str_eq(buf_str(&file), cases[_i].want);
		ck_assert_str_eq(buf_str(&memory), cases[_i].want);
	}
}
END_TEST

START_TEST(every_prefix_of_a_message_goes_out_whole)
{
	const char *text = "From: u@here.example\r\nTo: x\r\n\r\nbody\r\n";

	open_tables();
	for (size_t n = 0; n <= strlen(text); n++) {
		CLEAN_BUF struct buf out = { 0 };

		ck_assert(show("", (struct slice){ text, n }, true, &out));
		ck_assert_uint_ge(out.len + 1, n); /* isp is one shorter */
	}
}
END_TEST

START_TEST(a_large_message_is_read_in_pieces)
{
	CLEAN_BUF struct buf data = { 0 }, out = { 0 };

	open_tables();
	for (int i = 0; i < 2000; i++)
		buf_addf(&data, "X-%d: some text of a field\r\n", i);
	buf_adds(&data, "Sender: u@here.example\r\n\r\n");
	for (int i = 0; i < 5000; i++)
		buf_adds(&data, "some text of a body\r\n");
	ck_assert(show("", (struct slice){ data.text, data.len }, false, &out));
	ck_assert_uint_eq(out.len, data.len - 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "Sender: u@isp.example\r"));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_generic");
	TCase *t = tcase_create("smtp_generic");

	tcase_add_loop_test(t, a_header_is_shown, 0, ARRAY_LEN(cases));
	tcase_add_test(t, every_prefix_of_a_message_goes_out_whole);
	tcase_add_test(t, a_large_message_is_read_in_pieces);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
