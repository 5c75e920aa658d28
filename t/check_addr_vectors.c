/*
 * addr: the collection of address tests known as isemail, where it is at
 * hand: $POSTHOUSE_VECTORS/addresses/isemail-tests.xml.
 *
 * Its categories say by which grammar an address is good.  RFC5321 and better
 * must pass as a strict path, all others must not; what only RFC 5322 allows
 * (comments, folding, obsolete forms) must at least be read without harm as a
 * list.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* Where we differ, and why. */
static const char *const refused_by_us[] = {
	"test@255.255.255.255", /* a literal that lost its brackets: 501 */
	"\"\"@iana.org", /* its internal form, @iana.org, is a wildcard */
	NULL,
};

static const char *const either_way[] = {
	"ISEMAIL_ERR_NODOMAIN",           /* <postmaster> and its like */
	"ISEMAIL_RFC5322_TOOLONG",        /* each part within its own limit */
	"ISEMAIL_RFC5321_IPV6DEPRECATED", /* "::" for one group alone */
	"ISEMAIL_RFC5322_LOCAL_TOOLONG",  /* our limit is another */
	NULL,
};

static const char *const good_paths[] = {
	"ISEMAIL_VALID_CATEGORY",
	"ISEMAIL_DNSWARN",
	"ISEMAIL_RFC5321",
	NULL,
};

static const struct {
	const char *name;
	char c;
} entities[] = {
	{ "&lt;", '<' },
	{ "&gt;", '>' },
	{ "&amp;", '&' },
	{ "&quot;", '"' },
};

static bool
among(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* The text of the element `name` at or after `from`, its entities resolved;
 * the low byte is what counts: U+2400 and up stand for control
 * characters, and a NUL would end the string. */
static char *
element(const char *from, const char *name)
{
	struct buf out = { 0 };
	char tag[32];
	int n = snprintf(tag, sizeof(tag), "<%s>", name);
	const char *p = strstr(from, tag);

	ck_assert_int_lt(n, (int)sizeof(tag));
	if (p == NULL)
		return NULL;
	for (p += n; *p != '<' && *p != '\0';) {
		size_t i = 0;

		while (i < ARRAY_LEN(entities) &&
		    strncmp(p, entities[i].name, strlen(entities[i].name)) != 0)
			i++;
		if (i < ARRAY_LEN(entities)) {
			buf_addc(&out, entities[i].c);
			p += strlen(entities[i].name);
		} else if (strncmp(p, "&#x", 3) == 0) {
			long c = strtol(p + 3, NULL, 16) & 0xff;

			buf_addc(&out, c != 0 ? (char)c : '\x01');
			p = strchr(p, ';') + 1;
		} else
			buf_addc(&out, *p++);
	}
	return buf_take(&out);
}

static void
check_one(const char *test)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_STR char *address = element(test, "address");
	CLEAN_STR char *category = element(test, "category");
	CLEAN_STR char *diagnosis = element(test, "diagnosis");
	const char *path = arena_printf(&a, "<%s>", address);
	const char *at = path, *why = NULL;
	struct addr addr;

	ck_assert_msg(category != NULL && diagnosis != NULL, "%s", test);
	bool want = among(good_paths, category) &&
	    !among(refused_by_us, address);
	bool got = addr_parse_path(&a, &at, true, &addr, &why) && *at == '\0';

	if (among(either_way, diagnosis))
		want = got;
	ck_assert_msg(got == want, "%s: %s %s (%s)", path, category, diagnosis,
	    why);

	struct addr_list list = addr_parse_list(&a, slice_of(address));
	ck_assert_msg(!want || list.n == 1, "%s as a list", address);
}

START_TEST(isemail)
{
	CLEAN_BUF struct buf xml = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	const char *from = getenv("POSTHOUSE_VECTORS");
	const char *src = getenv("srcdir");

	if (from == NULL)
		from = arena_printf(&a, "%s/../shared/vectors",
		    src != NULL ? src : ".");
	FILE *f = fopen(arena_printf(&a, "%s/addresses/isemail-tests.xml",
			    from),
	    "r");
	if (f == NULL) {
		printf("# skipped: no isemail-tests.xml\n");
		return;
	}
	for (int c; (c = getc(f)) != EOF;)
		buf_addc(&xml, (char)c);
	(void)fclose(f); /* it was only read */
	size_t n = 0;
	for (const char *p = buf_str(&xml);
	     (p = strstr(p, "<test id=")) != NULL; p++, n++)
		check_one(p);
	ck_assert_uint_gt(n, 100);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("addr_vectors");
	TCase *t = tcase_create("addr_vectors");

	tcase_add_test(t, isemail);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
