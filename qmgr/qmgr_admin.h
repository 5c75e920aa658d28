/*
 * qmgr_admin - the socket run_directory/queue, on which mqueue asks.
 *
 * Root and our own users may ask for everything; others may list, with senders
 * and recipients hidden, and flush.  Long lists are answered piece by piece, at
 * the pace of who reads them.
 *
 * A q_ask is a verb and its arguments:
 *
 *	list [ID...]      q_line: QLINE_MAIL and QLINE_RCPT for each message
 *	flush [ID|DOMAIN...]
 *	hold, release, delete, bounce, requeue ID...
 *	books             q_line QLINE_TEXT: "name value" each
 *	ids               q_line QLINE_TEXT: "ID recipients" of every message
 *
 * q_done carries an exit code of sysexits(3), and how many messages it was
 * done to, or what is wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

/* Learns who our users are, before the rights are given up. */
void admin_open(void);

/* Accepts on this socket; and no more, where questions that are open end
 * unanswered. */
void admin_listen(int fd, const char *address);
void admin_stop(void);

/* Questions that are not answered yet. */
uint32_t admin_busy(void);
