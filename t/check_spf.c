/*
 * spf: the cases of t/data/spf.cases, and what hostile domains try.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "spf_macro.h"
#include "spf_world.h"

static void
read_cases(struct spf_world *w)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	const char *src = getenv("srcdir");
	FILE *f = fopen(arena_printf(&a, "%s/t/data/spf.cases",
			    src != NULL ? src : "."),
	    "r");

	ck_assert_ptr_nonnull(f);
	for (int c; (c = getc(f)) != EOF;)
		buf_addc(&text, (char)c);
	(void)fclose(f); /* it was only read */
	spf_world_read(w, buf_str(&text));
}

START_TEST(cases_come_out_right)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spf_world w = { 0 };
	size_t wrong = 0;

	read_cases(&w);
	ck_assert_uint_gt(w.n_cases, 130);
	for (size_t i = 0; i < w.n_cases; i++) {
		struct spf e = { 0 };

		(void)spf_world_run(&w, &w.cases[i], &e);
		const char *why = spf_world_judge(&w.cases[i], &e.verdict, &a);
		if (why != NULL) {
			printf("# %s\n", why);
			wrong++;
		}
		spf_free(&e);
	}
	ck_assert_uint_eq(wrong, 0);
	spf_world_free(&w);
}
END_TEST

START_TEST(every_prefix_is_read)
{
	static const char text[] = "v=spf1 +a:%{d2r-.}.x.example/24//64 mx "
				   "ip4:192.0.2.0/24 -ip6:2001:db8::/32 "
				   "?exists:%{ir}.%{v}._spf.%{d2} x=%%y "
				   "redirect=_spf.x.example";

	for (size_t n = 0; n < sizeof(text); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_STR char *copy = xcalloc(1, n + 1);
		struct spf_record record;
		const char *why = NULL;

		/* No NUL behind it: a reader that goes too far is seen. */
		memcpy(copy, text, n);
		if (!spf_record_parse(&a, (struct slice){ copy, n }, &record,
			&why))
			ck_assert_str_ne(why, "");
	}
}
END_TEST

START_TEST(every_byte_behind_a_percent_sign_is_judged)
{
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', '%', (char)c };
		bool good = c == '%' || c == '_' || c == '-';
		const char *why;

		ck_assert_int_eq(spf_macro_valid((struct slice){ text, 3 },
				     SPF_MACRO_STRING, &why),
		    good);
	}
}
END_TEST

/* ---- domains that hurt ---- */

/* Runs a question on a DNS that is a function; gives the number of
 * look-ups. */
static size_t
run(struct spf *e, const char *sender,
    void (*answer)(const struct spf_need *need, struct arena *a,
	struct dns_answer *out))
{
	struct spf_question q = {
		.client = "192.0.2.1",
		.helo = "h.example",
		.sender = sender,
		.receiver = "r.example",
	};
	size_t asked = 0;

	spf_start(e, &q, 1);
	while (!spf_run(e, 1))
		for (size_t i = 0; i < e->n_needs; i++, asked++) {
			CLEAN_ARENA struct arena a = { 0 };
			struct dns_answer said = { .text = "" };

			answer(&e->needs[i], &a, &said);
			spf_tell(e, &e->needs[i], &said);
		}
	return asked;
}

static void
say_text(struct arena *a, struct dns_answer *out, const char *text, size_t len)
{
	struct dns_record *r = arena_new(a, sizeof(*r));

	r->data = (struct slice){ text, len };
	out->records = r;
	out->n = 1;
}

/* Each domain includes ten others, each of which includes ten others ... */
static void
bomb(const struct spf_need *need, struct arena *a, struct dns_answer *out)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_adds(&text, "v=spf1");
	for (int i = 0; i < 10; i++)
		buf_addf(&text, " include:%d.%s", i,
		    strlen(need->name) < 100 ? need->name : "b.example");
	say_text(a, out, arena_strdup(a, buf_str(&text)), text.len);
}

START_TEST(an_include_bomb_is_an_error_after_ten)
{
	struct spf e = { 0 };

	ck_assert_uint_le(run(&e, "u@b.example", bomb), 11);
	ck_assert_int_eq(e.verdict.result, SPF_PERMERROR);
	spf_free(&e);
}
END_TEST

