/*
 * namelist, netlist, cidr: lists of names and networks.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cidr.h"
#include "domains.h"
#include "table.h"

#define TEMPLATE "/tmp/check_lists.XXXXXX"

static char path[sizeof(TEMPLATE)];

static void
setup(void)
{
	static const char text[] =
	    "# nets and names\n10.1.0.0/16, 10.2.0.0/16\n"
	    "\n  file.example\n192.0.2.1\n";
	memcpy(path, TEMPLATE, sizeof(path));
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(write(fd, text, sizeof(text) - 1), 0);
	close_fd(&fd);
}

static void
teardown(void)
{
	ck_assert_int_eq(unlink(path), 0);
}

/* "FILE" in a list stands for the file made by setup(). */
static const char *
with_path(const char *list, struct buf *out)
{
	const char *at = strstr(list, "FILE");

	buf_reset(out);
	if (at == NULL)
		buf_adds(out, list);
	else
		buf_addf(out, "%.*s%s%s", (int)(at - list), list, path, at + 4);
	return buf_str(out);
}

static const struct {
	const char *list, *name;
	bool parents;
	enum found want;
} names[] = {
	{ "a.b, c.d", "c.d", false, FOUND_ONE },
	{ "A.B", "a.b", false, FOUND_ONE },
	{ "a.b", "A.B", false, FOUND_ONE },
	{ "a.b", "x.a.b", false, FOUND_NONE },
	{ "a.b", "x.a.b", true, FOUND_ONE },
	{ "a.b", "xa.b", true, FOUND_NONE },
	{ ".a.b", "x.a.b", false, FOUND_ONE },
	{ ".a.b", "a.b", false, FOUND_NONE },
	{ "!x.a.b a.b", "x.a.b", true, FOUND_NONE },
	{ "!x.a.b a.b", "y.a.b", true, FOUND_ONE },
	{ "", "a", true, FOUND_NONE },
	{ "FILE", "file.example", false, FOUND_ONE },
	{ "192.0.2.9 FILE", "192.0.2.1", false, FOUND_ONE },
	{ "!FILE a", "192.0.2.1", false, FOUND_NONE },
	{ "inline:{a.b=x}", "a.b", false, FOUND_ONE },
	{ "inline:{a.b=x}", "x.a.b", false, FOUND_NONE },
	{ "inline:{a.b=x}", "x.a.b", true, FOUND_ONE },
	{ "inline:{.a.b=x}", "x.a.b", false, FOUND_ONE },
	{ "a, fail:x", "a", false, FOUND_ONE },
	{ "a, fail:x", "b", false, FOUND_FAILED },
	{ "[10.0.0.1]", "[10.0.0.1]", false, FOUND_ONE },
};

START_TEST(a_name_is_in_a_list)
{
	CLEAN_BUF struct buf list = { 0 };
	const char *why = "";
	struct namelist *n = namelist_open(with_path(names[_i].list, &list),
	    &why);

	ck_assert_msg(n != NULL, "%s", why);
	ck_assert_int_eq(namelist_has(n, names[_i].name, names[_i].parents),
	    names[_i].want);
	namelist_close(&n);
	ck_assert_ptr_null(n);
}
END_TEST

static const struct {
	const char *list, *addr;
	enum found want;
} nets[] = {
	{ "127.0.0.0/8 [::1]/128", "127.1.2.3", FOUND_ONE },
	{ "127.0.0.0/8 [::1]/128", "::1", FOUND_ONE },
	{ "127.0.0.0/8 [::1]/128", "::2", FOUND_NONE },
	{ "127.0.0.0/8", "::ffff:127.0.0.1", FOUND_ONE },
	{ "!10.0.0.1, 10.0.0.0/8", "10.0.0.1", FOUND_NONE },
	{ "!10.0.0.1, 10.0.0.0/8", "10.0.0.2", FOUND_ONE },
	{ "10.0.0.0/9", "10.127.255.255", FOUND_ONE },
	{ "10.0.0.0/9", "10.128.0.0", FOUND_NONE },
	{ "0.0.0.0/0", "255.255.255.255", FOUND_ONE },
	{ "::/0", "1.2.3.4", FOUND_NONE },
	{ "fade::1", "fade::1", FOUND_ONE },
	{ "2001:db8::/32", "2001:db8:ffff::", FOUND_ONE },
	{ "2001:db8::/32", "2001:db9::", FOUND_NONE },
	{ "inline:{10.0.0.1=x}", "10.0.0.1", FOUND_ONE },
	{ "fail:x", "10.0.0.1", FOUND_FAILED },
	{ "", "10.0.0.1", FOUND_NONE },
	{ "0.0.0.0/0", "unknown", FOUND_NONE },
};

