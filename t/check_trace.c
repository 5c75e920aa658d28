/*
 * trace: what the log shows of a session, and what it must not.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "log.h"
#include "param.h"
#include "peerlist.h"
#include "trace.h"

static struct buf lines;

static void
sink(enum log_level level, const char *line)
{
	(void)level;
	buf_addf(&lines, "%s\n", line);
}

static struct trace *
begin(enum trace_side side, int64_t level)
{
	params.debug_peer_list = "192.0.2.0/24";
	params.debug_peer_level = level;
	params.parent_domain_matches_subdomains = "";
	trace_open();
	log_sink(sink);
	return trace_start(side, "c.test", "192.0.2.1", "c.test[192.0.2.1]");
}

/* Ours are the lines that begin with ">". */
static const struct {
	const char *name;
	enum trace_side side;
	int64_t level;
	const char *talk, *shown;
} sessions[] = {
	{ "commands and replies", TRACE_SERVER, 2,
	    ">220 a.test\n<EHLO c\n>250-a.test\n>250 SIZE\n",
	    "> C: 220 a.test\n< C: EHLO c\n> C: 250-a.test\n> C: 250 SIZE\n" },
	{ "level 1", TRACE_SERVER, 1, "<EHLO c\n>250-a.test\n>250 SIZE\n",
	    "< C: EHLO c\n> C: 250 SIZE\n" },
	{ "an initial response", TRACE_SERVER, 2,
	    "<AUTH PLAIN AGEAYg==\n>235 2.7.0 ok\n<RSET\n",
	    "< C: AUTH PLAIN [not shown]\n> C: 235 2.7.0 ok\n< C: RSET\n" },
	{ "AUTH LOGIN", TRACE_SERVER, 2,
	    "<auth login\n>334 VXNlcm5hbWU6\n<YQ==\n>334 UGFzc3dvcmQ6\n<Yg==\n"
	    ">535 5.7.8 no\n<QUIT\n",
	    "< C: auth login\n> C: 334 [not shown]\n< C: [not shown]\n"
	    "> C: 334 [not shown]\n< C: [not shown]\n> C: 535 5.7.8 no\n"
	    "< C: QUIT\n" },
	{ "a tab, and cancelled", TRACE_SERVER, 2,
	    "<AUTH\tPLAIN x\n>334 \n<*\n>501 5.7.0 cancelled\n",
	    "< C: AUTH?PLAIN [not shown]\n> C: 334 [not shown]\n< C: *\n"
	    "> C: 501 5.7.0 cancelled\n" },
	{ "the other side", TRACE_CLIENT, 2,
	    "<220 h\n>AUTH PLAIN AGEAYg==\n<334 x\n>YQ==\n<235 ok\n>MAIL\n",
	    "< C: 220 h\n> C: AUTH PLAIN [not shown]\n< C: 334 [not shown]\n"
	    "> C: [not shown]\n< C: 235 ok\n> C: MAIL\n" },
	{ "AUTHOR is no AUTH", TRACE_SERVER, 2, "<AUTHOR x\n",
	    "< C: AUTHOR x\n" },
	{ "control characters", TRACE_SERVER, 2, "<a\033b\n", "< C: a?b\n" },
};

static void
play(struct trace *t, const char *talk)
{
	struct slice rest = slice_of(talk), line;

	while (slice_next_part(&rest, '\n', &line)) {
		struct slice text = { line.at + 1, line.len - 1 };

		if (line.at[0] == '>')
			trace_said(t, text);
		else
			trace_heard(t, text);
	}
}

START_TEST(sessions_are_shown)
{
	struct trace *t = begin(sessions[_i].side, sessions[_i].level);
	CLEAN_BUF struct buf want = { 0 };

	ck_assert_ptr_nonnull(t);
	play(t, sessions[_i].talk);
	for (const char *c = sessions[_i].shown; *c != '\0'; c++)
		if (str_starts(c, "C:"))
			buf_adds(&want, "c.test[192.0.2.1]");
		else
			buf_addc(&want, *c);
	ck_assert_str_eq(buf_str(&lines), buf_str(&want));
	trace_stop(&t);
	ck_assert_ptr_null(t);
}
END_TEST

