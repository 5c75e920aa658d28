/*
 * qmgr_etrn - asks for our mail at the hosts that kept it while we were away.
 *
 * Done once, when the system starts: not by a reload, and not by a queue
 * manager that is started anew.  The hosts are found and asked by an agent of
 * the transport smtp (smtp_etrn.h), for the domains that end here: those that
 * mydestination, virtual_mailbox_domains and virtual_alias_domains name
 * themselves, and not by a table.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

#define ETRN_OWN_MAX 100 /* domains that are asked for */

void etrn_start(void);

/* The domains as a list of str: for tests. */
void etrn_own_domains(struct buf *out);
