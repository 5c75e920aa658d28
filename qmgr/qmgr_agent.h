/*
 * qmgr_agent - delivery agents, and the jobs that they have in hand.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "qmgr.h"

/* An agent for the transport that c->name names is there, or is gone: what it
 * had in hand is deferred. */
void agent_come(struct chan *c);
void agent_gone(struct chan *c);

/* Gives the recipients of a SCHED_START event to an agent. */
void agent_start(const struct sched_event *e);

bool agent_result(struct chan *c, const void *body, size_t len, int fd);
bool agent_expand(struct chan *c, const void *body, size_t len, int fd);
bool agent_hosts(struct chan *c, const void *body, size_t len, int fd);
bool agent_done(struct chan *c, const void *body, size_t len, int fd);

/* Agents are asked to stop what they do with this message, or with all (NULL),
 * where nothing is in doubt. */
void agent_cancel(const struct mail *mail);

/* Agents that wait for hosts of destinations, as the argument picks them,
 * connect anew where none has answered: they may be up. */
typedef bool agent_pick_fn(const struct dest *d, const void *arg);
void agent_again(agent_pick_fn *pick, const void *arg);

/* One of those that deliver to backup_mx_domains looks whether the DNS agrees
 * with that list. */
void agent_ask_backup(void);

uint32_t agent_jobs(void);

/* Transports with mail and no agent are said, once each: call it every few
 * seconds. */
void agent_warn(void);
