/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_space.h"

#include <fcntl.h>

#include "clock.h"
#include "log.h"
#include "param.h"
#include "spool.h"

static int queue_fd = -1;
static int64_t asked_at;
static uint64_t free_bytes, free_inodes;

void
smtpd_space_open(void)
{
	queue_fd = open(params.queue_directory,
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (queue_fd < 0)
		log_fatal("queue_directory %s: %m: run posthouse setup",
		    params.queue_directory);
}

/* Postfix's rule: by default room for one and a half of the largest. */
static uint64_t
wanted(void)
{
	if (params.queue_minfree > 0)
		return (uint64_t)params.queue_minfree;
	return (uint64_t)params.message_size_limit / 2 * 3;
}

/* A file system that cannot be asked is not full: cleanup sees when it is. */
static void
ask_again(int64_t now)
{
	if (asked_at != 0 && now - asked_at < SECOND)
		return;
	asked_at = now;
	if (spool_free_space(queue_fd, &free_bytes, &free_inodes) < 0) {
		log_warn("free space of %s: %m: taken for enough",
		    params.queue_directory);
		free_bytes = UINT64_MAX;
		free_inodes = 1;
	}
}

bool
smtpd_space_is_enough(uint64_t size, int64_t now)
{
	ask_again(now);
	return free_inodes > 0 && free_bytes >= size &&
	    free_bytes - size >= wanted();
}
