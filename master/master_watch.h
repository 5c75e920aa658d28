/*
 * master_watch - files that only root can read, for a program that cannot.
 *
 * The program names them while it starts, before it has heard anything from
 * outside; master looks at each every second and, when it has become
 * another one and has not changed since the last look, hands it over open
 * for reading.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* p wants to hear of changes of that file. */
void watch_add(struct proc *p, const char *path);

/* p is gone. */
void watch_drop(const struct proc *p);
