/*
 * dns_answer: what is believed, and what is not.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "buf.h"
#include "dns_answer.h"

/* A packet as a string: "@name" writes a name, "#n" 16 bits, "%n" 32 bits,
 * "=hex" bytes; parts are parted by blanks. */
static void
put_name(struct buf *b, struct slice name)
{
	struct slice label;

	while (name.len > 0 && slice_next_part(&name, '.', &label)) {
		buf_addc(b, (char)label.len);
		buf_add(b, label.at, label.len);
	}
	buf_addc(b, 0);
}

static void
put_number(struct buf *b, struct slice digits, int octets)
{
	uint32_t n = 0;

	for (size_t i = 0; i < digits.len; i++)
		n = n * 10 + (uint32_t)(digits.at[i] - '0');
	for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
		buf_addc(b, (char)(n >> shift & 0xff));
}

static void
put_hex(struct buf *b, struct slice hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i + 1 < hex.len; i += 2)
		buf_addc(b,
		    (char)((strchr(digits, hex.at[i]) - digits) * 16 +
			(strchr(digits, hex.at[i + 1]) - digits)));
}

static void
make(struct buf *b, const char *text)
{
	struct slice rest = slice_of(text), part;

	while (slice_next_part(&rest, ' ', &part)) {
		struct slice arg = { part.at + 1, part.len - 1 };

		if (part.len == 0)
			continue;
		if (part.at[0] == '@')
			put_name(b, arg);
		else if (part.at[0] == '#')
			put_number(b, arg, 2);
		else if (part.at[0] == '%')
			put_number(b, arg, 4);
		else
			put_hex(b, arg);
	}
}

/* Headers: id, flags, then 1 question and n answers, n authorities. */
#define OK(n, m)   "#7 =81a0 #1 #" #n " #" #m " #0 "
#define NX(n, m)   "#7 =8183 #1 #" #n " #" #m " #0 "
#define MX_Q       "@ex.org #15 #1 "
#define A_Q        "@ex.org #1 #1 "
#define TXT_Q      "@ex.org #16 #1 "
#define IN(t, ttl) " #" #t " #1 %" #ttl " "
/* The name asked for, by a pointer to the question. */
#define SAME "=c00c"

static const struct {
	const char *packet;
	enum dns_type type;
	enum dns_status status;
	uint32_t ttl;
	const char *records;
} good[] = {
	/* two addresses, the smaller TTL counts */
	{ OK(2, 0) A_Q SAME IN(1, 300) "#4 =0a000001 " SAME IN(1,
	      60) "#4 =0a000002",
	    DNS_A, DNS_OK, 60, "10.0.0.1 10.0.0.2" },
	/* MX, one through compression, one the root (null MX) */
	{ OK(2, 0) MX_Q SAME IN(15, 9) "#7 #10 =024d78c00c " SAME IN(15,
	      9) "#3 #0 =00",
	    DNS_MX, DNS_OK, 9, "10:mx.ex.org 0:" },
	/* an MX with a name no host can have is left out */
	{ OK(2, 0) MX_Q SAME IN(15, 9) "#7 #10 =024d20c00c " SAME IN(15,
	      9) "#7 #20 =026d78c00c",
	    DNS_MX, DNS_OK, 9, "20:mx.ex.org" },
	/* a chain of CNAMEs, out of order, with a record nobody asked for */
	{ OK(4, 0) A_Q "@c.net" IN(1, 50) "#4 =7f000001 @b.net" IN(5,
	      40) "#7 @c.net " SAME IN(5, 90) "#7 @b.net @evil.net" IN(1,
	      1) "#4 =01020304",
	    DNS_A, DNS_OK, 40, "127.0.0.1" },
	/* AAAA */
	{ OK(1, 0) "@ex.org #28 #1 " SAME IN(28,
	      5) "#16 =20010db8000000000000000000000001",
	    DNS_AAAA, DNS_OK, 5, "2001:db8::1" },
	/* TXT of two strings */
	{ OK(1, 0) TXT_Q SAME IN(16, 5) "#6 =026162 =026364", DNS_TXT, DNS_OK,
	    5, "abcd" },
	/* a TTL with its highest bit set is zero (RFC 2181 8) */
	{ OK(1, 0) A_Q SAME " #1 #1 =ffffffff #4 =0a000001", DNS_A, DNS_OK, 0,
	    "10.0.0.1" },
	/* no such name, with and without an SOA */
	{ NX(0, 1) A_Q "@org" IN(6, 900) "#24 @a =00 %1 %2 %3 %4 %30", DNS_A,
	    DNS_NXDOMAIN, 30, "" },
	{ NX(0, 0) A_Q, DNS_A, DNS_NXDOMAIN, 0, "" },
	/* no such type */
	{ OK(0, 1) A_Q "@org" IN(6, 20) "#22 =00 =00 %1 %2 %3 %4 %300", DNS_A,
	    DNS_NODATA, 20, "" },
	/* the server has trouble, or does not want us */
	{ "#7 =8182 #1 #0 #0 #0 " A_Q, DNS_A, DNS_FAILED, 0, "" },
	{ "#7 =8185 #1 #0 #0 #0 " A_Q, DNS_A, DNS_FAILED, 0, "" },
};

