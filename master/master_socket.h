/*
 * The sockets that listen.  They are bound once and outlive the programs that
 * accept on them; master reads nothing from them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* Binds what the service's `listen` says, as far as it is not bound yet, and
 * fills u->listens.  An agent's unix:NAME is only a name.  False with an error
 * line. */
MUST_CHECK bool sockets_open(struct unit *u, const struct service *s,
    struct buf *errors);

/* Closes those that no generation needs that works or starts. */
void sockets_sweep(void);
void sockets_close(void);

/* Gives the process all it is to accept on. */
void sockets_tell(struct proc *p);

/* A packet socket in run_directory for the commands of root; -1 with errno. */
MUST_CHECK int socket_unix(const char *path, int type, mode_t mode);
