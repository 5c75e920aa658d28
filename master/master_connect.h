/*
 * master_connect - sockets of other systems, for a program that can connect to
 * nothing.
 *
 * The program names them while it starts, before it has heard anything from
 * outside; master connects and hands the descriptor over.  When the connection
 * is lost the program asks again, for that socket alone.  It is tried at once,
 * and where it fails, or was lost within a minute, after 1, 2, 4 ... up to 60
 * seconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* p wants a connection to this socket of the file system. */
void connect_add(struct proc *p, const char *path);

/* It has lost it; false where p has not named that path. */
MUST_CHECK bool connect_again(struct proc *p, const char *path);

/* p is gone. */
void connect_drop(const struct proc *p);
