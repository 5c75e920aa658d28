/*
 * canonical: addresses and header fields rewritten, by class.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "canonical.h"
#include "check_conf.h"
#include "route.h"

static const char conf[] =
    "myhostname = mail.example.org\n"
    "mydomain = example.org\n"
    "myorigin = $mydomain\n"
    "mydestination = mail.example.org\n"
    "inet_interfaces = 127.0.0.1\n"
    "local_recipient_maps =\n"
    "recipient_delimiter = +\n"
    "canonical_maps = inline:{"
    " {alice@mail.example.org = Alice.Liddell@example.org}"
    " {bob = bob@b.example}"
    " {one@x.example = two@x.example}"
    " {two@x.example = three@x.example}"
    " {self@x.example = self@x.example}"
    " {ping@x.example = pong@x.example}"
    " {pong@x.example = ping@x.example}"
    " {bad@x.example = a@@b}"
    " {many@x.example = a@x.example, b@x.example}"
    " {@old.example = @new.example}"
    " {bare@x.example = carol}"
    " }\n"
    "sender_canonical_maps = inline:{{s@x.example = sender@y.example}}\n"
    "recipient_canonical_maps = inline:{{s@x.example = rcpt@y.example}}\n"
    "masquerade_domains = !keep.m.example, m.example\n"
    "masquerade_exceptions = root\n"
    "smtp_generic_maps = inline:{"
    " {alice@mail.example.org = alice@isp.example}"
    " {bob = bob@isp.example}"
    " {one@x.example = two@x.example}"
    " {two@x.example = three@x.example}"
    " {same@x.example = same@x.example}"
    " {bad@x.example = a@@b}"
    " {@mail.example.org = all@isp.example}"
    " }\n";

static void
open_tables(void)
{
	const char *why = "";

	load_conf(conf);
	ck_assert_msg(route_open(&why) && canonical_open(&why), "%s", why);
}

static const struct {
	enum canonical_class class;
	const char *address;
	enum found found;
	const char *want;
} cases[] = {
	{ CANONICAL_ENVELOPE_SENDER, "alice@mail.example.org", FOUND_ONE,
	    "Alice.Liddell@example.org" },
	{ CANONICAL_ENVELOPE_RCPT, "alice+x@mail.example.org", FOUND_ONE,
	    "Alice.Liddell+x@example.org" },
	{ CANONICAL_HEADER_RCPT, "bob@mail.example.org", FOUND_ONE,
	    "bob@b.example" },
	{ CANONICAL_HEADER_SENDER, "bob@example.org", FOUND_ONE,
	    "bob@b.example" },
	{ CANONICAL_HEADER_SENDER, "bob@far.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_RCPT, "one@x.example", FOUND_ONE,
	    "three@x.example" },
	{ CANONICAL_ENVELOPE_RCPT, "self@x.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_RCPT, "ping@x.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_RCPT, "bad@x.example", FOUND_FAILED, NULL },
	{ CANONICAL_ENVELOPE_RCPT, "many@x.example", FOUND_FAILED, NULL },
	{ CANONICAL_ENVELOPE_RCPT, "u@old.example", FOUND_ONE,
	    "u@new.example" },
	{ CANONICAL_ENVELOPE_RCPT, "bare@x.example", FOUND_ONE,
	    "carol@example.org" },
	{ CANONICAL_ENVELOPE_SENDER, "s@x.example", FOUND_ONE,
	    "sender@y.example" },
	{ CANONICAL_HEADER_SENDER, "s@x.example", FOUND_ONE,
	    "sender@y.example" },
	{ CANONICAL_ENVELOPE_RCPT, "s@x.example", FOUND_ONE, "rcpt@y.example" },
	{ CANONICAL_HEADER_RCPT, "s@x.example", FOUND_ONE, "rcpt@y.example" },
	/* masqueraded, but for recipients of the envelope */
	{ CANONICAL_ENVELOPE_SENDER, "u@h.m.example", FOUND_ONE,
	    "u@m.example" },
	{ CANONICAL_HEADER_RCPT, "u@a.b.m.example", FOUND_ONE, "u@m.example" },
	{ CANONICAL_ENVELOPE_RCPT, "u@h.m.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_SENDER, "u@m.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_SENDER, "u@xm.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_SENDER, "root@h.m.example", FOUND_NONE, NULL },
	{ CANONICAL_ENVELOPE_SENDER, "u@h.keep.m.example", FOUND_NONE, NULL },
};

