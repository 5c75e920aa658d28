/*
 * param: the table, main.conf and master.conf, good and bad.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "param.h"
#include "param_rows.h"

#define TEMPLATE "/tmp/check_param.XXXXXX"

static char dir[sizeof(TEMPLATE)];

static void
put(const char *file, const char *text, size_t n)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/%s", dir, file);
	FILE *f = fopen(buf_str(&path), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
	memcpy(dir, TEMPLATE, sizeof(dir));
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	const char *files[] = { "main.conf", "master.conf" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_BUF struct buf path = { 0 };
		buf_addf(&path, "%s/%s", dir, files[i]);
		(void)unlink(buf_str(&path)); /* may not be there */
	}
	ck_assert_int_eq(rmdir(dir), 0);
}

/* ---- the rows ---- */

START_TEST(every_default_is_accepted)
{
	CLEAN_BUF struct buf errors = { 0 };

	put("main.conf", "", 0);
	ck_assert_msg(param_load(dir, NULL, &errors), "%s", buf_str(&errors));
	ck_assert_str_eq(params.mail_name, "Posthouse");
	ck_assert_str_eq(params.config_directory, dir);
	ck_assert_ptr_nonnull(strchr(params.myhostname, '.'));
	ck_assert_ptr_nonnull(strstr(params.mydestination, params.myhostname));
}
END_TEST

START_TEST(no_default_is_out_of_range)
{
	PARAM_EACH(row) {
		CLEAN_BUF struct buf why = { 0 };
		int64_t number;
		if (row->min[0] == '\0')
			continue;
		ck_assert_msg(param_check(row, row->def, &number, &why) &&
			param_check(row, row->min, &number, &why) &&
			param_check(row, row->max, &number, &why),
		    "%s: %s", row->name, buf_str(&why));
	}
}
END_TEST

START_TEST(names_are_sorted_within_a_section)
{
	const char *before = "";

	PARAM_EACH(row) {
		if (param_heading(row) != NULL)
			before = "";
		ck_assert_msg(strcmp(before, row->name) < 0,
		    "%s stands behind %s", row->name, before);
		before = row->name;
	}
}
END_TEST

START_TEST(every_text_is_sentences)
{
	PARAM_EACH(row)
		ck_assert_msg(row->text[0] >= 'A' && row->text[0] <= 'Z' &&
			str_ends(row->text, "."),
		    "%s: %s", row->name, row->text);
}
END_TEST

START_TEST(every_suffix_has_a_row)
{
	for (size_t i = 0; param_suffixes[i] != NULL; i++)
		ck_assert_ptr_nonnull(param_find_suffix(param_suffixes[i]));
}
END_TEST

/* ---- expansion ---- */

static const struct {
	const char *raw;
	const char *want; /* NULL: refused */
} expansions[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "$mail_name", "Posthouse" },
	{ "a$mail_name/b", "aPosthouse/b" },
	{ "${mail_name}x", "Posthousex" },
	{ "$(mail_name)x", "Posthousex" },
	{ "$$mail_name", "$mail_name" },
	{ "${mail_name?yes}", "yes" },
	{ "${relayhost?yes}", "" },
	{ "${relayhost:no}", "no" },
	{ "${mail_name:no}", "" },
	{ "${mail_name?{ a b }:{c}}", "a b" },
	{ "${relayhost?{a}:{c}}", "c" },
	{ "${relayhost?{a}:c}", "c" },
	{ "${relayhost:{c}}", "c" },
	{ "${mail_name?<$mail_name>}", "<Posthouse>" },
	{ "${relayhost?$nonesuch}", "" },
	{ "${mail_name?{${relayhost:{x}}}:{y}}", "x" },
	{ "${{$mail_name} == {Posthouse} ? {a} : {b}}", "a" },
	{ "${{$mail_name} != {Posthouse} ? {a} : {b}}", "b" },
	{ "${{10} > {9} ? {a} : {b}}", "a" },
	{ "${{x10} >= {x9} ? {a}}", "" },
	{ "${{1} <= {1} : {b}}", "" },
	{ "$_2bounce_notice_recipient", NULL },
	{ "$2bounce_notice_recipient", "postmaster" },
	{ "$nonesuch", NULL },
	{ "$", NULL },
	{ "a$ b", NULL },
	{ "${", NULL },
	{ "${mail_name", NULL },
	{ "$(mail_name}", NULL },
	{ "${}", NULL },
	{ "${mail_name!x}", NULL },
	{ "${mail_name?{a}b}", NULL },
	{ "${mail_name?{a", NULL },
	{ "${{a} == {b}}", NULL },
	{ "${{a} ~ {b} ? {c}}", NULL },
	{ "${{a} == b ? {c}}", NULL },
	{ "${?a}", NULL },
};

