/*
 * peerlist - a list of other hosts, by name or by address (Postfix's
 * debug_peer_list): names, .parents, addresses, networks, "/file", TYPE:TABLE,
 * "!not".
 *
 * Entries are asked in order and the first that fits decides.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct peerlist;

/* NULL with why, until the next call. */
MUST_CHECK struct peerlist *peerlist_open(const char *list, const char **why);
void peerlist_close(struct peerlist **p);

/* parents: a name stands for its subdomains too. */
enum found peerlist_has(const struct peerlist *p, const char *name,
    const char *addr, bool parents);
