/*
 * smtpd_accept - listening sockets, and how many connections fit.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Accepts on a listening socket from now on; address is "inet:ADDR:PORT" or
 * "unix:NAME", whose connections are local programs. */
void smtpd_accept_listen(int fd, const char *address);

/* Connections beyond this many are turned away. */
void smtpd_accept_limit(size_t connections);

/* Accepts nothing more. */
void smtpd_accept_stop(void);
