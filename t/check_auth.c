/*
 * auth: lines of the password file, its users, and passwords that are checked.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <crypt.h>
#include <string.h>

#include "auth_users.h"
#include "auth_work.h"
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "loop.h"

#define VERIFIER                                                       \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                 \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAm" \
	"Q7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const struct {
	const char *line;
	enum match match;
	const char *why;
} lines[] = {
	{ "", MATCH_NO, "" },
	{ "  ", MATCH_NO, "" },
	{ "# a:b", MATCH_NO, "" },
	{ "user:$y$x$y", MATCH_YES, "" },
	{ "user:$y$x$y:", MATCH_YES, "" },
	{ "u@x.test:!:" VERIFIER, MATCH_YES, "" },
	{ "user:*", MATCH_YES, "" },
	{ "user", MATCH_BAD, "is not USER:HASH" },
	{ ":x", MATCH_BAD, "has no proper user name" },
	{ "a\tb:x", MATCH_BAD, "has no proper user name" },
	{ "user:", MATCH_BAD, "has no proper hash" },
	{ "user::x", MATCH_BAD, "has no proper hash" },
	{ "user:a b", MATCH_BAD, "has no proper hash" },
	{ "user:a;b", MATCH_BAD, "has no proper hash" },
	{ "user:x:SCRAM-SHA-1$x", MATCH_BAD, "is no SCRAM verifier" },
	{ "user:x:" VERIFIER ":", MATCH_BAD,
	    "has a SCRAM verifier with a bad salt or key" },
};

START_TEST(a_line_is_read_or_refused)
{
	struct pass_line l;
	const char *why = "";

	ck_assert_int_eq(passfile_line(slice_of(lines[_i].line), &l, &why),
	    lines[_i].match);
	if (lines[_i].match == MATCH_BAD)
		ck_assert_str_eq(why, lines[_i].why);
}
END_TEST

/* A cut line never has another user, nor a verifier that is half. */
START_TEST(every_prefix_of_a_line)
{
	static const char line[] = "user:$y$x$y:" VERIFIER;
	struct pass_line l;
	const char *why;

	for (size_t n = 1; n < sizeof(line) - 1; n++) {
		if (passfile_line((struct slice){ line, n }, &l, &why) !=
		    MATCH_YES)
			continue;
		ck_assert(slice_eq(l.user, "user"));
		ck_assert_uint_eq(l.verifier.len, 0);
	}
}
END_TEST

static int warnings;

static void
count_warnings(enum log_level level, const char *line)
{
	(void)line;
	warnings += level == LOG_LEVEL_WARN;
}

START_TEST(a_bad_line_is_left_out_alone)
{
	struct auth_users u = { 0 };
	struct scram_verifier v, again;

	log_sink(count_warnings);
	auth_users_read(&u,
	    slice_of("# users\na:!\r\nbad\nb:$y$hash:" VERIFIER "\nb:x\n"),
	    "passwd");
	ck_assert_int_eq(warnings, 2);
	ck_assert_uint_eq(u.by_name.len, 2);
	ck_assert_uint_eq(u.verifiers, 1);
	ck_assert_str_eq(auth_users_find(&u, "b")->hash, "$y$hash");
	ck_assert_str_eq(auth_users_nobody(&u), "$y$hash");
	ck_assert_ptr_null(auth_users_find(&u, "c"));
	ck_assert(auth_users_verifier(&u, "b", &v));
	ck_assert_uint_eq(v.count, 4096);

	/* Nobody has a salt too, always the same. */
	auth_users_secret();
	ck_assert(!auth_users_verifier(&u, "c", &v));
	ck_assert(!auth_users_verifier(&u, "c", &again));
	ck_assert_mem_eq(&v, &again, sizeof(v));
	ck_assert(!auth_users_verifier(&u, "d", &again));
	ck_assert_mem_ne(&v, &again, sizeof(v));
	ck_assert_uint_eq(v.count, SCRAM_COUNT);

	auth_users_read(&u, slice_of(""), "passwd");
	ck_assert_uint_eq(u.by_name.len, 0);
	ck_assert_str_ne(auth_users_nobody(&u), "$y$hash");
	auth_users_free(&u);
}
END_TEST

static int answers[3]; /* by what was expected: 0 wrong, 1 right, 2 all */

static void
on_checked(void *owner, bool right)
{
	answers[right]++;
	answers[2]++;
	ck_assert_ptr_nonnull(owner);
}

static void
wait_for(int n)
{
	for (int i = 0; answers[2] < n && i < 1000; i++)
		loop_once(20);
	ck_assert_int_eq(answers[2], n);
}

