/*
 * smtp_etrn - asks other hosts for the mail that they keep for us: ETRN (RFC
 * 1985), when the system starts.
 *
 * qmgr names our domains, and hosts; for the word "auto" the hosts are found:
 * those MX hosts of each domain that stand behind us in its list.  Each host is
 * asked once for all its domains, some tries later again where it cannot be
 * reached, as the network may be starting too.  Nothing depends on it: what
 * goes wrong is logged and forgotten.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

#define ETRN_HOSTS_MAX   20 /* that are asked after a start */
#define ETRN_DOMAINS_MAX 50 /* for which one host is asked */

/* The rule's handler: etrn_ask. */
bool smtp_etrn_start(struct chan *c, const void *body, size_t len, int fd);

/* Begins nothing more, and forgets what is not under way. */
void smtp_etrn_drain(void);

/* Hosts that are being asked. */
size_t smtp_etrn_count(void);
