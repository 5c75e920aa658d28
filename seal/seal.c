/*
 * seal - who sent this message, as far as its domain can tell.
 *
 * smtpd asks it about the sender of each message from outside, before or while
 * the message comes in.  What strangers wrote into the DNS about their domains
 * is read here and nowhere else, in a process that may ask the DNS and do
 * nothing more.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns.h"
#include "program.h"
#include "seal_sign.h"
#include "seal_spf.h"

static const struct chan_rule rules[] = {
	{ MSG_spf_ask, 1U << ROLE_SMTPD, seal_spf_ask },
};

static void
say_status(struct buf *out)
{
	buf_addf(out, "evaluations=%u", seal_spf_busy());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = seal_spf_peer_ended,
	.busy = seal_spf_busy,
	.status = say_status,
	.feeders = 1U << ROLE_SMTPD,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_VERIFY, argc, argv);
	if (program_role() == ROLE_SIGN)
		seal_sign_run();
	dns_start();
	program_confine();
	program_run(&calls);
}
