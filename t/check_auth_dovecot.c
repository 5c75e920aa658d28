/*
 * auth_dovecot: what is said to Dovecot, and what it says, cut anywhere.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "auth_dovecot.h"

#define GREETING                                                       \
	"VERSION\t1\t2\n"                                              \
	"MECH\tPLAIN\tplaintext\n"                                     \
	"MECH\tSCRAM-SHA-256\tdictionary\tactive\tmutual-auth\tnews\n" \
	"MECH\tSCRAM-SHA-256-PLUS\tmutual-auth\tchannel-binding\n"     \
	"MECH\tDOVECOT-TOKEN\tprivate\n"                               \
	"SPID\t17\nCUID\t1\nCOOKIE\t0123456789abcdef\nWHAT\tIS\tIT\n"  \
	"DONE\n"

static const struct {
	const char *says;  /* behind the greeting */
	const char *heard; /* "id verdict challenge user why;" */
} answers[] = {
	{ "", "" },
	{ "OK\t1\tuser=alice\n", "1 2  alice ;" },
	{ "OK\t4294967295\tuser=a\tresp=eA==\tuser=b\n", "4294967295 2  a ;" },
	{ "OK\t1\tuser=a\001tb\n", "1 0   Dovecot names no proper user;" },
	{ "OK\t1\tuser=a\001xb\001\n", "1 0   Dovecot names no proper user;" },
	{ "OK\t1\tuser=a\001xb\n", "1 2  axb ;" },
	{ "OK\t1\tuser=a\0010b\n", "1 2  a ;" },
	{ "OK\t1\tuser=\n", "1 0   Dovecot names no proper user;" },
	{ "OK\t1\n", "1 0   Dovecot names no proper user;" },
	{ "CONT\t7\teHl6\n", "7 1 xyz  ;" },
	{ "CONT\t7\t\n", "7 1   ;" },
	{ "CONT\t7\n", "7 1   ;" },
	{ "FAIL\t3\n", "3 3   refused by Dovecot;" },
	{ "FAIL\t3\tuser=mallory\n", "3 3  mallory refused by Dovecot;" },
	{ "FAIL\t3\tuser=m\treason=no\001tway\tauthz\n", "3 3  m no\tway;" },
	{ "FAIL\t3\tuser=m\ttemp\n", "3 0  m Dovecot cannot say;" },
	{ "FAIL\t3\tcode=temp_fail\treason=x\n", "3 0   x;" },
	{ "FAIL\t1\nOK\t2\tuser=b\n", "1 3   refused by Dovecot;2 2  b ;" },
	{ "CANCELLED\t3\n\nOTHER\n", "" },
};

static const struct {
	const char *says;
	const char *fault;
} faults[] = {
	{ "VERSION\t2\t0\n", "it speaks another version of the protocol" },
	{ "VERSION\n", "it speaks another version of the protocol" },
	{ "SSH-2.0-x\n", "it does not begin with its version" },
	{ "\n", "it does not begin with its version" },
	{ "DONE\n", "DONE comes where it must not" },
	{ "OK\t1\tuser=a\n", "a command comes where it must not" },
	{ "VERSION\t1\t1\nCONT\t1\t\n", "a command comes where it must not" },
	{ "VERSION\t1\t1\nMECH\n", "it names a mechanism that is none" },
	{ "VERSION\t1\t1\nMECH\t\tplaintext\n",
	    "it names a mechanism that is none" },
	{ "VERSION\t1\t1\nMECH\tA B\n", "it names a mechanism that is none" },
	{ "VERSION\t1\t1\nMECH\tABCDEFGHIJKLMNOPQRSTU\n",
	    "it names a mechanism that is none" },
	{ GREETING "DONE\n", "a command comes where it must not" },
	{ GREETING "MECH\tPLAIN\n", "a command comes where it must not" },
	{ GREETING "OK\n", "OK has no number" },
	{ GREETING "OK\t0\tuser=a\n", "OK has no number" },
	{ GREETING "OK\t-1\tuser=a\n", "OK has no number" },
	{ GREETING "OK\t4294967296\tuser=a\n", "OK has no number" },
	{ GREETING "FAIL\tx\n", "FAIL has no number" },
	{ GREETING "CONT\t\n", "CONT has no number" },
	{ GREETING "CONT\t1\t!\n", "CONT is no base64" },
};

static struct buf heard, out;
static int readies;

static void
on_ready(void *owner)
{
	ck_assert_ptr_eq(owner, &heard);
	readies++;
}

