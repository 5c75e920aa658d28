/*
 * seal - who sent this message, as far as its domain can tell; and our own word
 * for what we send.
 *
 *	seal_spf       smtpd's questions about senders
 *	seal_judge     cleanup's about messages from outside
 *	seal_sign      the signing role:
 *	seal_keys        the keys of DKIM
 *	seal_dkim        messages of ours, signed for cleanup
 *	seal_srs         senders of what is forwarded
 *
 * It runs twice.  What strangers wrote into the DNS and into their messages is
 * read in the verifying role and nowhere else, by a process that may ask the
 * DNS and do nothing more.  The keys are with the signing role (the section
 * [sign]), which has no network.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim.h"
#include "dns.h"
#include "program.h"
#include "seal_judge.h"
#include "seal_report.h"
#include "seal_sign.h"
#include "seal_spf.h"
#include "seal_verdict.h"

static const struct chan_rule rules[] = {
	{ MSG_spf_ask, 1U << ROLE_SMTPD, seal_spf_ask },
	{ MSG_judge, 1U << ROLE_CLEANUP, seal_judge_ask },
	{ MSG_rua_ask, 1U << ROLE_REPORT, seal_report_rua },
};

static void
on_peer_ended(struct chan *c)
{
	seal_spf_peer_ended(c);
	seal_judge_peer_ended(c);
	seal_report_peer_ended(c);
}

static uint32_t
count_busy(void)
{
	return seal_spf_busy() + seal_judge_busy() + seal_report_busy();
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "evaluations=%u messages=%u", seal_spf_busy(),
	    seal_judge_busy());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = on_peer_ended,
	.busy = count_busy,
	.status = say_status,
	.feeders = 1U << ROLE_SMTPD | 1U << ROLE_CLEANUP,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_VERIFY, argc, argv);
	dkim_start();
	if (program_role() == ROLE_SIGN)
		seal_sign_run();
	dns_start();
	seal_verdict_open();
	program_confine();
	program_run(&calls);
}
