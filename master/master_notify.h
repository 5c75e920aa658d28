/*
 * What systemd wants to know: one datagram to $NOTIFY_SOCKET (sd_notify(3)).
 * Without such a socket nothing is sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Reads the environment, and says every half of WATCHDOG_USEC that we live; a
 * loop must be there. */
void notify_start(void);

/* Lines such as "READY=1\nSTATUS=..."; our MAINPID is added to READY. */
void notify_say(const char *fmt, ...) PRINTFLIKE(1, 2);
