/*
 * sts_reports - what report needs of the net: who wants reports about TLS
 * (RFC 8460 3), and the way by HTTPS to those who want them so.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The rules' handlers: rua_ask and post. */
bool sts_reports_rua(struct chan *c, const void *body, size_t len, int fd);
bool sts_reports_post(struct chan *c, const void *body, size_t len, int fd);

void sts_reports_peer_ended(struct chan *c);

/* Questions and requests under way. */
size_t sts_reports_open(void);
