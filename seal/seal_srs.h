/*
 * seal_srs - senders of what is forwarded, and the way back (lib/mail/srs.h).
 *
 * Only here are the secrets.  Without srs_domain senders stay as they are, and
 * no address leads back.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "chan.h"

/* Before the rights are given up: reads srs_secrets, and has master watch it.
 * Ends in log_fatal where it is not there, or no such file. */
void seal_srs_open(void);

/* A watched file has changed (the descriptor stays the caller's, -1: it cannot
 * be opened): takes it up where it is ours.  A bad one is said, and the last
 * one stays in force. */
void seal_srs_changed(const char *path, int fd);

/* The sender of a message that is forwarded.  FOUND_NONE: it stays as it is. */
enum found seal_srs_sender(struct arena *a, const char *sender,
    const char **out);

/* smtpd's question. */
chan_fn seal_srs_ask;
