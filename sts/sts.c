/*
 * sts knows what domains promise of their MX hosts (MTA-STS, RFC 8461).  smtp
 * asks it before it brings mail to a domain; it asks the DNS and the domain's
 * HTTPS server, and remembers.
 *
 *	smtp ─sts_ask─▶ sts_ask ─▶ sts_find ─▶ DNS, https
 *	                               └─▶ sts_cache (LMDB)
 *	report ─rua_ask, post─▶ sts_reports ─▶ DNS, https
 *
 * What is fetched from servers that anybody may set up is read here, in a
 * program that can open nothing and holds nothing: the file of the cache was
 * opened before the rights were given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns.h"
#include "fd.h"
#include "https.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "sts_ask.h"
#include "sts_cache.h"
#include "sts_find.h"
#include "sts_reports.h"
#include "tls.h"

static const struct chan_rule rules[] = {
	{ MSG_sts_ask, 1u << ROLE_SMTP, sts_ask },
	{ MSG_rua_ask, 1u << ROLE_REPORT, sts_reports_rua },
	{ MSG_post, 1u << ROLE_REPORT, sts_reports_post },
};

static void
open_cache(void)
{
	CLEAN_BUF struct buf path = { 0 };
	const char *why;

	buf_addf(&path, "%s/sts/policies", params.data_directory);
	if (!sts_cache_open(buf_str(&path), &why))
		log_warn("%s: %s: policies are forgotten at the end; run "
			 "posthouse setup",
		    buf_str(&path), why);
}

static void
open_trust(void)
{
	const char *why;

	tls_start();
	if (!https_open(params.smtp_tls_CAfile, &why))
		log_warn("smtp_tls_CAfile: %s: %s: no policy can be fetched",
		    params.smtp_tls_CAfile, why);
}

static void
commit(void)
{
	const char *why;

	if (!sts_cache_commit(&why))
		log_warn("policies of MTA-STS are not kept: %s", why);
}

static void
on_go(void)
{
	loop_each_round(commit);
	sts_find_refresh();
}

static void
on_peer_ended(struct chan *c)
{
	sts_ask_peer_ended(c);
	sts_reports_peer_ended(c);
}

static uint32_t
busy(void)
{
	return (uint32_t)(sts_find_open() + sts_reports_open());
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "questions=%zu policies=%zu", sts_find_open(),
	    sts_cache_count());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = on_peer_ended,
	.go = on_go,
	.busy = busy,
	.status = say_status,
	.feeders = 1u << ROLE_SMTP | 1u << ROLE_REPORT,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_STS, argc, argv);
	dns_start();
	open_trust();
	open_cache();
	(void)fd_limit(4096);
	program_confine();
	program_run(&calls);
}