START_TEST(addresses_by_class)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *out = NULL;

	open_tables();
	ck_assert_msg(canonical_address(&a, cases[_i].class, cases[_i].address,
			  &out) == cases[_i].found,
	    "%s: %s", cases[_i].address, out);
	if (cases[_i].found == FOUND_ONE)
		ck_assert_str_eq(out, cases[_i].want);
}
END_TEST

static const struct {
	const char *field;
	enum found found;
	const char *want;
} fields[] = {
	{ "From: Alice (x) <alice@mail.example.org>\r\n", FOUND_ONE,
	    " Alice (x) <Alice.Liddell@example.org>" },
	{ "To: s@x.example, \"q,\" <bob@example.org>,\r\n\t(c) u@h.m.example "
	  "(d), x@z.example\r\n",
	    FOUND_ONE,
	    " rcpt@y.example, \"q,\" <bob@b.example>,\r\n\t(c) u@m.example "
	    "(d), x@z.example" },
	{ "Resent-Sender: s@x.example\r\n", FOUND_ONE, " sender@y.example" },
	{ "Resent-Cc: g: s@x.example;\r\n", FOUND_ONE, " g: rcpt@y.example;" },
	{ "Cc: a@@b, bob@far.example\r\n", FOUND_NONE, "" },
	{ "Cc: bad@x.example\r\n", FOUND_FAILED, "" },
	{ "To: undisclosed-recipients:;\r\n", FOUND_NONE, "" },
};

START_TEST(fields_in_place)
{
	struct slice whole = slice_of(fields[_i].field);

	open_tables();
	for (size_t n = 1; n <= whole.len; n++) {
		CLEAN_BUF struct buf out = { 0 };
		struct slice rest = { whole.at, n };
		struct header_field f;

		/* Every prefix is a field or none. */
		if (!header_next(&rest, &f))
			continue;
		enum found found = canonical_field(&out, &f, f.value);
		if (n < whole.len)
			continue;
		ck_assert_int_eq(found, fields[_i].found);
		ck_assert_str_eq(buf_str(&out), fields[_i].want);
	}
}
END_TEST

static const struct {
	const char *address;
	enum found found;
	const char *want;
} generics[] = {
	{ "alice@mail.example.org", FOUND_ONE, "alice@isp.example" },
	{ "ALICE@mail.example.org", FOUND_ONE, "alice@isp.example" },
	{ "alice+x@mail.example.org", FOUND_ONE, "alice@isp.example" },
	{ "bob@example.org", FOUND_ONE, "bob@isp.example" },
	{ "bob@far.example", FOUND_NONE, NULL },
	{ "carol@mail.example.org", FOUND_ONE, "all@isp.example" },
	{ "one@x.example", FOUND_ONE, "two@x.example" },
	{ "same@x.example", FOUND_NONE, NULL },
	{ "bad@x.example", FOUND_FAILED, NULL },
};

START_TEST(others_see_generic_addresses)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *out = NULL, *why = "";

	open_tables();
	ck_assert(canonical_open_generic(&why));
	ck_assert(canonical_has_generic());
	ck_assert_int_eq(canonical_generic(&a, generics[_i].address, &out),
	    generics[_i].found);
	if (generics[_i].found == FOUND_ONE)
		ck_assert_str_eq(out, generics[_i].want);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("canonical");
	TCase *t = tcase_create("canonical");

	tcase_add_loop_test(t, addresses_by_class, 0, (int)ARRAY_LEN(cases));
	tcase_add_loop_test(t, fields_in_place, 0, (int)ARRAY_LEN(fields));
	tcase_add_loop_test(t, others_see_generic_addresses, 0,
	    (int)ARRAY_LEN(generics));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