START_TEST(an_address_is_in_a_list)
{
	const char *why = "";
	struct netlist *n = netlist_open(nets[_i].list, &why);

	ck_assert_msg(n != NULL, "%s", why);
	ck_assert_int_eq(netlist_has(n, nets[_i].addr), nets[_i].want);
	netlist_close(&n);
}
END_TEST

static const struct {
	const char *list;
	bool net;
	const char *why; /* part of it */
} bad[] = {
	{ "10.0.0.1/8", true, "10.0.0.1/8: the address has bits behind" },
	{ "10.0.0.0/33", true, "10.0.0.0/33: what follows /" },
	{ "10.0.0/8", true, "10.0.0/8: not an address" },
	{ "localhost", true, "localhost: not an address" },
	{ "!", true, "a ! must stand" },
	{ "nosuch:x", true, "nosuch:x: the type is none of" },
	{ "passwd:", true, "passwd:: this type cannot be asked here" },
	{ "/nonexistent", true, "/nonexistent: No such file" },
	{ "FILE", true, ":2: file.example: not an address" },
	{ "!", false, "a ! must stand" },
	{ "a !", false, "a ! must stand" },
	{ "nosuch:x", false, "nosuch:x: the type is none of" },
	{ "passwd:", false, "passwd:: this type cannot be asked here" },
	{ "/nonexistent", false, "/nonexistent: No such file" },
};

START_TEST(a_bad_list_is_refused)
{
	CLEAN_BUF struct buf list = { 0 };
	const char *why = "";

	(void)with_path(bad[_i].list, &list);
	if (bad[_i].net)
		ck_assert_ptr_null(netlist_open(buf_str(&list), &why));
	else
		ck_assert_ptr_null(namelist_open(buf_str(&list), &why));
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s", why);
}
END_TEST

START_TEST(a_file_cannot_name_itself_for_ever)
{
	const char *why = "";
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, "a\n%s\n", path), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_null(namelist_open(path, &why));
	ck_assert_ptr_nonnull(strstr(why, "too deeply"));
}
END_TEST

START_TEST(every_prefix_of_a_network_is_taken_or_refused)
{
	const char *text[] = { "[2001:db8::]/32", "192.0.2.128/25" };

	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		for (size_t n = 0; n <= strlen(text[i]); n++) {
			char *copy = strndup(text[i], n);
			const char *why = NULL;
			struct cidr c;
			bool ok = cidr_parse(slice_of(copy), &c, &why);
			ck_assert(ok || why != NULL);
			free(copy);
		}
}
END_TEST

static void
note(void *arg, const char *name)
{
	buf_addf(arg, "%s ", name);
}

START_TEST(the_domains_of_a_list_are_named)
{
	static const char list[] =
	    "Example.org, !no.example, .sub.example localhost "
	    "localhost.example [192.0.2.1] plain "
	    "inline:{{a.example=x} {user@b.example=x}} static:x";
	CLEAN_BUF struct buf seen = { 0 };
	const char *why = "";

	ck_assert(domains_each(list, note, note, &seen, &why));
	ck_assert_str_eq(buf_str(&seen), "example.org a.example static:x ");
	ck_assert(!domains_each("/nonexistent/x", note, note, &seen, &why));
	ck_assert_str_ne(why, "");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("lists");
	TCase *t = tcase_create("lists");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_name_is_in_a_list, 0, ARRAY_LEN(names));
	tcase_add_loop_test(t, an_address_is_in_a_list, 0, ARRAY_LEN(nets));
	tcase_add_loop_test(t, a_bad_list_is_refused, 0, ARRAY_LEN(bad));
	tcase_add_test(t, a_file_cannot_name_itself_for_ever);
	tcase_add_test(t, the_domains_of_a_list_are_named);
	tcase_add_test(t, every_prefix_of_a_network_is_taken_or_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
