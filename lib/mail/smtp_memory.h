/*
 * smtp_memory - which addresses could not be reached a moment ago.
 *
 * They are tried after the others, so that a dead MX host or a family of
 * addresses that leads nowhere costs its time limit once a minute and not with
 * every message.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

#define SMTP_MEMORY_TIME ((int64_t)60000)

void smtp_memory_failed(const char *address, uint16_t port, int64_t now);
void smtp_memory_reached(const char *address, uint16_t port);
bool smtp_memory_has(const char *address, uint16_t port, int64_t now);

/* It was so short a time ago that a question is not worth another try. */
#define SMTP_MEMORY_FRESH ((int64_t)10000)
bool smtp_memory_is_fresh(const char *address, uint16_t port, int64_t now);
