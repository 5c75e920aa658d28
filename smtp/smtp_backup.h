/*
 * smtp_backup - says in the log where the DNS and backup_mx_domains do not
 * agree: a domain that this host is told to back up, but whose MX records do
 * not list it, or list it as best.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* Reads the list, before the rights are given up. */
void smtp_backup_open(void);

/* The rule's handler: qmgr asks one process of all, when it begins.  One domain
 * is asked for after the other, beside the deliveries. */
bool smtp_backup_check(struct chan *c, const void *body, size_t len, int fd);
