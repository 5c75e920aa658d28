/*
 * smtpd_space - whether the queue's file system has room for one more message.
 *
 * The queue is cleanup's; smtpd only has a descriptor that can do nothing but
 * be asked about its file system, opened before the rights were given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Opens queue_directory; ends in log_fatal where it is not there. */
void smtpd_space_open(void);

/* True where a message of that size leaves queue_minfree free.  The file system
 * is asked at most once a second. */
bool smtpd_space_is_enough(uint64_t size, int64_t now);