/* What must not be believed. */
static const struct {
	const char *packet;
	enum dns_type type;
} bad[] = {
	{ "", DNS_A },
	{ "#7 =01a0 #1 #0 #0 #0 " A_Q, DNS_A },     /* a question */
	{ "#7 =89a0 #1 #0 #0 #0 " A_Q, DNS_A },     /* another opcode */
	{ "#7 =83a0 #1 #0 #0 #0 " A_Q, DNS_A },     /* truncated */
	{ "#7 =81a0 #2 #0 #0 #0 " A_Q A_Q, DNS_A }, /* two questions */
	{ "#7 =81a0 #0 #0 #0 #0", DNS_A },
	{ OK(0, 0) A_Q, DNS_MX },            /* another type */
	{ OK(0, 0) "@ex.net #1 #1", DNS_A }, /* another name */
	{ OK(0, 0) "@ex.org #1 #3", DNS_A }, /* another class */
	{ OK(9, 0) A_Q, DNS_A },             /* fewer than said */
	{ OK(1, 0) A_Q SAME IN(1, 3) "#3 =0a0000", DNS_A },
	{ OK(1, 0) A_Q SAME IN(1, 3) "#5 =0a00000001", DNS_A },
	{ OK(1, 0) A_Q SAME IN(1, 3) "#4 =0a", DNS_A },
	{ OK(1, 0) A_Q "=c0ff" IN(1, 3) "#4 =0a000001", DNS_A }, /* forward */
	{ OK(1, 0) A_Q "=c01c" IN(1, 3) "#4 =0a000001", DNS_A }, /* itself */
	{ OK(1, 0) A_Q "=40" IN(1, 3) "#4 =0a000001", DNS_A },
	{ OK(1, 0) MX_Q SAME IN(15, 3) "#1 =00", DNS_MX },
	{ OK(1, 0) MX_Q SAME IN(15, 3) "#4 #1 =00ff", DNS_MX }, /* left over */
	{ OK(1, 0) MX_Q SAME IN(15, 3) "#4 #1 =0378", DNS_MX },
	{ OK(1, 0) MX_Q SAME IN(15, 3) "#5 #1 =012000", DNS_MX },
	{ OK(1, 0) TXT_Q SAME IN(16, 3) "#3 =056162", DNS_TXT },
	{ OK(1, 0) TXT_Q SAME IN(16, 3) "#0", DNS_TXT },
	{ OK(1, 0) A_Q SAME IN(5, 3) "#2 " SAME, DNS_A },     /* a circle */
	{ NX(1, 0) A_Q SAME IN(1, 3) "#4 =0a000001", DNS_A }, /* both */
	{ NX(0, 1) A_Q "@org" IN(6, 900) "#3 @a", DNS_A },
};

static void
show(struct buf *out, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->records[i];

		if (i > 0)
			buf_addc(out, ' ');
		if (r->name != NULL)
			buf_addf(out, "%u:%s", r->preference, r->name);
		else if (r->address != NULL)
			buf_adds(out, r->address);
		else
			buf_add(out, r->data.at, r->data.len);
	}
}

