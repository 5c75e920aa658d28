/*
 * What our own domains promise of their MX hosts (MTA-STS, RFC 8461), whether
 * it is so, and who is told where it is not (TLSRPT, RFC 8460).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "buf.h"
#include "clock.h"
#include "doctor.h"
#include "log.h"
#include "sts_look.h"
#include "tls.h"
#include "tlsrpt.h"

#define FETCH_TIME (10 * SECOND)
#define ROUND      1000 /* milliseconds that the loop waits at most */

/* ---- reports ---- */

static void
look_at_reports(struct doctor *d, const char *domain)
{
	CLEAN_BUF struct buf uris = { 0 };
	const char *name = arena_printf(&d->arena, "_smtp._tls.%s", domain);
	struct doctor_answer answer = doctor_ask(d, name, DNS_TXT);
	const char *why = NULL;
	size_t n = 0;

	for (size_t i = 0; i < answer.n; i++) {
		if (!tlsrpt_is_ours(answer.at[i].data))
			continue;
		buf_reset(&uris);
		if (!tlsrpt_parse(answer.at[i].data, &uris, &why))
			uris.len = 0;
		n++;
	}
	if (n > 1 || (n == 1 && uris.len == 0))
		doctor_say(d, FINDING_WARN, domain,
		    "publish one: v=TLSRPTv1; rua=mailto:ADDRESS",
		    "its TLSRPT record is of no use: %s",
		    n > 1             ? "there are several"
			: why != NULL ? why
				      : "it names nobody who can be reached");
	else if (n == 1)
		doctor_say(d, FINDING_OK, domain, NULL,
		    "failures of TLS are reported to %s", buf_str(&uris));
	else if (answer.status != DNS_FAILED)
		doctor_say(d, FINDING_OK, domain, NULL,
		    "no TLSRPT record: nobody is told of failures of TLS");
}

/* ---- the policy ---- */

static void
on_looked(void *owner)
{
	bool *over = owner;

	*over = true;
}

static void
look(struct doctor *d, const char *domain, struct sts_look *l)
{
	bool over = false;

	sts_look_start(l, domain, doctor_left(d, FETCH_TIME), on_looked, &over);
	while (!over && doctor_left(d, 1) > 0)
		loop_once(doctor_left(d, ROUND));
	if (!over) {
		l->found = FOUND_FAILED;
		l->why = "there was no time left to ask";
	}
}

/* All that takes mail for the domain must be in its policy. */
static void
look_at_hosts(struct doctor *d, const char *domain, const struct sts_look *l)
{
	struct doctor_answer mx = doctor_ask(d, domain, DNS_MX);
	bool enforce = l->policy.mode == STS_ENFORCE;
	size_t missing = 0;

	for (size_t i = 0; i < mx.n; i++) {
		if (sts_mx_matches(l->policy.mx, mx.at[i].name))
			continue;
		missing++;
		doctor_say(d, enforce ? FINDING_FAIL : FINDING_WARN, domain,
		    "name the host in the policy and give the record another "
		    "id",
		    "its MTA-STS policy does not name its MX host %s%s",
		    mx.at[i].name,
		    enforce ? ": who heeds it gives that host no mail" : "");
	}
	if (missing == 0)
		doctor_say(d, FINDING_OK, domain, NULL,
		    "MTA-STS policy: mode %s, with all of its MX hosts",
		    sts_mode_name(l->policy.mode));
}

static void
look_at_policy(struct doctor *d, const char *domain)
{
	struct sts_look l = { 0 };

	look(d, domain, &l);
	switch (l.found) {
	case FOUND_NONE:
		doctor_say(d, FINDING_OK, domain, NULL,
		    "no MTA-STS policy: senders cannot know that its hosts "
		    "have TLS");
		break;
	case FOUND_FAILED:
		doctor_say(d, FINDING_WARN, domain,
		    "serve https://mta-sts.DOMAIN/.well-known/mta-sts.txt as "
		    "text/plain, with a certificate for that name",
		    "its MTA-STS policy is not to be had: %s", l.why);
		break;
	case FOUND_ONE:
		if (l.policy.mode == STS_NONE)
			doctor_say(d, FINDING_OK, domain, NULL,
			    "MTA-STS policy: mode none");
		else
			look_at_hosts(d, domain, &l);
		break;
	}
	sts_look_free(&l);
}

static void
look_at_domain(struct doctor *d, const struct doctor_list *l,
    const char *domain)
{
	if (l->part != PART_FINAL || d->no_resolver)
		return;
	look_at_policy(d, domain);
	look_at_reports(d, domain);
}

void
doctor_sts(struct doctor *d)
{
	const char *why;

	tls_start();
	if (!https_open(params.smtp_tls_CAfile, &why))
		doctor_say(d, FINDING_WARN, "smtp_tls_CAfile",
		    "name the file of the CAs that are trusted",
		    "%s: %s: no policy can be fetched", params.smtp_tls_CAfile,
		    why);
	for (size_t i = 0; i < doctor_n_lists; i++)
		doctor_each_domain(d, &doctor_lists[i], look_at_domain);
}
