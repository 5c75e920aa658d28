/*
 * The socket run_directory/control, by which `posthouse` speaks to us: only to
 * root, one question a connection.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* Listens; -1 with errno. */
MUST_CHECK int control_start(const char *run_directory);

/* Answers who asked: any number of lines, then the end. */
void control_lines(struct chan *asker, const char *lines);
void control_done(struct chan *asker, int code, const char *text);

/* A process has answered the ping of that number. */
void control_heard(const struct proc *p, uint32_t number);

/* Pings everybody, with a new number. */
void control_ping_all(void);

/* Answers those who wait for the end, and listens no more. */
void control_stop(void);
