/*
 * smtpd_limit - how much each client does, counted over all processes of a
 * service.
 *
 * The processes share a file that is mapped before the rights are given up.
 * Each has a part of its own there and writes nothing else, so there are no
 * locks; a count is the sum over the parts of those processes that are alive,
 * which each shows by a beat now and then.  A process that died takes its
 * counts with it.  What one process writes there the others take for numbers
 * and nothing more: a broken one can spoil the counting, not the reader.
 *
 * Clients are counted by address, IPv6 by its first 84 bits (as Postfix does),
 * and users, in a file for all services, by their names in place of it.
 * Rates are counted in windows of anvil_rate_time_unit.  Where there is no room
 * for one more client, it is not counted.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

enum smtpd_rate {
	RATE_CONNECTIONS,
	RATE_MESSAGES,
	RATE_RCPTS,
	RATE_AUTHS,
	RATE_AUTH_FAILURES,
	RATES,
};

struct smtpd_limits;

/* Maps the file, making it where it is missing, and takes a part of it.  Where
 * that fails, this process counts alone, and *why says what failed. */
struct smtpd_limits *smtpd_limits_open(const char *path, int64_t now,
    const char **why);
void smtpd_limits_close(struct smtpd_limits **l);

/* Shows that this process is alive; due every LIMIT_BEAT. */
#define LIMIT_BEAT ((int64_t)5000)
void smtpd_limits_beat(struct smtpd_limits *l, int64_t now);

/* One connection more or less; join gives how many the client has.  `unit` is
 * the length of a window. */
uint32_t smtpd_limits_join(struct smtpd_limits *l, const char *addr,
    int64_t unit, int64_t now);
void smtpd_limits_leave(struct smtpd_limits *l, const char *addr);

/* How many events of a kind there were in this window. */
uint32_t smtpd_limits_look(struct smtpd_limits *l, const char *addr,
    enum smtpd_rate rate, int64_t unit, int64_t now);

/* One event more: gives how many there were in this window.  `now` is in
 * milliseconds of the monotonic clock, which all processes share. */
uint32_t smtpd_limits_count(struct smtpd_limits *l, const char *addr,
    enum smtpd_rate rate, int64_t unit, int64_t now);