static bool
expand(const char *raw, struct buf *out)
{
	struct arena a = { 0 };
	struct param_view v = { .arena = &a, .conf_dir = dir };

	bool ok = param_view_expand(&v, raw, out);
	ck_assert(ok || v.trouble.len > 0);
	param_view_close(&v);
	arena_free(&a);
	return ok;
}

START_TEST(names_expand)
{
	CLEAN_BUF struct buf out = { 0 };
	bool ok = expand(expansions[_i].raw, &out);

	ck_assert_int_eq(ok, expansions[_i].want != NULL);
	if (ok)
		ck_assert_str_eq(buf_str(&out), expansions[_i].want);
}
END_TEST

START_TEST(every_prefix_expands_or_is_refused)
{
	const char *raw = expansions[_i].raw;

	for (size_t n = 0; n <= strlen(raw); n++) {
		CLEAN_BUF struct buf out = { 0 };
		char *prefix = strndup(raw, n);
		(void)expand(prefix, &out);
		free(prefix);
	}
}
END_TEST

/* ---- main.conf ---- */

static const struct {
	const char *text;
	const char *host, *origin; /* of params after */
	int64_t limit;
} good[] = {
	{ "myhostname = a.example\n", "a.example", "a.example", 10240000 },
	{ "myhostname=a.example", "a.example", "a.example", 10240000 },
	{ "myhostname =\n a.example\n", "a.example", "a.example", 10240000 },
	{ "# c\n\nmyhostname = a\n# c\n  .example\r\n", "a  .example", NULL,
	    0 },
	{ "myhostname = a.example\nmyorigin = $mydomain\n", "a.example",
	    "example", 10240000 },
	{ "myhostname = a.example\nmydomain = b.example\nmyorigin=$mydomain",
	    "a.example", "b.example", 10240000 },
	{ "myhostname = a.x\nmyhostname = b.x\nmessage_size_limit = 50k\n",
	    "b.x", "b.x", 51200 },
	{ "myhostname = b.x\r\nmessage_size_limit = 0\r\n", "b.x", "b.x", 0 },
	{ "myhostname = b.x\n  # c\n\t\nmessage_size_limit =\n\t1m\n", "b.x",
	    "b.x", 1 << 20 },
};

START_TEST(a_good_file_is_read)
{
	CLEAN_BUF struct buf errors = { 0 };

	put("main.conf", good[_i].text, strlen(good[_i].text));
	bool ok = param_load(dir, NULL, &errors);
	if (good[_i].origin == NULL) {
		ck_assert(!ok);
		return;
	}
	ck_assert_msg(ok, "%s", buf_str(&errors));
	ck_assert_str_eq(params.myhostname, good[_i].host);
	ck_assert_str_eq(params.myorigin, good[_i].origin);
	ck_assert_int_eq(params.message_size_limit, good[_i].limit);
}
END_TEST

