/*
 * msg: every message and record round-trips; every prefix and every byte too
 * many is refused.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "msg.h"

/* Values that differ from field to field, so that a swap is seen. */
static uint64_t last_value;

static uint64_t
fill_u64(void)
{
	return last_value += 0x0123456789abcdef;
}

static uint8_t
fill_u8(void)
{
	return (uint8_t)fill_u64();
}

static uint16_t
fill_u16(void)
{
	return (uint16_t)fill_u64();
}

static uint32_t
fill_u32(void)
{
	return (uint32_t)fill_u64();
}

static int64_t
fill_time(void)
{
	return (int64_t)fill_u64();
}

static const char *
fill_str(void)
{
	static const char *const texts[] = { "a@b", "", "text of some length" };

	return texts[fill_u64() % ARRAY_LEN(texts)];
}

static struct slice
fill_blob(void)
{
	static const char bytes[] = "\0\1\2\3bytes";

	return (struct slice){ bytes, fill_u64() % sizeof(bytes) };
}

#define same_u8(a, b)   ck_assert_uint_eq(a, b)
#define same_u16(a, b)  ck_assert_uint_eq(a, b)
#define same_u32(a, b)  ck_assert_uint_eq(a, b)
#define same_u64(a, b)  ck_assert_uint_eq(a, b)
#define same_time(a, b) ck_assert_int_eq(a, b)
#define same_str(a, b)  ck_assert_str_eq(a, b)

static void
same_blob(struct slice a, struct slice b)
{
	ck_assert_uint_eq(a.len, b.len);
	if (a.len > 0)
		ck_assert_mem_eq(a.at, b.at, a.len);
}

/* One round trip a message: fills, puts, gets, compares. */
#define FIELD(type, name)               \
	if (step == 0)                  \
		m.name = fill_##type(); \
	else                            \
		same_##type(m.name, got.name);
#define MESSAGE(name, ...)                                            \
	static bool trip_##name(struct buf *b, size_t cut, bool same) \
	{                                                             \
		struct msg_##name m = { 0 };                          \
		struct msg_##name got;                                \
		int step = 0;                                         \
                                                                      \
		(void)step;                                           \
		__VA_ARGS__                                           \
		if (b->len == 0)                                      \
			msg_put_##name(b, &m);                        \
		if (!msg_get_##name(&got, b->text + 4, cut))          \
			return false;                                 \
		step = 1;                                             \
		if (same) {                                           \
			__VA_ARGS__                                   \
		}                                                     \
		return true;                                          \
	}
#include "msg.def"

static const struct {
	const char *name;
	bool (*trip)(struct buf *b, size_t cut, bool same);
} messages[MSG_TYPES] = {
#define FIELD(type, name)
#define MESSAGE(name, ...) [MSG_##name] = { #name, trip_##name },
#include "msg.def"
};

START_TEST(a_message_round_trips)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_BUF struct buf shown = { 0 };
	uint64_t start = last_value;

	(void)messages[_i].trip(&b, 0, false); /* encodes */
	last_value = start;
	ck_assert(messages[_i].trip(&b, b.len - 4, true));
	msg_show(&shown, b.text, b.len);
	ck_assert_int_eq(strncmp(buf_str(&shown), messages[_i].name,
			     strlen(messages[_i].name)),
	    0);
	ck_assert_ptr_null(strstr(buf_str(&shown), "malformed"));
	ck_assert_str_eq(msg_name((uint32_t)_i), messages[_i].name);
}
END_TEST

START_TEST(every_prefix_is_refused)
{
	CLEAN_BUF struct buf b = { 0 };

	(void)messages[_i].trip(&b, 0, false);
	for (size_t cut = 0; cut < b.len - 4; cut++) {
		CLEAN_BUF struct buf part = { 0 };

		buf_add(&part, b.text, 4 + cut);
		ck_assert(!messages[_i].trip(&part, cut, false));
	}
}
END_TEST

START_TEST(every_byte_too_many_is_refused)
{
	CLEAN_BUF struct buf b = { 0 };

	(void)messages[_i].trip(&b, 0, false);
	for (int c = 0; c < 256; c++) {
		buf_addc(&b, (char)c);
		ck_assert(!messages[_i].trip(&b, b.len - 4, false));
		buf_cut(&b, b.len - 1);
	}
}
END_TEST

#define FIELD(type, name)               \
	if (step == 0)                  \
		r.name = fill_##type(); \
	else                            \
		same_##type(r.name, got.name);
#define MESSAGE(name, ...)                                    \
	START_TEST(record_##name)                             \
	{                                                     \
		CLEAN_BUF struct buf b = { 0 };               \
		struct rec_##name r = { 0 };                  \
		struct rec_##name got;                        \
		int step = 0;                                 \
                                                              \
		__VA_ARGS__                                   \
		rec_put_##name(&b, &r);                       \
		size_t one = b.len;                           \
		rec_put_##name(&b, &r);                       \
		struct wire w = wire_open(b.text, b.len);     \
		step = 1;                                     \
		for (int i = 0; i < 2; i++) {                 \
			ck_assert(rec_get_##name(&got, &w));  \
			__VA_ARGS__                           \
		}                                             \
		ck_assert(wire_done(&w));                     \
		for (size_t cut = 0; cut < one; cut++) {      \
			w = wire_open(b.text, cut);           \
			ck_assert(!rec_get_##name(&got, &w)); \
		}                                             \
	}                                                     \
	END_TEST
#include "records.def"

START_TEST(what_is_unknown_is_said)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_BUF struct buf shown = { 0 };
	CLEAN_BUF struct buf want = { 0 };

	ck_assert_str_eq(msg_name(MSG_NONE), "unknown");
	ck_assert_str_eq(msg_name(MSG_TYPES), "unknown");
	wire_put_u32(&b, MSG_TYPES);
	msg_show(&shown, b.text, b.len);
	buf_addf(&want, "unknown message %d", MSG_TYPES);
	ck_assert_str_eq(buf_str(&shown), buf_str(&want));
}
END_TEST

START_TEST(roles_have_names)
{
	for (int i = ROLE_MASTER; i < ROLES; i++)
		ck_assert_int_eq(role_of(role_name((enum role)i),
				     i == ROLE_SIGN ? "sign" : "any"),
		    i);
	ck_assert_int_eq(role_of("none", ""), ROLE_NONE);
	ck_assert_int_eq(role_of("", ""), ROLE_NONE);
	ck_assert_int_eq(role_of("smtpd", "sign"), ROLE_SMTPD);
	ck_assert_str_eq(role_name(ROLES), "unknown");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("msg");
	TCase *t = tcase_create("msg");

	tcase_add_loop_test(t, a_message_round_trips, 1, MSG_TYPES);
	tcase_add_loop_test(t, every_prefix_is_refused, 1, MSG_TYPES);
	tcase_add_loop_test(t, every_byte_too_many_is_refused, 1, MSG_TYPES);
#define FIELD(type, name)
#define MESSAGE(name, ...) tcase_add_test(t, record_##name);
#include "records.def"
	tcase_add_test(t, what_is_unknown_is_said);
	tcase_add_test(t, roles_have_names);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
