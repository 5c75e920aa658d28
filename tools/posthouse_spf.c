/*
 * posthouse spf: may this host send for that domain, and which term says so.
 *
 * The evaluator is the one that judges mail, and it asks the same name servers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "dns.h"
#include "param.h"
#include "posthouse.h"
#include "spf_check.h"

#define ROUND 1000 /* milliseconds that the loop waits at most */

static bool over;

static void
on_done(struct spf_check *c)
{
	(void)c;
	over = true;
}

/* What came from the DNS, fit for a terminal. */
static const char *
shown(struct arena *a, const char *text)
{
	CLEAN_BUF struct buf out = { 0 };

	str_printable(&out, text, strlen(text), 500);
	return arena_strdup(a, buf_str(&out));
}

static void
show(struct arena *a, const struct spf *e)
{
	const char *record = "";

	for (const struct spf_step *s = e->steps; s != NULL; s = s->next) {
		if (!str_eq(record, s->domain))
			printf("%*s%s\n", 4 * (int)s->depth, "",
			    shown(a, s->domain));
		record = s->domain;
		printf("%*s%s%s%s", 4 * (int)s->depth + 4, "",
		    shown(a, s->term), s->term[0] != '\0' ? ": " : "",
		    shown(a, s->said != NULL ? s->said : ""));
		if (s->found[0] != '\0')
			printf(" (%s)", shown(a, s->found));
		printf("\n");
	}
	printf("%s", spf_result_name(e->verdict.result));
	if (e->verdict.why != NULL && e->verdict.why[0] != '\0')
		printf(" (%s)", shown(a, e->verdict.why));
	else if (e->verdict.mechanism[0] != '\0')
		printf(" (%s of %s)", shown(a, e->verdict.mechanism),
		    shown(a, e->verdict.domain));
	printf("; %u of 10 terms asked the DNS, %u of 2 found nothing\n",
	    e->terms, e->voids);
	if (e->verdict.explanation[0] != '\0')
		printf("%s explains: %s\n", shown(a, e->verdict.domain),
		    shown(a, e->verdict.explanation));
}

static bool
is_address(const char *text)
{
	uint8_t at[16];

	return inet_pton(AF_INET, text, at) == 1 ||
	    inet_pton(AF_INET6, text, at) == 1;
}

/* The exit code: 0 may, 1 may not or nobody says, 75 don't know. */
static int
code_of(enum spf_result result)
{
	if (result == SPF_TEMPERROR)
		return EX_TEMPFAIL;
	return result == SPF_PASS ? EX_OK : 1;
}

int
posthouse_spf(int argc, char **argv)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf errors = { 0 };
	struct spf_check c = { 0 };

	if (argc < 3 || argc > 4 || !is_address(argv[1]))
		return posthouse_usage("spf");
	if (!param_load(posthouse_conf_dir(), NULL, &errors)) {
		posthouse_say(buf_str(&errors));
		return EX_CONFIG;
	}
	loop_start();
	dns_start();
	struct spf_question q = {
		.client = argv[1],
		.helo = argc > 3 ? argv[3] : argv[2],
		.sender = strchr(argv[2], '@') != NULL
		    ? argv[2]
		    : arena_printf(&a, "postmaster@%s", argv[2]),
		.receiver = params.myhostname,
		.wall = loop_wall(),
		.trace = true,
	};
	spf_check_start(&c, &q, on_done);
	while (!over)
		loop_once(ROUND);
	show(&a, &c.spf);
	int code = code_of(c.spf.verdict.result);
	spf_check_stop(&c);
	dns_stop();
	return code;
}
