/*
 * posthouse_tls - what the SMTP client would ask of a host's TLS, in words.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_hosts.h"

struct buf;

/* "dane: 3 1 1 0a1b... at mx.example.org"; asks the DNS where the level wants
 * it.  Policies of MTA-STS are not looked at. */
void posthouse_tls_show(struct buf *out, struct arena *a, const char *nexthop,
    const struct smtp_host *host);
