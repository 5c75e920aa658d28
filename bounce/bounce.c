/*
 * bounce: writes notifications.
 *
 *	qmgr, pickup ──notice──▶ bounce ──mail──▶ cleanup
 *
 * qmgr decides who is told of what; here it becomes a message, read from the
 * queue file's descriptor, and the answer goes back when cleanup has it safe
 * on disk.  pickup does the same with a message that can never come into the
 * queue; its file may hold whatever a user has written.  A notification has the
 * null sender, so there is never one about another, but for the postmaster's,
 * which are about a notification and have a sender that qmgr never tells.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "bounce_notice.h"
#include "program.h"

#define ASKERS (1u << ROLE_QMGR | 1u << ROLE_PICKUP)

static const struct chan_rule rules[] = {
	{ MSG_notice, ASKERS, bounce_notice },
	{ MSG_mail_done, 1u << ROLE_CLEANUP, bounce_done },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = bounce_peer_ended,
	.busy = bounce_under_way,
	.feeders = ASKERS,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_BOUNCE, argc, argv);
	program_confine();
	program_run(&calls);
}
