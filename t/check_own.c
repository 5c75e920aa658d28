/*
 * own: which addresses are this host's.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "check_conf.h"
#include "own.h"

static void
open_with(const char *interfaces, const char *proxies)
{
	const char *why = "";

	params.inet_interfaces = interfaces;
	params.proxy_interfaces = proxies;
	ck_assert_msg(own_open(&why), "%s", why);
}

START_TEST(listed_addresses_are_ours)
{
	open_with("10.1.2.3, [2001:db8::1]", "192.0.2.7");
	ck_assert(own_has("10.1.2.3"));
	ck_assert(own_has("192.0.2.7"));
	ck_assert(own_has("2001:DB8:0::1"));
	ck_assert(!own_has("10.1.2.4"));
	ck_assert(!own_has("127.0.0.1"));
	ck_assert(!own_has("2001:db8::2"));
	ck_assert(!own_has("nonsense"));
	own_close();
	ck_assert(!own_has("10.1.2.3"));
}
END_TEST

START_TEST(interfaces_are_ours)
{
	open_with("all", "");
	ck_assert(own_has("127.0.0.1"));
	open_with("loopback-only", "");
	ck_assert(own_has("127.0.0.1"));
	ck_assert(!own_has("192.0.2.1"));
}
END_TEST

START_TEST(a_name_without_an_address_is_an_error)
{
	const char *why = "";

	params.inet_interfaces = "127.0.0.1";
	params.proxy_interfaces = "no-such-name.invalid";
	ck_assert(!own_open(&why));
	ck_assert_str_eq(why,
	    "proxy_interfaces: no-such-name.invalid: no such address");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("own");
	TCase *t = tcase_create("own");

	tcase_add_test(t, listed_addresses_are_ours);
	tcase_add_test(t, interfaces_are_ours);
	tcase_add_test(t, a_name_without_an_address_is_an_error);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