static const struct {
	const char *text;
	const char *errors[3]; /* what lines begin with */
} bad[] = {
	{ "myhostnam = a.example\n",
	    { "main.conf:1: myhostnam: there is no such parameter: did you "
	      "mean myhostname?" } },
	{ "\n\nxyzzy_plugh = 1\n",
	    { "main.conf:3: xyzzy_plugh: there is no such parameter: rem" } },
	{ "myhostname a.example\n",
	    { "main.conf:1: myhostname a.example: "
	      "there is no =" } },
	{ "= x\n", { "main.conf:1: \"\" cannot be a name" } },
	{ "a b = x\n", { "main.conf:1: \"a b\" cannot be a name" } },
	{ " myhostname = x\n", { "main.conf:1: white space in front" } },
	{ "[smtp]\n", { "main.conf:1: [...]: sections" } },
	{ "disable_vrfy_command = true\nhopcount_limit = 0\n"
	  "smtpd_timeout = 5x\n",
	    { "main.conf:1: disable_vrfy_command: \"true\" is neither",
		"main.conf:2: hopcount_limit: 0 is out of range: 1 to 1000",
		"main.conf:3: smtpd_timeout: \"5x\" is not a time" } },
	{ "message_size_limit = 10z\n",
	    { "main.conf:1: message_size_limit: \"10z\" is not a size" } },
	{ "message_size_limit = 99999999999999999999\n",
	    { "main.conf:1: message_size_limit: \"9999" } },
	{ "smtpd_timeout = 8d\nsmtpd_timeout = 1h\n",
	    { "main.conf:1: smtpd_timeout: 8d is out of range" } },
	{ "smtpd_forbid_bare_newline = maybe\n",
	    { "main.conf:1: smtpd_forbid_bare_newline: \"maybe\" is not "
	      "possible: one of" } },
	{ "notify_classes = bounce, trouble\n",
	    { "main.conf:1: notify_classes: \"trouble\" is not possible" } },
	{ "queue_directory = spool\n",
	    { "main.conf:1: queue_directory: \"spool\" is not an absolute" } },
	{ "queue_directory =\n",
	    { "main.conf:1: queue_directory: \"\" is not an absolute" } },
	{ "config_directory = /tmp\n",
	    { "main.conf:1: config_directory: cannot be set" } },
	{ "smtpd_banner = $myhostnam\n",
	    { "main.conf:1: smtpd_banner: $myhostnam: there is no such "
	      "parameter (did you mean myhostname?)" } },
	{ "mydomain = $myhostname\nmyhostname = $mydomain\n",
	    { "main.conf:1: mydomain: $my", "main.conf:2: myhostname: $my" } },
	{ "transport_maps = /etc/transport\n",
	    { "main.conf:1: transport_maps: \"/etc/transport\" is not a "
	      "table" } },
	{ "myhostname = a..b\n", { "main.conf:1: myhostname: \"a..b\" is" } },
	{ "smtp_bind_address = ::1\n",
	    { "main.conf:1: smtp_bind_address: \"::1\" is not an IPv4" } },
	{ "smtp_destination_concurrency_limit = many\n",
	    { "main.conf:1: smtp_destination_concurrency_limit: \"many\" is "
	      "not a number" } },
	{ "destination_concurrency_limit = 1\n",
	    { "main.conf:1: destination_concurrency_limit: there is no" } },
	{ "a\\0b = 1\n", { "main.conf:1: \"a\\0b\" cannot be a name" } },
};

START_TEST(a_bad_file_is_refused_with_all_errors)
{
	CLEAN_BUF struct buf errors = { 0 };

	put("main.conf", bad[_i].text, strlen(bad[_i].text));
	ck_assert(!param_load(dir, NULL, &errors));
	struct slice rest = { buf_str(&errors), errors.len };
	struct slice line;
	for (size_t i = 0; slice_next_part(&rest, '\n', &line); i++) {
		ck_assert_uint_lt(i, 3);
		ck_assert_ptr_nonnull(bad[_i].errors[i]);
		ck_assert_msg(str_starts(line.at, bad[_i].errors[i]), "%s",
		    line.at);
	}
	ck_assert_uint_gt(errors.len, 0);
}
END_TEST

START_TEST(every_prefix_of_a_file_is_taken_or_refused)
{
	static const char text[] =
	    "# first\nmyhostname = ${mail_name?{a}:{b}}.example\r\n"
	    "smtp_destination_rate_delay =\n\t500ms\nmail_name = \0x\n"
	    "mydestination = $myhostname,\n   localhost\n";

	for (size_t n = 0; n <= sizeof(text); n++) {
		CLEAN_BUF struct buf errors = { 0 };
		put("main.conf", text, n);
		ck_assert_int_eq(param_load(dir, NULL, &errors),
		    errors.len == 0);
	}
}
END_TEST

