/*
 * A generation: all services of one reading of the configuration, wired among
 * themselves.
 *
 * A new one starts beside the old one.  When all of its processes are confined,
 * the old qmgr is told to drain and says what it has in hand; then the new ones
 * go and the old ones drain.  One that does not start whole is ended, and the
 * old one has never noticed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "master.h"

/* Takes the configuration over, binds and starts everything.  NULL with error
 * lines where sockets or the log file cannot be had. */
struct generation *generation_start(struct conf *c, uint32_t number,
    struct chan *asker, struct buf *errors);

/* What a process means to its generation: it is confined; qmgr has told all
 * that it has in hand; it has ended, in the state it had. */
void generation_ready(struct proc *p);
void generation_in_hand(struct proc *p, const struct buf *packet, bool last);
void generation_lost(struct proc *p, enum proc_state had);

/* It cannot be: ends it all, and tells whoever asked. */
void generation_fail(struct generation *g, const char *why);

/* Channels between this process and all it is wired with, and to a new qmgr
 * what the old ones have in hand. */
void generation_equip(struct proc *p);

/* Drains everything but scribe, which has to hear the others' last words; then
 * scribe. */
void generations_drain(bool scribes);
void generations_kill(int number, bool scribes);

/* Processes that live: all, or all but scribes. */
size_t generations_count(bool scribes);

/* Calls fn for each process. */
void each_proc(void (*fn)(struct proc *p));

/* Forgets what is over: processes and whole generations.  At the end of a
 * round. */
void generations_sweep(void);
