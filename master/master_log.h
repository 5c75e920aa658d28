/*
 * The log file and the log sockets.
 *
 * master makes a packet socket pair for each service and keeps both ends over
 * restarts and reloads: programs write to one, scribe reads the other, and
 * while there is no scribe lines wait.  The file is opened by master, as root;
 * scribe gets the descriptor, and a new one when the file has been moved away.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* The pair of a service, made where there is none; NULL with errno. */
struct logpipe *logpipe_get(const char *service, const char *label);
void logpipes_free(void);

/* Opens the log file of a configuration ("" is none), making missing folders.
 * False with an error line. */
MUST_CHECK bool logfile_open(const char *path, struct buf *errors);

/* Opens it anew where it was moved or removed, and tells every scribe. */
void logfile_check(void);

/* Gives a scribe all there is. */
void log_tell(struct proc *scribe);