START_TEST(values_cannot_grow_without_end)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf errors = { 0 };
	const char *names[] = { "mail_name", "myorigin", "relayhost",
		"smtpd_banner", "luser_relay", "home_mailbox", "default_privs",
		"bounce_notice_recipient", "delay_notice_recipient",
		"local_transport", "smtp_helo_name", "dns_servers" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_addf(&text, "%s = ", names[i]);
		for (size_t j = 0; j < 50 && i + 1 < ARRAY_LEN(names); j++)
			buf_addf(&text, "$%s", names[i + 1]);
		buf_adds(&text, "\n");
	}
	put("main.conf", buf_str(&text), text.len);
	ck_assert(!param_load(dir, NULL, &errors));
	ck_assert_ptr_nonnull(strstr(buf_str(&errors), "mail_name: $"));
}
END_TEST

START_TEST(a_missing_file_is_said)
{
	CLEAN_BUF struct buf errors = { 0 };

	ck_assert(!param_load("/nonexistent", NULL, &errors));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&errors), "/nonexistent/main.conf: No such file"));
}
END_TEST

START_TEST(transports_have_numbers_of_their_own)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char text[] = "smtp_destination_rate_delay = 500ms\n"
			    "default_destination_concurrency_limit = 7\n"
			    "slow_initial_destination_concurrency = 1\n";

	put("main.conf", text, sizeof(text) - 1);
	ck_assert_msg(param_load(dir, NULL, &errors), "%s", buf_str(&errors));
	ck_assert_int_eq(param_for_transport("smtp", "destination_rate_delay"),
	    500);
	ck_assert_int_eq(param_for_transport("relay", "destination_rate_delay"),
	    0);
	ck_assert_int_eq(param_for_transport("x",
			     "destination_concurrency_limit"),
	    7);
	ck_assert_int_eq(param_for_transport("slow",
			     "initial_destination_concurrency"),
	    1);
	ck_assert_int_eq(param_for_transport("smtp",
			     "initial_destination_concurrency"),
	    5);
}
END_TEST

START_TEST(a_list_has_words)
{
	ck_assert(param_has_word("fcntl, dotlock", "dotlock"));
	ck_assert(param_has_word("a b\tc", "C"));
	ck_assert(!param_has_word("fcntl, dotlock", "dot"));
	ck_assert(!param_has_word("", "x"));
}
END_TEST

/* ---- master.conf ---- */

static const char usual[] =
    "# services\n"
    "[smtp]\nprogram = smtpd\nlisten = inet:25, inet:[::1]:2525\n"
    "smtpd_timeout = 7s\nmyhostname = $mail_name.example\n"
    "[submit]\nprogram=smtpd\nlisten = unix:submit\nprocesses = 1\n"
    "[cleanup]\n[qmgr]\nlisten = unix:queue\n"
    "[smtp-out]\nprogram = smtp\nlisten = unix:smtp unix:relay\n"
    "[local]\nlisten = unix:local\nenabled = no\n";

START_TEST(services_are_read)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct services s;

	put("main.conf", "", 0);
	put("master.conf", usual, sizeof(usual) - 1);
	ck_assert_msg(services_load(dir, &s, &errors), "%s", buf_str(&errors));
	ck_assert_uint_eq(s.n, 6);
	ck_assert_str_eq(s.at[0].name, "smtp");
	ck_assert_str_eq(s.at[0].program, "smtpd");
	ck_assert_str_eq(s.at[0].listen, "inet:25, inet:[::1]:2525");
	ck_assert_str_eq(s.at[0].overrides,
	    "smtpd_timeout=7s\nmyhostname=$mail_name.example\n");
	ck_assert_int_eq(s.at[0].processes, 0);
	ck_assert_int_eq(s.at[1].processes, 1);
	ck_assert_int_eq(s.at[2].processes, 1);
	ck_assert_str_eq(s.at[2].program, "cleanup");
	ck_assert(s.at[4].enabled);
	ck_assert(!s.at[5].enabled);
	services_free(&s);
}
END_TEST