/* Ten times ten mail exchangers: as much as the limits allow. */
static void
exchangers(const struct spf_need *need, struct arena *a, struct dns_answer *out)
{
	struct dns_record *r = arena_new(a, 10 * sizeof(*r));

	if (need->type == DNS_TXT) {
		CLEAN_BUF struct buf text = { 0 };

		buf_adds(&text, "v=spf1");
		for (int i = 0; i < 40; i++)
			buf_addf(&text, " mx:%d.x.example", i);
		say_text(a, out, arena_strdup(a, buf_str(&text)), text.len);
		return;
	}
	if (need->type != DNS_MX) {
		out->status = DNS_NODATA;
		return;
	}
	for (int i = 0; i < 10; i++)
		r[i].name = arena_printf(a, "%d.%s", i, need->name);
	out->records = r;
	out->n = 10;
}

START_TEST(four_hundred_look_ups_are_not_made)
{
	struct spf e = { 0 };

	ck_assert_uint_le(run(&e, "u@x.example", exchangers), 111);
	ck_assert_int_eq(e.verdict.result, SPF_PERMERROR);
	spf_free(&e);
}
END_TEST

/* Records of 64 KB that include each other, full of what costs time. */
static void
heavy(const struct spf_need *need, struct arena *a, struct dns_answer *out)
{
	CLEAN_BUF struct buf text = { 0 };

	if (need->type != DNS_TXT) {
		out->status = DNS_NODATA;
		return;
	}
	buf_addf(&text, "v=spf1 include:x%s ", need->name);
	while (text.len < 40000)
		buf_adds(&text, "ip4:10.1.2.3 ");
	buf_adds(&text, "a:");
	while (text.len < 65000)
		buf_adds(&text, "%{l1r-}%{sr.+-/,_=}");
	buf_adds(&text, ".example");
	say_text(a, out, arena_strdup(a, buf_str(&text)), text.len);
}

START_TEST(records_of_64_kb_cost_little)
{
	struct spf e = { 0 };
	int64_t start = clock_mono();
	char sender[260];

	memset(sender, '-', sizeof(sender));
	(void)snprintf(sender + 240, 20, "@h.example"); /* it fits */
	(void)run(&e, sender, heavy);
	ck_assert_int_eq(e.verdict.result, SPF_PERMERROR);
	ck_assert_int_lt(clock_mono() - start, 3000);
	spf_free(&e);
}
END_TEST

START_TEST(twenty_seconds_are_enough)
{
	struct spf_question q = { "192.0.2.1", "h.example", "u@x.example", "r",
		0, false };
	struct spf e = { 0 };

	spf_start(&e, &q, 1000);
	ck_assert(!spf_run(&e, 1000 + SPF_PATIENCE - 1));
	ck_assert(spf_run(&e, 1000 + SPF_PATIENCE));
	ck_assert_int_eq(e.verdict.result, SPF_TEMPERROR);
	ck_assert_str_eq(e.verdict.domain, "");
	spf_free(&e);
}
END_TEST

START_TEST(steps_tell_each_term)
{
	struct spf_world w = { 0 };
	struct spf e = { 0 };
	const struct spf_case *found = NULL;

	read_cases(&w);
	for (size_t i = 0; i < w.n_cases && found == NULL; i++)
		if (str_eq(w.cases[i].id, "inc/192.0.2.1"))
			found = &w.cases[i];
	ck_assert_ptr_nonnull(found);
	(void)spf_world_run(&w, found, &e);
	ck_assert_str_eq(e.verdict.mechanism, "include:incp.mech.example");
	const struct spf_step *s = e.steps;
	ck_assert_str_eq(s->term, "include:incp.mech.example");
	ck_assert_str_eq(s->next->term, "+ip4:192.0.2.0/24");
	ck_assert_str_eq(s->next->said, "matches");
	ck_assert_uint_eq(s->next->depth, 1);
	ck_assert_str_eq(s->next->next->said, "matches");
	ck_assert_str_eq(s->next->next->found, "");
	ck_assert_ptr_null(s->next->next->next);
	spf_free(&e);
	spf_world_free(&w);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("spf");
	TCase *t = tcase_create("spf");

	tcase_add_test(t, cases_come_out_right);
	tcase_add_test(t, every_prefix_is_read);
	tcase_add_test(t, every_byte_behind_a_percent_sign_is_judged);
	tcase_add_test(t, an_include_bomb_is_an_error_after_ten);
	tcase_add_test(t, four_hundred_look_ups_are_not_made);
	tcase_add_test(t, records_of_64_kb_cost_little);
	tcase_add_test(t, twenty_seconds_are_enough);
	tcase_add_test(t, steps_tell_each_term);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