START_TEST(content_is_a_size)
{
	struct trace *t = begin(TRACE_SERVER, 2);

	trace_content(t, 1234);
	ck_assert_str_eq(buf_str(&lines),
	    "< c.test[192.0.2.1]: [content of 1234 bytes]\n");
	trace_stop(&t);
}
END_TEST

START_TEST(a_trace_is_bounded)
{
	struct trace *t = begin(TRACE_SERVER, 2);
	size_t n = 0;
	char longest[5000];

	memset(longest, 'x', sizeof(longest));
	for (int i = 0; i < 3 * TRACE_LINES; i++)
		trace_heard(t, (struct slice){ longest, sizeof(longest) });
	for (const char *c = buf_str(&lines); *c != '\0'; c++)
		n += *c == '\n';
	ck_assert_uint_eq(n, TRACE_LINES + 1);
	ck_assert_uint_lt(lines.len, (size_t)TRACE_LINES * 600);
	trace_stop(&t);
}
END_TEST

START_TEST(others_are_not_traced)
{
	struct trace *t = begin(TRACE_SERVER, 2);

	trace_stop(&t);
	t = trace_start(TRACE_SERVER, "d.test", "198.51.100.1", "d");
	ck_assert_ptr_null(t);
	trace_said(t, slice_of("x"));
	trace_heard(t, slice_of("x"));
	trace_content(t, 1);
	ck_assert_str_eq(buf_str(&lines), "");
}
END_TEST

static const struct {
	const char *list, *name, *addr;
	bool parents;
	enum found want;
} peers[] = {
	{ "a.test", "a.test", "192.0.2.1", false, FOUND_ONE },
	{ "a.test", "b.a.test", "192.0.2.1", false, FOUND_NONE },
	{ "a.test", "b.a.test", "192.0.2.1", true, FOUND_ONE },
	{ ".a.test", "b.a.test", "192.0.2.1", false, FOUND_ONE },
	{ "192.0.2.1", "unknown", "192.0.2.1", false, FOUND_ONE },
	{ "192.0.2.0/28, 2001:db8::/32", "unknown", "2001:db8::5", false,
	    FOUND_ONE },
	{ "!192.0.2.1, 192.0.2.0/24", "unknown", "192.0.2.1", false,
	    FOUND_NONE },
	{ "!192.0.2.1, 192.0.2.0/24", "unknown", "192.0.2.2", false,
	    FOUND_ONE },
	{ "inline:{a.test=x}", "a.test", "192.0.2.1", false, FOUND_ONE },
	{ "inline:{192.0.2.1=x}", "a.test", "192.0.2.1", false, FOUND_ONE },
	{ "fail:x", "a.test", "192.0.2.1", false, FOUND_FAILED },
	{ "", "a.test", "192.0.2.1", false, FOUND_NONE },
};

START_TEST(peers_are_found)
{
	const char *why = "";
	struct peerlist *p = peerlist_open(peers[_i].list, &why);

	ck_assert_msg(p != NULL, "%s", why);
	ck_assert_int_eq(peerlist_has(p, peers[_i].name, peers[_i].addr,
			     peers[_i].parents),
	    peers[_i].want);
	peerlist_close(&p);
}
END_TEST

START_TEST(a_wrong_list_is_refused)
{
	const char *why = "";

	ck_assert_ptr_null(peerlist_open("nosuch:table", &why));
	ck_assert_str_ne(why, "");
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("trace");
	TCase *c = tcase_create("trace");

	tcase_add_loop_test(c, sessions_are_shown, 0, ARRAY_LEN(sessions));
	tcase_add_test(c, content_is_a_size);
	tcase_add_test(c, a_trace_is_bounded);
	tcase_add_test(c, others_are_not_traced);
	tcase_add_loop_test(c, peers_are_found, 0, ARRAY_LEN(peers));
	tcase_add_test(c, a_wrong_list_is_refused);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