START_TEST(a_service_has_parameters_of_its_own)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char main_conf[] = "mail_name = M\nsmtpd_timeout = 9s\n";

	put("main.conf", main_conf, sizeof(main_conf) - 1);
	put("master.conf", usual, sizeof(usual) - 1);
	ck_assert_msg(param_load(dir, "smtp", &errors), "%s", buf_str(&errors));
	ck_assert_int_eq(params.smtpd_timeout, 7000);
	ck_assert_str_eq(params.myhostname, "M.example");
	ck_assert_str_eq(params.smtpd_banner, "M.example ESMTP M");
	ck_assert(param_load(dir, "submit", &errors));
	ck_assert_int_eq(params.smtpd_timeout, 9000);
	ck_assert(!param_load(dir, "nonesuch", &errors));
	ck_assert_str_eq(buf_str(&errors),
	    "master.conf: [nonesuch]: there is no such section\n");
}
END_TEST

static const struct {
	const char *text;
	const char *error; /* what the first line begins with */
} bad_services[] = {
	{ "", "master.conf: there is no section" },
	{ "a = b\n", "master.conf:1: a setting before the first section" },
	{ "[smtp\n", "master.conf:1: a section's line" },
	{ "[]\n", "master.conf:1: a section's name" },
	{ "[a b]\n", "master.conf:1: a section's name" },
	{ "[\n", "master.conf:1: a section's line" },
	{ "[smpt]\n",
	    "master.conf:1: [smpt]: there is no program smpt: set "
	    "program to one of auth" },
	{ "[smtpd]\n", "master.conf:1: [smtpd]: listen is missing" },
	{ "[cleanup]\nlisten = unix:x\n",
	    "master.conf:1: [cleanup]: cleanup listens on nothing" },
	{ "[smtp]\nlisten = inet:25\n",
	    "master.conf:1: [smtp]: smtp can only listen on unix:" },
	{ "[smtpd]\nlisten = inet:smtp\n",
	    "master.conf:2: listen: inet:smtp: write inet:PORT" },
	{ "[smtpd]\nlisten = inet:0\n",
	    "master.conf:2: listen: inet:0: write inet:PORT" },
	{ "[smtpd]\nlisten = inet:host:25\n",
	    "master.conf:2: listen: inet:host:25: not a numeric" },
	{ "[smtpd]\nlisten = 25\n", "master.conf:2: listen: 25: write inet:" },
	{ "[smtpd]\nlisten = unix:a/b\n",
	    "master.conf:2: listen: unix:a/b: a name is" },
	{ "[cleanup]\nprocesses = 2\n",
	    "master.conf:1: [cleanup]: cleanup runs as one process" },
	{ "[smtp]\nlisten = unix:smtp\nprocesses = 0\n",
	    "master.conf:3: processes: \"0\" is neither auto" },
	{ "[cleanup]\nenabled = 1\n",
	    "master.conf:2: enabled: \"1\" is neither yes nor no" },
	{ "[cleanup]\nchroot = empty\n",
	    "master.conf:2: chroot: \"empty\" is not an absolute" },
	{ "[cleanup]\n[cleanup]\n",
	    "master.conf:2: [cleanup]: the section stands here twice" },
	{ "[cleanup]\n[clean]\nprogram = cleanup\n",
	    "master.conf:2: [clean]: cleanup runs already as [cleanup]" },
	{ "[a]\nprogram=smtpd\nlisten=inet:25\n[b]\nprogram=smtpd\n"
	  "listen=inet:26 inet:25\n",
	    "master.conf:4: [b]: listens where [a] does" },
	{ "[cleanup]\nhopcount_limit = x\n",
	    "master.conf:2: hopcount_limit: \"x\" is not a number" },
	{ "[cleanup]\nhopcuont_limit = 3\n",
	    "master.conf:2: hopcuont_limit: there is no such parameter: did "
	    "you mean hopcount_limit?" },
};

START_TEST(a_bad_service_is_refused)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct services s;

	put("main.conf", "", 0);
	put("master.conf", bad_services[_i].text,
	    strlen(bad_services[_i].text));
	ck_assert(!services_load(dir, &s, &errors));
	ck_assert_msg(str_starts(buf_str(&errors), bad_services[_i].error),
	    "%s", buf_str(&errors));
	services_free(&s);
}
END_TEST

START_TEST(every_prefix_of_services_is_taken_or_refused)
{
	put("main.conf", "", 0);
	for (size_t n = 0; n <= sizeof(usual); n++) {
		CLEAN_BUF struct buf errors = { 0 };
		struct services s;
		put("master.conf", usual, n);
		ck_assert_int_eq(services_load(dir, &s, &errors),
		    errors.len == 0);
		services_free(&s);
	}
}
END_TEST

