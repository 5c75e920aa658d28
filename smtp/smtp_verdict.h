/*
 * smtp_verdict - what a reply to RCPT says of the recipient.
 *
 * A host that refuses may mean the recipient, or us: our address on a list, no
 * permission to relay, its own trouble.  Only the first makes an address
 * unknown for all senders, so in doubt nothing is known:
 *
 *	2xx                                  it exists
 *	550 551 553 with 5.1.x               it does not, unless the code speaks
 *	                                     of the sender (5.1.7, 5.1.8)
 *	550 without an enhanced code         it does not, unless the text has a
 *	                                     word of those that refuse a client
 *	all else                             nothing is known
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"
#include "smtp_reply.h"

enum vetted smtp_verdict(const struct smtp_reply *r);
