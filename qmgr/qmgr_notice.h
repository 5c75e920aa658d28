/*
 * qmgr_notice - notifications, which the program bounce writes.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "qmgr.h"

/* Senders of failed recipients are to be told.  True where the message
 * waits for that now; false where nobody failed, or nobody is to be told
 * (those recipients are settled then). */
bool notice_failed(struct mail *mail);

/* The sender is to be told of the delay. */
void notice_held(struct mail *mail); /* to the postmaster; once, or never */
void notice_delay(struct mail *mail);

/* bounce's answer; and its end, by which open notices fail. */
bool notice_answer(struct chan *c, const void *body, size_t len, int fd);
void notice_lost(struct chan *c);

uint32_t notice_open(void);