START_TEST(every_file_that_is_named_must_open)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char main_conf[] =
	    "mydestination = a.example /nonexistent/names\n"
	    "mynetworks = 10.0.0.1/8\nalias_maps = inline:{a=b}\n"
	    "virtual_alias_maps = lmdb:/nonexistent/t\n";
	const char master_conf[] = "[cleanup]\n"
				   "virtual_alias_maps = texthash:/none\n";

	put("main.conf", main_conf, sizeof(main_conf) - 1);
	put("master.conf", master_conf, sizeof(master_conf) - 1);
	ck_assert(!param_check_files(dir, &errors));
	ck_assert_str_eq(buf_str(&errors),
	    "main.conf:1: mydestination: /nonexistent/names: No such file or "
	    "directory\n"
	    "main.conf:2: mynetworks: 10.0.0.1/8: the address has bits behind "
	    "those of the network: set them to 0, or lengthen the network\n"
	    "main.conf:4: virtual_alias_maps: lmdb:/nonexistent/t: "
	    "/nonexistent/t.lmdb: No such file or directory: build it with "
	    "mtable or newaliases\n"
	    "master.conf:2: virtual_alias_maps: texthash:/none: /none: No "
	    "such file or directory\n");
}
END_TEST

START_TEST(listen_is_a_socket)
{
	struct listen_item item;
	const char *why;

	ck_assert(listen_parse(SLICE("inet:25"), &item, &why));
	ck_assert_uint_eq(item.port, 25);
	ck_assert_str_eq(item.addr, "");
	ck_assert(listen_parse(SLICE("inet:127.0.0.1:26"), &item, &why));
	ck_assert_str_eq(item.addr, "127.0.0.1");
	ck_assert(listen_parse(SLICE("inet:[::1]:27"), &item, &why));
	ck_assert_str_eq(item.addr, "::1");
	ck_assert_uint_eq(item.port, 27);
	ck_assert(listen_parse(SLICE("unix:smtp"), &item, &why));
	ck_assert_str_eq(item.name, "smtp");
	ck_assert_str_eq(item.addr, "");
	ck_assert(!listen_parse(SLICE("inet:127.0.0.1"), &item, &why));
	ck_assert(!listen_parse(SLICE("inet::25x"), &item, &why));
	ck_assert(!listen_parse(SLICE(""), &item, &why));
	ck_assert(!listen_parse(SLICE("unix:"), &item, &why));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("param");
	TCase *rows = tcase_create("rows");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(rows, setup, teardown);
	tcase_add_test(rows, every_default_is_accepted);
	tcase_add_test(rows, no_default_is_out_of_range);
	tcase_add_test(rows, names_are_sorted_within_a_section);
	tcase_add_test(rows, every_text_is_sentences);
	tcase_add_test(rows, every_suffix_has_a_row);
	tcase_add_loop_test(rows, names_expand, 0, ARRAY_LEN(expansions));
	tcase_add_loop_test(rows, every_prefix_expands_or_is_refused, 0,
	    ARRAY_LEN(expansions));
	suite_add_tcase(s, rows);

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_loop_test(files, a_good_file_is_read, 0, ARRAY_LEN(good));
	tcase_add_loop_test(files, a_bad_file_is_refused_with_all_errors, 0,
	    ARRAY_LEN(bad));
	tcase_add_test(files, every_prefix_of_a_file_is_taken_or_refused);
	tcase_add_test(files, values_cannot_grow_without_end);
	tcase_add_test(files, a_missing_file_is_said);
	tcase_add_test(files, transports_have_numbers_of_their_own);
	tcase_add_test(files, a_list_has_words);
	tcase_add_test(files, services_are_read);
	tcase_add_test(files, a_service_has_parameters_of_its_own);
	tcase_add_loop_test(files, a_bad_service_is_refused, 0,
	    ARRAY_LEN(bad_services));
	tcase_add_test(files, every_prefix_of_services_is_taken_or_refused);
	tcase_add_test(files, every_file_that_is_named_must_open);
	tcase_add_test(files, listen_is_a_socket);
	suite_add_tcase(s, files);
	return s;
}

#include "check_main.h"