static void
on_answer(void *owner, const struct dovecot_answer *a)
{
	ck_assert_ptr_eq(owner, &heard);
	buf_addf(&heard, "%u %d %.*s %s %s;", a->id, (int)a->verdict,
	    (int)a->challenge.len, a->challenge.at, a->user, a->why);
}

static const struct dovecot_calls calls = { on_ready, on_answer };

static struct dovecot
start(void)
{
	buf_reset(&heard);
	buf_reset(&out);
	readies = 0;
	return (
	    struct dovecot){ .calls = &calls, .owner = &heard, .out = &out };
}

/* As a pump gives it: what was not taken comes again, with more behind. */
static void
give(struct dovecot *d, const char *text, size_t cut)
{
	size_t n = strlen(text), taken = 0;

	if (cut < n)
		taken = dovecot_input(d, text, cut);
	ck_assert_uint_le(taken, cut);
	if (d->fault == NULL)
		taken += dovecot_input(d, text + taken, n - taken);
	if (d->fault == NULL)
		ck_assert_uint_eq(taken, n);
}

START_TEST(answers_are_heard_wherever_they_are_cut)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, GREETING "%s", answers[_i].says);
	for (size_t cut = 0; cut <= text.len; cut++) {
		struct dovecot d = start();

		give(&d, buf_str(&text), cut);
		ck_assert_ptr_null(d.fault);
		ck_assert_int_eq(readies, 1);
		ck_assert_str_eq(buf_str(&heard), answers[_i].heard);
		dovecot_free(&d);
	}
}
END_TEST

START_TEST(every_prefix_waits_for_more)
{
	static const char text[] = GREETING "OK\t1\tuser=alice\n";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct dovecot d = start();

		ck_assert_uint_le(dovecot_input(&d, text, n), n);
		ck_assert_ptr_null(d.fault);
		ck_assert_str_eq(buf_str(&heard), "");
		ck_assert_int_eq(readies, n >= sizeof(GREETING) - 1);
		dovecot_free(&d);
	}
}
END_TEST

START_TEST(what_is_wrong_ends_it_wherever_it_is_cut)
{
	for (size_t cut = 0; cut <= strlen(faults[_i].says); cut++) {
		struct dovecot d = start();

		give(&d, faults[_i].says, cut);
		ck_assert_ptr_nonnull(d.fault);
		ck_assert_str_eq(d.fault, faults[_i].fault);
		ck_assert_str_eq(buf_str(&heard), "");
		dovecot_free(&d);
	}
}
END_TEST

START_TEST(a_line_has_a_bound)
{
	struct dovecot d = start();
	CLEAN_BUF struct buf line = { 0 };

	buf_adds(&line, GREETING "NEWS\t");
	while (line.len < DOVECOT_LINE_MAX + sizeof(GREETING) - 1)
		buf_addc(&line, 'x');
	ck_assert_uint_eq(dovecot_input(&d, line.text, line.len),
	    sizeof(GREETING) - 1);
	ck_assert_ptr_null(d.fault);
	buf_addc(&line, 'x');
	ck_assert_uint_gt(dovecot_input(&d, line.text + sizeof(GREETING) - 1,
			      line.len - sizeof(GREETING) + 1),
	    0);
	ck_assert_str_eq(d.fault, "it says too long a line");
	dovecot_free(&d);
}
END_TEST

START_TEST(mechanisms_have_their_traits)
{
	struct dovecot d = start();
	struct rec_auth_mech r;

	give(&d, GREETING, 0);
	struct wire w = wire_open(d.mechs.text, d.mechs.len);
	ck_assert(rec_get_auth_mech(&r, &w));
	ck_assert_str_eq(r.name, "PLAIN");
	ck_assert_uint_eq(r.traits, 1 << 0);
	ck_assert(rec_get_auth_mech(&r, &w));
	ck_assert_str_eq(r.name, "SCRAM-SHA-256");
	ck_assert_uint_eq(r.traits, 1 << 1 | 1 << 2 | 1 << 5);
	ck_assert(wire_done(&w));
	dovecot_free(&d);
}
END_TEST

