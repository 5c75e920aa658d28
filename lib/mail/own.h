/*
 * own - the addresses of this host: those of inet_interfaces and of
 * proxy_interfaces.
 *
 * Mail to one of them in brackets is local, and an MX host with one of them
 * is this host.  Read once, before the rights are given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Reads them anew; why names the parameter and the item that is wrong, until
 * the next call. */
MUST_CHECK bool own_open(const char **why);
void own_close(void);

/* True for a numeric address of ours, however it is written. */
bool own_has(const char *address);
