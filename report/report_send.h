/*
 * report_send - sends the reports that are due: asks (sts) who wants them, and
 * sends them by mail (cleanup) and HTTPS (sts).
 *
 * One that could not be sent to all who want it is tried again, for a day,
 * where it was not taken yet.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* From now on. */
void report_send_start(void);
void report_send_drain(void);

/* The rules' handlers: rua_said and posted of sts, mail_done of cleanup. */
bool report_send_rua(struct chan *c, const void *body, size_t len, int fd);
bool report_send_posted(struct chan *c, const void *body, size_t len, int fd);
bool report_send_mailed(struct chan *c, const void *body, size_t len, int fd);

void report_send_peer_ended(struct chan *c);

/* Reports in hand. */
size_t report_send_open(void);
