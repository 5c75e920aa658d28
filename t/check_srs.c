/*
 * srs: addresses as postsrsd writes them (its answers of 2026-11-22 with the
 * secret "tortoise" are below), and the way back.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "srs.h"

/* 2026-11-22 01:21 UTC. */
#define NOW ((int64_t)1795310460 * SECOND)

static const struct srs ours = {
	.domain = "srs.example.com",
	.secrets = { .at = { "tortoise" }, .n = 1 },
	.max_age = 21,
};

static const struct {
	const char *sender, *want; /* NULL: cannot be written */
} forward[] = {
	{ "User.Name@example.org",
	    "SRS0=sdue=JL=example.org=User.Name@srs.example.com" },
	{ "SRS0=abcd=TT=first.example=u@fwd.example",
	    "SRS1=iRTF=fwd.example==abcd=TT=first.example=u@srs.example.com" },
	{ "SRS0+abcd=TT=first.example=u@fwd.example",
	    "SRS1=9Tkx=fwd.example=+abcd=TT=first.example=u@srs.example.com" },
	{ "SRS1=abcd=fwd.example==abcd=TT=first.example=u@second.example",
	    "SRS1=iRTF=fwd.example==abcd=TT=first.example=u@srs.example.com" },
	{ "a=b+c@sub.example.net",
	    "SRS0=eP2Q=JL=sub.example.net=a=b+c@srs.example.com" },
	{ "", NULL },
	{ "postmaster", NULL },
	{ "user@[192.0.2.1]", NULL },
};

START_TEST(written_as_others_do)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *got = NULL;
	bool ok = srs_forward(&a, &ours, NOW, forward[_i].sender, &got);

	ck_assert_msg(ok == (forward[_i].want != NULL), "%s",
	    forward[_i].sender);
	if (ok)
		ck_assert_str_eq(got, forward[_i].want);
}
END_TEST

static const struct {
	const char *address;
	enum srs_verdict verdict;
	const char *want;
} back[] = {
	{ "SRS0=sdue=JL=example.org=User.Name@srs.example.com", SRS_GOOD,
	    "User.Name@example.org" },
	{ "srs0=SDUE=jl=EXAMPLE.org=user.name@srs.example.com", SRS_GOOD,
	    "user.name@EXAMPLE.org" },
	{ "SRS0+sdue=JL=example.org=User.Name@srs.example.com", SRS_GOOD,
	    "User.Name@example.org" },
	{ "SRS0-sdue=JL=example.org=User.Name@srs.example.com", SRS_GOOD,
	    "User.Name@example.org" },
	{ "SRS0=eP2Q=JL=sub.example.net=a=b+c@x.example", SRS_GOOD,
	    "a=b+c@sub.example.net" },
	{ "SRS1=iRTF=fwd.example==abcd=TT=first.example=u@srs.example.com",
	    SRS_GOOD, "SRS0=abcd=TT=first.example=u@fwd.example" },
	{ "SRS1-9Tkx=fwd.example=+abcd=TT=first.example=u@srs.example.com",
	    SRS_GOOD, "SRS0+abcd=TT=first.example=u@fwd.example" },
	/* another hash, stamp, host, user */
	{ "SRS0=sduf=JL=example.org=User.Name@x", SRS_FORGED, NULL },
	{ "SRS0=sdue=JM=example.org=User.Name@x", SRS_FORGED, NULL },
	{ "SRS0=sdue=JL=example.com=User.Name@x", SRS_FORGED, NULL },
	{ "SRS0=sdue=JL=example.org=User.Names@x", SRS_FORGED, NULL },
	{ "SRS0=sdueX=JL=example.org=User.Name@x", SRS_FORGED, NULL },
	{ "SRS1=iRTF=fwd.examples==abcd=TT=first.example=u@x", SRS_FORGED,
	    NULL },
	{ "SRS1=iRTF=fwd.example==abcd=TT=first.example=v@x", SRS_FORGED,
	    NULL },
	/* too short to be safe */
	{ "SRS0=sdu=JL=example.org=User.Name@x", SRS_FORGED, NULL },
	{ "SRS0=s=JL=example.org=User.Name@x", SRS_FORGED, NULL },
	/* no such form */
	{ "SRS0=@x", SRS_MALFORMED, NULL },
	{ "SRS0==JL=example.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue==example.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=J=example.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=J1=example.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=JLL=example.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=JL=exa mple.org=u@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=JL=example.org=@x", SRS_MALFORMED, NULL },
	{ "SRS0=sdue=JL=example.org@x", SRS_MALFORMED, NULL },
	{ "SRS1=iRTF=fwd.example=abcd@x", SRS_MALFORMED, NULL },
	{ "SRS1=iRTF=fwd.example==@x", SRS_MALFORMED, NULL },
	{ "SRS1=iRTF=fwd.example@x", SRS_MALFORMED, NULL },
	/* others' names */
	{ "SRS0user@x", SRS_NONE, NULL },
	{ "SRS2=sdue=JL=example.org=u@x", SRS_NONE, NULL },
	{ "SRS@x", SRS_NONE, NULL },
	{ "user@x", SRS_NONE, NULL },
	{ "", SRS_NONE, NULL },
};

