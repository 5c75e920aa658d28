/*
 * spf: the test suite of RFC 7208, where it is at hand:
 * $POSTHOUSE_VECTORS/spf/rfc7208-tests.yml, read by t/spf_vectors.py.
 *
 * Every case must come out as the suite says, explanations too.  Where libspf2
 * is there, it is asked the same, and how often it agrees is printed: a second
 * opinion, which decides nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spf_second.h"
#include "spf_world.h"

#define CASES 203

/* What the converter prints; false where it or the suite is missing. */
static bool
convert(const char *script, const char *yaml, struct buf *out)
{
	int fds[2], status;

	if (access(yaml, R_OK) < 0)
		return false;
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO); /* it would print nothing */
		(void)close(fds[0]);
		(void)execlp("python3", "python3", script, yaml, (char *)NULL);
		_exit(EXIT_FAILURE);
	}
	(void)close(fds[1]);
	for (ssize_t n = 1; n > 0;) {
		char *at = buf_room(out, 65536);

		n = read(fds[0], at, 65536);
		if (n > 0)
			buf_grown(out, (size_t)n);
	}
	(void)close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool
read_suite(struct spf_world *w)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	const char *from = getenv("POSTHOUSE_VECTORS");
	const char *src = getenv("srcdir");

	src = src != NULL ? src : ".";
	if (from == NULL)
		from = arena_printf(&a, "%s/../shared/vectors", src);
	if (!convert(arena_printf(&a, "%s/t/spf_vectors.py", src),
		arena_printf(&a, "%s/spf/rfc7208-tests.yml", from), &text)) {
		printf("# skipped: no rfc7208-tests.yml, or no python3-yaml\n");
		return false;
	}
	spf_world_read(w, buf_str(&text));
	return true;
}

START_TEST(all_cases_come_out_right)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spf_world w = { 0 };
	size_t wrong = 0, agreed = 0;

	if (!read_suite(&w))
		return;
	ck_assert_uint_eq(w.n_cases, CASES);
	for (size_t i = 0; i < w.n_cases; i++) {
		struct spf e = { 0 };

		(void)spf_world_run(&w, &w.cases[i], &e);
		const char *why = spf_world_judge(&w.cases[i], &e.verdict, &a);
		if (why != NULL) {
			printf("# %s\n", why);
			wrong++;
		}
		agreed += spf_second_agrees(&w, &w.cases[i], &e.verdict);
		spf_free(&e);
	}
	printf("# %zu of %zu right\n", w.n_cases - wrong, w.n_cases);
	if (spf_second_is_there())
		printf("# libspf2 agrees in %zu\n", agreed);
	ck_assert_uint_eq(wrong, 0);
	spf_world_free(&w);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("spf_vectors");
	TCase *t = tcase_create("spf_vectors");

	tcase_add_test(t, all_cases_come_out_right);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
