/*
 * local: decides what a local recipient means.
 *
 * Stands between qmgr, which gives it messages as read-only descriptors, and
 * deliver, which does what local has decided with the rights of the user it is
 * for.  It opens no file: the alias tables are open before it is confined,
 * users are asked from lookup, .forward files are read by deliver.  Serves the
 * transports local and virtual.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_job.h"
#include "local_virtual.h"
#include "local_world.h"
#include "log.h"
#include "program.h"
#include "query.h"

/* clang-format off */
static const struct chan_rule rules[] = {
	{ MSG_job,        1U << ROLE_QMGR,    local_job_start },
	{ MSG_job_cancel, 1U << ROLE_QMGR,    local_job_cancel },
	{ MSG_answer,     1U << ROLE_LOOKUP,  local_job_answer },
	{ MSG_delivered,  1U << ROLE_DELIVER, local_job_delivered },
};
/* clang-format on */

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = query_peer,
	.peer_ended = local_job_peer_ended,
	.busy = local_job_busy,
	.feeders = 1U << ROLE_QMGR,
};

int
main(int argc, char **argv)
{
	const char *why = "";

	program_start(ROLE_LOCAL, argc, argv);
	if (!local_world_open(&why) || !local_virtual_open(&why))
		log_fatal("%s", why);
	program_confine();
	program_run(&calls);
}
