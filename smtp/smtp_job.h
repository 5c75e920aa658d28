/*
 * smtp_job - one request of qmgr: a message for some recipients at one next
 * hop, brought to an end over one or more hosts.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The rules' handlers: job, job_go, job_again and job_cancel. */
bool smtp_job_start(struct chan *c, const void *body, size_t len, int fd);
bool smtp_job_go(struct chan *c, const void *body, size_t len, int fd);
bool smtp_job_again(struct chan *c, const void *body, size_t len, int fd);
bool smtp_job_cancel(struct chan *c, const void *body, size_t len, int fd);

/* The queue manager is gone: what is not in doubt is given up, the rest ends
 * without being reported to anyone but the log. */
void smtp_job_peer_ended(struct chan *c);

size_t smtp_job_count(void);
