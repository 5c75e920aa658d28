/*
 * pickup_job - files of maildrop/ on their way to cleanup.
 *
 * A file is removed when cleanup has said 250, set aside when it has said 5xx,
 * and tried again some time later else; none waits for another.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "program.h"

/* For program_run(). */
extern const struct program_calls pickup_job_calls;