START_TEST(what_is_said_is_one_line_whatever_it_is)
{
	struct dovecot d = start();
	struct msg_auth_begin m = { .mech = "PLAIN",
		.client = "",
		.local = "",
		.session = "",
		.asked = "",
		.helo = "x",
		.certificate = "" };

	dovecot_greet(&d, 42);
	ck_assert_str_eq(buf_str(&out), "VERSION\t1\t1\nCPID\t42\n");
	buf_reset(&out);
	ck_assert(!dovecot_begin(&d, 1, &m)); /* it is not ready */
	give(&d, GREETING, 0);
	ck_assert(dovecot_begin(&d, 1, &m));
	ck_assert_str_eq(buf_str(&out),
	    "AUTH\t1\tPLAIN\tservice=smtp\tnologin\n");

	buf_reset(&out);
	m.client = "2001:db8::1";
	m.port = 25;
	m.secured = true;
	m.local = "2001:db8::2";
	m.local_port = 587;
	m.session = "42.7";
	m.asked = "mx\t.test";
	m.certificate = "a\tb\r\n\001OK";
	m.initial = true;
	m.response = SLICE("\0a\0b");
	ck_assert(dovecot_begin(&d, 2, &m));
	ck_assert_str_eq(buf_str(&out),
	    "AUTH\t2\tPLAIN\tservice=smtp\tnologin\tsession=42.7"
	    "\tlip=2001:db8::2\tlport=587\trip=2001:db8::1\trport=25"
	    "\tsecured=tls\tlocal_name=mx\001t.test\tvalid-client-cert"
	    "\tcert_username=a\001tb\001r\001n\0011OK\tresp=AGEAYg==\n");

	buf_reset(&out);
	m.mech = "CRAM-MD5";
	ck_assert(!dovecot_begin(&d, 3, &m));
	m.mech = "SCRAM-SHA-256-PLUS";
	ck_assert(!dovecot_begin(&d, 3, &m));
	ck_assert(dovecot_continue(&d, 2, SLICE("xyz")));
	ck_assert(dovecot_continue(&d, 2, SLICE("")));
	dovecot_cancel(&d, 2);
	ck_assert_str_eq(buf_str(&out),
	    "CONT\t2\teHl6\nCONT\t2\t\nCANCEL\t2\n");
	dovecot_free(&d);
}
END_TEST

/* While a connection is made anew nobody has to wait. */
START_TEST(a_dialogue_may_begin_by_what_was_known_before)
{
	struct dovecot d = start();
	struct msg_auth_begin m = { .mech = "OLD",
		.client = "",
		.local = "",
		.session = "",
		.asked = "",
		.helo = "x",
		.certificate = "" };

	rec_put_auth_mech(&d.before, &(struct rec_auth_mech){ .name = "OLD" });
	ck_assert(dovecot_begin(&d, 1, &m));
	ck_assert_str_eq(buf_str(&out),
	    "AUTH\t1\tOLD\tservice=smtp\tnologin\n");
	give(&d, GREETING "FAIL\t1\n", 0);
	ck_assert_str_eq(buf_str(&heard), "1 3   refused by Dovecot;");
	ck_assert(!dovecot_begin(&d, 2, &m));
	dovecot_free(&d);
}
END_TEST

/* Dovecot would close the connection of all. */
START_TEST(no_client_can_make_a_line_too_long)
{
	struct dovecot d = start();
	size_t said = 0;

	give(&d, GREETING, 0);
	for (size_t n = 0; n <= 8192; n += n < 6000 ? 100 : 1) {
		CLEAN_BUF struct buf octets = { 0 };

		for (size_t i = 0; i < n; i++)
			buf_addc(&octets, 'x');
		buf_reset(&out);
		if (!dovecot_continue(&d, 4294967295,
			(struct slice){ buf_str(&octets), n })) {
			ck_assert_uint_eq(out.len, 0);
			continue;
		}
		said = n;
		ck_assert_uint_le(out.len, DOVECOT_SAID_MAX);
	}
	ck_assert_uint_gt(said, 6000);
	ck_assert_uint_lt(said, 6200);
	dovecot_free(&d);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("auth_dovecot");
	TCase *t = tcase_create("auth_dovecot");

	tcase_add_loop_test(t, answers_are_heard_wherever_they_are_cut, 0,
	    ARRAY_LEN(answers));
	tcase_add_test(t, every_prefix_waits_for_more);
	tcase_add_loop_test(t, what_is_wrong_ends_it_wherever_it_is_cut, 0,
	    ARRAY_LEN(faults));
	tcase_add_test(t, a_line_has_a_bound);
	tcase_add_test(t, mechanisms_have_their_traits);
	tcase_add_test(t, what_is_said_is_one_line_whatever_it_is);
	tcase_add_test(t, a_dialogue_may_begin_by_what_was_known_before);
	tcase_add_test(t, no_client_can_make_a_line_too_long);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
