/*
 * rights_parts - the two long steps of rights_take(): what may be opened, and
 * what may be asked of the kernel.  Both end in log_fatal on failure.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "rights.h"

/* Landlock, as far as the kernel has it. */
void rights_limit_files(const struct rights *r);

/* seccomp. */
void rights_limit_calls(const struct rights *r, bool log_only);
