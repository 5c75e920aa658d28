/*
 * smtp_socket - a socket on its way to a host, and where it came from.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "smtp_hosts.h"

/* Connecting has begun, from smtp_bind_address where that is set; or -1 with
 * errno. */
MUST_CHECK int smtp_socket_begin(const struct smtp_host *host);

/* Our address there, as inet_ntop(3) writes it. */
MUST_CHECK bool smtp_socket_address(int fd, struct buf *out);