START_TEST(passwords_are_checked_in_threads)
{
	struct crypt_data room = { 0 };
	struct auth_work *work[20];
	struct auth_check right = { .password = "secret", .client = "c" };
	int owner;

	right.hash = crypt_rn("secret", "$5$rounds=1000$salt$", &room,
	    (int)sizeof(room));
	ck_assert_ptr_nonnull(right.hash);
	loop_start();
	auth_work_start(on_checked);
	struct auth_check wrong = right, never = right, empty = right;
	wrong.password = "Secret";
	never.never = true;
	empty.hash = "";
	ck_assert(!auth_work_knows("secret", right.hash, loop_now()));
	ck_assert_ptr_nonnull(auth_work_add(&right, &owner));
	ck_assert_ptr_nonnull(auth_work_add(&wrong, &owner));
	ck_assert_ptr_nonnull(auth_work_add(&never, &owner));
	ck_assert_ptr_nonnull(auth_work_add(&empty, &owner));
	wait_for(4);
	ck_assert_int_eq(answers[true], 1);
	ck_assert_uint_eq(auth_work_waiting(), 0);

	/* Known for a while. */
	ck_assert(auth_work_knows("secret", right.hash, loop_now()));
	ck_assert(!auth_work_knows("Secret", right.hash, loop_now()));
	ck_assert(!auth_work_knows("secret", "$5$other", loop_now()));
	ck_assert(!auth_work_knows("secret", right.hash, loop_now() + 600001));

	/* One client has its share, and what is dropped is not told. */
	int n = 0;
	while (n < 20 && (work[n] = auth_work_add(&right, &owner)) != NULL)
		n++;
	ck_assert_int_eq(n, 8);
	for (int i = 0; i < n; i++)
		auth_work_drop(&work[i]);
	for (int i = 0; auth_work_waiting() > 0 && i < 1000; i++)
		loop_once(20);
	ck_assert_uint_eq(auth_work_waiting(), 0);
	ck_assert_int_eq(answers[2], 4);
}
END_TEST

#define STRANGERS 40

static int order[STRANGERS + 1];
static size_t n_order;

static void
on_one_checked(void *owner, bool right)
{
	(void)right;
	order[n_order++] = *(int *)owner;
}

static void
add_try(const char *password, const char *hash, const char *client, int *owner)
{
	struct auth_check c = {
		.password = password,
		.hash = hash,
		.client = client,
	};

	ck_assert_ptr_nonnull(auth_work_add(&c, owner));
}

static void
add_for(const char *hash, const char *client, int *owner)
{
	add_try("secret", hash, client, owner);
}

static void
wait_for_order(size_t n)
{
	for (int i = 0; n_order < n && i < 1000; i++)
		loop_once(20);
	ck_assert_uint_eq(n_order, n);
}

/* Whose password was right before does not wait behind all the others. */
START_TEST(who_is_known_goes_first)
{
	struct crypt_data room = { 0 };
	int owners[STRANGERS + 1];
	char client[16];

	const char *hash = crypt_rn("secret", "$5$rounds=20000$salt$", &room,
	    (int)sizeof(room));
	loop_start();
	auth_work_start(on_one_checked);
	owners[0] = 0;
	add_for(hash, "friend", &owners[0]);
	for (int i = 0; n_order < 1 && i < 1000; i++)
		loop_once(20);
	n_order = 0;
	for (int i = 1; i <= STRANGERS; i++) {
		owners[i] = i;
		(void)snprintf(client, sizeof(client), "client%d", i);
		add_for(hash, client, &owners[i]);
	}
	add_for(hash, "friend", &owners[0]);
	for (int i = 0; n_order <= STRANGERS && i < 1000; i++)
		loop_once(20);
	ck_assert_uint_eq(n_order, STRANGERS + 1);
	size_t at = 0;
	while (order[at] != 0)
		at++;
	ck_assert_uint_lt(at, STRANGERS / 2);
}
END_TEST

/* A stranger's wrong password makes the next stranger wait, and nobody else. */
START_TEST(wrong_passwords_do_not_take_the_machine)
{
	struct crypt_data room = { 0 };
	int friend = 0, wrong = 1, stranger = 2;

	const char *hash = crypt_rn("secret", "$5$rounds=200000$salt$", &room,
	    (int)sizeof(room));
	loop_start();
	auth_work_start(on_one_checked);
	add_for(hash, "friend", &friend);
	wait_for_order(1);
	add_try("Secret", hash, "client1", &wrong);
	wait_for_order(2);
	int64_t began = clock_mono();
	add_for(hash, "client2", &stranger);
	add_for(hash, "friend", &friend);
	wait_for_order(4);
	ck_assert_int_eq(order[2], friend);
	ck_assert_int_eq(order[3], stranger);
	ck_assert_int_ge(clock_mono() - began, 300);
}
END_TEST

/* What a password of nobody is checked with must take its time. */
START_TEST(nobodys_hash_is_one_that_crypt_takes)
{
	struct auth_users u = { 0 };
	struct crypt_data room = { 0 };
	const char *made = crypt_rn("secret", auth_users_nobody(&u), &room,
	    (int)sizeof(room));

	ck_assert_ptr_nonnull(made);
	ck_assert(strncmp(made, "$y$j9T$", 7) == 0);
	ck_assert_str_ne(made, auth_users_nobody(&u));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("auth");
	TCase *t = tcase_create("auth");

	tcase_add_loop_test(t, a_line_is_read_or_refused, 0,
	    (int)ARRAY_LEN(lines));
	tcase_add_test(t, every_prefix_of_a_line);
	tcase_add_test(t, a_bad_line_is_left_out_alone);
	tcase_add_test(t, passwords_are_checked_in_threads);
	tcase_add_test(t, who_is_known_goes_first);
	tcase_add_test(t, wrong_passwords_do_not_take_the_machine);
	tcase_add_test(t, nobodys_hash_is_one_that_crypt_takes);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