START_TEST(the_way_back)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *got = NULL;
	enum srs_verdict v = srs_back(&a, &ours, NOW, back[_i].address, &got);

	ck_assert_msg(v == back[_i].verdict, "%s: %d", back[_i].address, v);
	if (v == SRS_GOOD)
		ck_assert_str_eq(got, back[_i].want);
	else
		ck_assert_ptr_null(got);
}
END_TEST

START_TEST(every_prefix)
{
	const char *whole = back[_i].address;
	size_t local = strcspn(whole, "@");

	for (size_t n = 0; n < strlen(whole); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		const char *got = NULL, *cut = arena_memdup(&a, whole, n);
		enum srs_verdict v = srs_back(&a, &ours, NOW, cut, &got);

		/* What ends within the domain is whole, and so is one to which
		 * something was added. */
		ck_assert_msg(n >= local || v != SRS_GOOD ||
			back[_i].verdict == SRS_FORGED,
		    "%s", cut);
		if (srs_forward(&a, &ours, NOW, cut, &got))
			ck_assert_ptr_nonnull(got);
	}
}
END_TEST

START_TEST(it_grows_old)
{
	for (int64_t days = -3; days < 1100; days++) {
		CLEAN_ARENA struct arena a = { 0 };
		const char *address, *got;
		/* After 1024 days it looks new. */
		bool good = (days + 1024) % 1024 <= 21 ||
		    (days + 1024) % 1024 == 1023;

		ck_assert(
		    srs_forward(&a, &ours, NOW, "u@example.org", &address));
		ck_assert_msg(srs_back(&a, &ours, NOW + days * DAY, address,
				  &got) == (good ? SRS_GOOD : SRS_EXPIRED),
		    "after %d days", (int)days);
	}
}
END_TEST

START_TEST(older_secrets_verify)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct srs after = ours;
	const char *why = NULL, *address, *got;

	ck_assert(srs_secrets_parse(&a,
	    slice_of("# made today\n  hare \r\n\n\ttortoise\n# old\nsnail"),
	    &after.secrets, &why));
	ck_assert_uint_eq(after.secrets.n, 3);
	ck_assert_str_eq(after.secrets.at[0], "hare");
	ck_assert_str_eq(after.secrets.at[2], "snail");
	ck_assert_int_eq(srs_back(&a, &after, NOW, forward[0].want, &got),
	    SRS_GOOD);
	ck_assert(
	    srs_forward(&a, &after, NOW, "User.Name@example.org", &address));
	ck_assert_str_ne(address, forward[0].want);
	ck_assert_int_eq(srs_back(&a, &after, NOW, address, &got), SRS_GOOD);
	ck_assert_int_eq(srs_back(&a, &ours, NOW, address, &got), SRS_FORGED);
}
END_TEST

START_TEST(bad_files)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf many = { 0 };
	struct srs_secrets s;
	const char *why = NULL;

	ck_assert(!srs_secrets_parse(&a, slice_of(""), &s, &why));
	ck_assert(!srs_secrets_parse(&a, slice_of("\n# x\n \n"), &s, &why));
	ck_assert(!srs_secrets_parse(&a, SLICE("a\0b\n"), &s, &why));
	ck_assert_ptr_nonnull(why);
	for (int i = 0; i < SRS_SECRETS_MAX; i++)
		buf_addf(&many, "secret%d\n", i);
	ck_assert(srs_secrets_parse(&a, slice_of(buf_str(&many)), &s, &why));
	buf_adds(&many, "one more\n");
	ck_assert(!srs_secrets_parse(&a, slice_of(buf_str(&many)), &s, &why));
}
END_TEST

/* A local part may be longer than 64, a path no longer than 256. */
START_TEST(long_ones)
{
	CLEAN_ARENA struct arena a = { 0 };
	char local[256] = { 0 };

	for (size_t n = 1; n < sizeof(local); n++) {
		const char *made = NULL, *got = NULL;

		memset(local, 'x', n);
		const char *sender = arena_printf(&a, "%s@example.org", local);
		bool ok = srs_forward(&a, &ours, NOW, sender, &made);
		size_t whole = strlen("SRS0=HHHH=TT=example.org=@"
				      "srs.example.com") +
		    n;

		ck_assert_msg(ok == (whole <= SRS_ADDRESS_MAX), "%zu", n);
		if (!ok)
			continue;
		ck_assert_uint_eq(strlen(made), whole);
		ck_assert_int_eq(srs_back(&a, &ours, NOW, made, &got),
		    SRS_GOOD);
		ck_assert_str_eq(got, sender);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("srs");
	TCase *c = tcase_create("srs");

	tcase_add_loop_test(c, written_as_others_do, 0,
	    (int)ARRAY_LEN(forward));
	tcase_add_loop_test(c, the_way_back, 0, (int)ARRAY_LEN(back));
	tcase_add_loop_test(c, every_prefix, 0, (int)ARRAY_LEN(back));
	tcase_add_test(c, it_grows_old);
	tcase_add_test(c, older_secrets_verify);
	tcase_add_test(c, bad_files);
	tcase_add_test(c, long_ones);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
