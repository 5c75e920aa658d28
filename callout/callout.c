/*
 * callout knows which recipients exist on other hosts.  smtpd asks it at RCPT
 * for the domains that this host only keeps mail for; what it does not know it
 * has asked of their hosts, by smtp, and remembers.
 *
 *	smtpd ─vet─▶ callout_vet ─probe_rcpt─▶ smtp ─RCPT─▶ the host
 *	                 ├─▶ callout_cache (LMDB)
 *	                 └─▶ callout_limit
 *
 * It has no network and can open nothing: the file of the cache was opened
 * before the rights were given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "callout_cache.h"
#include "callout_vet.h"
#include "log.h"
#include "param.h"
#include "program.h"

#define MAP_TYPE "lmdb:"

static const struct chan_rule rules[] = {
	{ MSG_vet, 1u << ROLE_SMTPD, callout_vet_ask },
	{ MSG_probe_done, 1u << ROLE_SMTP, callout_vet_probed },
};

static void
open_cache(void)
{
	const char *map = params.address_verify_map;
	const char *why;

	if (map[0] == '\0')
		return;
	if (!str_starts(map, MAP_TYPE))
		log_fatal("address_verify_map: %s: only lmdb:PATH can be "
			  "written",
		    map);
	if (!callout_cache_open(map + strlen(MAP_TYPE), &why))
		log_warn("%s: %s: nothing is remembered; run posthouse setup",
		    map, why);
}

static void
commit(void)
{
	const char *why;

	if (!callout_cache_commit(&why))
		log_warn("%s: %s: answers are not kept",
		    params.address_verify_map, why);
}

static uint32_t
busy(void)
{
	return (uint32_t)callout_vet_open();
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "questions=%zu known=%zu", callout_vet_open(),
	    callout_cache_count());
}

static void
on_go(void)
{
	loop_each_round(commit);
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = callout_vet_peer_ended,
	.go = on_go,
	.busy = busy,
	.status = say_status,
	.feeders = 1u << ROLE_SMTPD,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_CALLOUT, argc, argv);
	open_cache();
	program_confine();
	program_run(&calls);
}