START_TEST(what_is_well_formed_is_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 }, text = { 0 };
	struct dns_reply reply;
	const char *why = "";

	make(&packet, good[_i].packet);
	bool read = dns_parse(&a, packet.text, packet.len, "Ex.ORG",
	    good[_i].type, &reply, &why);
	ck_assert_msg(read, "%s: %s", good[_i].packet, why);
	show(&text, &reply.answer);
	ck_assert_int_eq(reply.answer.status, good[_i].status);
	ck_assert_str_eq(buf_str(&text), good[_i].records);
	if (good[_i].status != DNS_FAILED)
		ck_assert_uint_eq(reply.answer.ttl, good[_i].ttl);
	ck_assert(!reply.unfinished);
}
END_TEST

/* A cut answer is malformed; where the cut falls behind a refusal's question,
 * the refusal stays one. */
START_TEST(every_prefix_is_refused)
{
	CLEAN_BUF struct buf packet = { 0 };

	make(&packet, good[_i].packet);
	for (size_t len = 0; len < packet.len; len++) {
		CLEAN_ARENA struct arena a = { 0 };
		struct dns_reply reply = { .target = "untouched" };
		const char *why = NULL;
		char *cut = arena_memdup(&a, packet.text, len);

		ck_assert(!dns_parse(&a, cut, len, "ex.org", good[_i].type,
		    &reply, &why));
		ck_assert_ptr_nonnull(why);
		ck_assert_str_eq(reply.target, "untouched");
	}
}
END_TEST

START_TEST(any_changed_byte_does_no_harm)
{
	CLEAN_BUF struct buf packet = { 0 };

	make(&packet, good[_i].packet);
	for (size_t at = 0; at < packet.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			CLEAN_ARENA struct arena a = { 0 };
			struct dns_reply reply;
			const char *why;

			packet.text[at] ^= (char)(1 << bit);
			if (dns_parse(&a, packet.text, packet.len, "ex.org",
				good[_i].type, &reply, &why))
				ck_assert_uint_le(reply.answer.n, 2);
			packet.text[at] ^= (char)(1 << bit);
		}
}
END_TEST

START_TEST(what_is_malformed_says_nothing)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct dns_reply reply;
	const char *why = NULL;

	make(&packet, bad[_i].packet);
	ck_assert_msg(!dns_parse(&a, buf_str(&packet), packet.len, "ex.org",
			  bad[_i].type, &reply, &why),
	    "believed: %s", bad[_i].packet);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_chain_that_leads_outside_is_unfinished)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct dns_reply reply;
	const char *why = NULL;

	make(&packet, OK(1, 0) A_Q SAME IN(5, 30) "#7 @b.net");
	ck_assert(dns_parse(&a, packet.text, packet.len, "ex.org", DNS_A,
	    &reply, &why));
	ck_assert(reply.unfinished);
	ck_assert_str_eq(reply.target, "b.net");
}
END_TEST

static const struct {
	const char *name;
	bool valid;
} names[] = {
	{ "example.org", true },
	{ "_25._tcp.mx-1.example.org", true },
	{ "x", true },
	{ "", false },
	{ ".", false },
	{ ".org", false },
	{ "example.", false },
	{ "a..b", false },
	{ "a b", false },
	{ "a\\.b", false },
	{ "ex\xc3\xa4mple.org", false },
	{ "a23456789012345678901234567890123456789012345678901234567890123",
	    true },
	{ "a234567890123456789012345678901234567890123456789012345678901234",
	    false },
};

START_TEST(names_are_judged)
{
	ck_assert_int_eq(dns_name_valid(names[_i].name), names[_i].valid);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dns_answer");
	TCase *t = tcase_create("dns_answer");
	int n_good = (int)ARRAY_LEN(good);

	tcase_add_loop_test(t, what_is_well_formed_is_read, 0, n_good);
	tcase_add_loop_test(t, every_prefix_is_refused, 0, n_good);
	tcase_add_loop_test(t, any_changed_byte_does_no_harm, 0, n_good);
	tcase_add_loop_test(t, what_is_malformed_says_nothing, 0,
	    (int)ARRAY_LEN(bad));
	tcase_add_test(t, a_chain_that_leads_outside_is_unfinished);
	tcase_add_loop_test(t, names_are_judged, 0, (int)ARRAY_LEN(names));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
