/*
 * cleanup: turns what comes in into queue files.
 *
 *	cleanup_peer      what feeders say, and what they are answered
 *	cleanup_mail      one message, from mail_begin to a file in new/
 *	cleanup_header    its header
 *	cleanup_rcpt      its recipients
 *	cleanup_seal      what others say about it: verified, or signed
 *	cleanup_commit    many messages, one flush of the disk
 *	cleanup_tell      qmgr hears of what is safe
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <fcntl.h>

#include "canonical.h"
#include "cleanup_peer.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "route.h"

int
main(int argc, char **argv)
{
	const char *why;

	program_start(ROLE_CLEANUP, argc, argv);
	if (!route_open(&why) || !canonical_open(&why))
		log_fatal("%s", why);

	int queue = open(params.queue_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (queue < 0)
		log_fatal("%s: %m", params.queue_directory);
	cleanup_peer_open(queue);
	program_confine();
	program_run(&cleanup_peer_calls);
}
