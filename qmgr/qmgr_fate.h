/*
 * qmgr_fate - what becomes of recipients, and of the message in the end.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

/* An attempt at one recipient is over.  The counts of the job's result are
 * kept; the scheduler learns of them when the job is done. */
void fate_of_rcpt(struct mail *mail, uint32_t index, const struct dsn *dsn,
    const char *relay, struct sched_result *result);

/* Something ended: where nothing is under way, and nothing will be soon, tells
 * senders, then unlinks the message or puts it off.  The mail may be gone
 * after. */
void fate_progress(struct mail *mail);

/* Its time is over: that of all, or of those in it for whose domains we do not
 * stand in. */
void fate_time_over(struct mail *mail);

/* All that is not settled is deleted; none of it may be busy. */
void fate_delete(struct mail *mail);

/* A wish of the administrator was set: now, or when its jobs are over. */
void fate_end(struct mail *mail);

/* Looks at loaded messages that wait for a destination or a clock, and lets
 * them go; some at a time. */
void fate_sweep(void);
