/*
 * bounce: writes notifications.
 *
 *	qmgr ──notice, descriptor──▶ bounce ──mail──▶ cleanup
 *
 * qmgr decides who is told of what; here it becomes a message, read from the
 * queue file's descriptor, and the answer goes back when cleanup has it safe
 * on disk.  A notification has the null sender, so there is never one about
 * another, but for the postmaster's, which are about a notification and have
 * a sender that qmgr never tells.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "bounce_notice.h"
#include "program.h"

static const struct chan_rule rules[] = {
	{ MSG_notice, 1u << ROLE_QMGR, bounce_notice },
	{ MSG_mail_done, 1u << ROLE_CLEANUP, bounce_done },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = bounce_peer_ended,
	.busy = bounce_under_way,
	.feeders = 1u << ROLE_QMGR,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_BOUNCE, argc, argv);
	program_confine();
	program_run(&calls);
}
