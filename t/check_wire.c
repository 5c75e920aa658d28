/*
 * wire: what is put is got; what is wrong sticks; the checksum.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "buf.h"
#include "wire.h"

/* One value of each type. */
static void
put_all(struct buf *out)
{
	wire_put_u8(out, 0xfe);
	wire_put_u16(out, 0xfedc);
	wire_put_u32(out, 0xfedcba98);
	wire_put_u64(out, 0xfedcba9876543210);
	wire_put_time(out, -5);
	wire_put_str(out, "text");
	wire_put_str(out, NULL);
	wire_put_blob(out, (struct slice){ "a\0b", 3 });
}

START_TEST(what_is_put_is_got)
{
	CLEAN_BUF struct buf b = { 0 };

	put_all(&b);
	ck_assert_mem_eq(b.text, "\xfe\xfe\xdc\xfe\xdc\xba\x98", 7);

	struct wire w = wire_open(b.text, b.len);
	ck_assert_uint_eq(wire_get_u8(&w), 0xfe);
	ck_assert_uint_eq(wire_get_u16(&w), 0xfedc);
	ck_assert_uint_eq(wire_get_u32(&w), 0xfedcba98);
	ck_assert_uint_eq(wire_get_u64(&w), 0xfedcba9876543210);
	ck_assert_int_eq(wire_get_time(&w), -5);
	ck_assert_str_eq(wire_get_str(&w), "text");
	ck_assert_str_eq(wire_get_str(&w), "");
	ck_assert(wire_more(&w));
	struct slice blob = wire_get_blob(&w);
	ck_assert_uint_eq(blob.len, 3);
	ck_assert_mem_eq(blob.at, "a\0b", 3);
	ck_assert(wire_done(&w));
	ck_assert(!wire_more(&w));
}
END_TEST

START_TEST(every_prefix_is_refused)
{
	CLEAN_BUF struct buf b = { 0 };

	put_all(&b);
	for (size_t n = 0; n < b.len; n++) {
		CLEAN_BUF struct buf cut = { 0 };

		buf_add(&cut, b.text, n);
		struct wire w = wire_open(buf_str(&cut), n);
		(void)wire_get_u8(&w);
		(void)wire_get_u16(&w);
		(void)wire_get_u32(&w);
		(void)wire_get_u64(&w);
		(void)wire_get_time(&w);
		ck_assert_ptr_nonnull(wire_get_str(&w));
		ck_assert_ptr_nonnull(wire_get_str(&w));
		ck_assert_ptr_nonnull(wire_get_blob(&w).at);
		ck_assert(!wire_done(&w));
		ck_assert(!wire_more(&w));
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} bad_strings[] = {
	{ "\0\0\0\0", 4 },      /* no room for the NUL */
	{ "\0\0\0\1x", 5 },     /* no NUL */
	{ "\0\0\0\3a\0\0", 7 }, /* a NUL inside */
	{ "\0\0\0\2a\0\0", 7 }, /* something left over */
	{ "\xff\xff\xff\xff"
	  "a",
	    5 },
};

START_TEST(a_bad_string_is_refused)
{
	struct wire w = wire_open(bad_strings[_i].bytes, bad_strings[_i].len);

	ck_assert_ptr_nonnull(wire_get_str(&w));
	ck_assert(!wire_done(&w));
}
END_TEST

START_TEST(an_error_sticks)
{
	struct wire w = wire_open("\0\0\0\1x\7", 6);

	ck_assert_str_eq(wire_get_str(&w), "");
	ck_assert_uint_eq(wire_get_u8(&w), 0);
	ck_assert(!wire_done(&w));
}
END_TEST

START_TEST(the_checksum_is_crc32c)
{
	char bytes[100];

	ck_assert_uint_eq(wire_crc(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(wire_crc_plain(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(wire_crc(0, "", 0), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t whole = wire_crc(0, bytes, sizeof(bytes));
		uint32_t first = wire_crc(0, bytes, n);

		ck_assert_uint_eq(first, wire_crc_plain(0, bytes, n));
		ck_assert_uint_eq(wire_crc(first, bytes + n, sizeof(bytes) - n),
		    whole);
	}
}
END_TEST

START_TEST(values_can_be_shown)
{
	CLEAN_BUF struct buf b = { 0 };

	wire_show_u8(&b, "n", 7);
	wire_show_time(&b, "t", -1);
	wire_show_str(&b, "s", "a\nb");
	wire_show_blob(&b, "b", SLICE("xyz"));
	ck_assert_str_eq(buf_str(&b), " n=7 t=-1 s=\"a?b\" b=[3 bytes]");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("wire");
	TCase *t = tcase_create("wire");

	tcase_add_test(t, what_is_put_is_got);
	tcase_add_test(t, every_prefix_is_refused);
	tcase_add_loop_test(t, a_bad_string_is_refused, 0,
	    ARRAY_LEN(bad_strings));
	tcase_add_test(t, an_error_sticks);
	tcase_add_test(t, the_checksum_is_crc32c);
	tcase_add_test(t, values_can_be_shown);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
