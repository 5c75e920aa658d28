/*
 * lookup: answers what can block, so that nobody else has to.
 *
 * smtpd asks at RCPT whether a local user exists, and which user submits;
 * local asks who a recipient is.  It runs outside of a chroot, because the
 * modules of nsswitch.conf(5) open what they like; it may only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "lookup_answer.h"
#include "program.h"

static const struct program_calls calls = {
	.rules = answer_rules,
	.n_rules = ANSWER_RULES,
	.feeders = ASKERS,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_LOOKUP, argc, argv);
	program_confine();
	program_run(&calls);
}
