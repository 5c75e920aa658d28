/*
 * smtp_sts - MTA-STS policies of domains (RFC 8461), asked of the program sts
 * for the plans of connections (smtp_plan), and remembered for some seconds.
 *
 * Where the program is not part of the system no domain has a policy; where it
 * is and cannot answer, mail waits.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "sts_policy.h"

/* From now on plans ask here. */
void smtp_sts_open(void);

/* What was last said of a domain, NULL where nothing was; good until the next
 * call here. */
struct smtp_sts {
	struct sts_policy policy;
	const char *id; /* "": no policy */
};
const struct smtp_sts *smtp_sts_of(const char *domain);

/* The rule's handler: sts_said; and a channel that begins or ends. */
bool smtp_sts_said(struct chan *c, const void *body, size_t len, int fd);
void smtp_sts_peer(struct chan *c);
void smtp_sts_peer_ended(struct chan *c);
