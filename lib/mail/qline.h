/*
 * qline - what is said of a queued message: by qmgr to mqueue, and by mqueue to
 * itself from the files where qmgr is down.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"
#include "spool.h"

/* What stands in a q_line. */
enum qline_kind {
	QLINE_MAIL = 1, /* one q_mail */
	QLINE_RCPT,     /* q_rcpt, one behind the other, of the last q_mail */
	QLINE_TEXT,     /* a str for the user */
};

/* Where a recipient waits, as far as it is known. */
struct qline_where {
	const char *transport, *nexthop; /* or "" */
	const char *reason;              /* where it was not tried itself */
	uint32_t attempts;
	int64_t next_retry;
	int64_t down; /* since then its next hop is not reached; 0: it is */
};

/* True for recipients that stand in the lists: queued, or failed and their
 * sender not yet told. */
bool qline_listed(const struct spool_rcpt *r);

/* Records; `hidden` leaves sender and recipients out, for users who may not see
 * them. */
void qline_put_mail(struct buf *out, const struct spool_message *m,
    const char *queue, bool hidden);
void qline_put_rcpt(struct buf *out, const struct spool_rcpt *r,
    const struct qline_where *where, bool hidden);
