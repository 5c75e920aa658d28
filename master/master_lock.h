/*
 * The lock that makes an instance one: flock on run_directory/pid.
 *
 * Every program of the instance holds the same open file (descriptor 5), so the
 * lock lasts until the last of them is gone, also when master was killed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Makes run_directory where it is missing and takes the lock, waiting a little
 * for the programs of a master that is dead.  -1, and said on standard error
 * why, where the instance runs. */
MUST_CHECK int lock_take(const char *run_directory);

/* False, and said on standard error, where the queue manager of another
 * instance has the queue; one that is ending, and mqueue, are waited for. */
MUST_CHECK bool lock_queue_is_free(const char *queue_directory);

/* Removes our number, at the end. */
void lock_drop(int lock);
