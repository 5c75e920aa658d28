/*
 * One process of a service: started, equipped, pinged, ended, started again.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* A place for a process; proc_start() fills it. */
struct proc *proc_new(struct unit *u);

/* Starts it, and hands it what it listens on, its peers and the log.  A fork
 * that fails is tried again later. */
void proc_start(struct proc *p);

/* Frees what has no process any more. */
void proc_free(struct proc *p);

/* It may begin; it is to take nothing new, because another generation goes on
 * or because all stop. */
void proc_go(struct proc *p);
void proc_drain(struct proc *p);
void proc_drain_to_stop(struct proc *p);

void proc_kill(struct proc *p, int number);

/* Asks a sign of life; one that gave none for too long is aborted. */
void proc_ping(struct proc *p, uint32_t number);

/* True while there is a process. */
bool proc_lives(const struct proc *p);

/* SIGCHLD: learns which have ended and what becomes of them. */
void procs_reap(void);
