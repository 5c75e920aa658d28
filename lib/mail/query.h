/*
 * query - questions to other programs of ours that are open.
 *
 * A query has a number of ours until its answer comes, its time is over, or its
 * peer is gone; in the two latter cases failed() is called, once.  Where there
 * is no peer, because it is being started again, the question waits for the
 * next one.
 *
 *	m.stream = query_open(&x->query, wait, failed);
 *	msg_put_ask(&packet, &m);
 *	query_send(&x->query, ROLE_LOOKUP, &packet, -1);
 *	...
 *	struct query *q = query_take(c, answer.stream);
 *
 * A struct query stands in its owner; all zero is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "msg.h"

struct query {
	struct loop_timer timer;
	void (*failed)(struct query *q, const char *why);
	struct chan *to; /* NULL: it waits for one */
	struct buf held; /* the packet that waits */
	enum role role;  /* for whom it is */
	uint32_t number; /* 0: none is open */
	int mail;        /* goes with it, borrowed; -1 none */
};

/* Opens it, for `wait` milliseconds; gives its number. */
uint32_t query_open(struct query *q, int64_t wait,
    void (*failed)(struct query *q, const char *why));

/* Sends it, or keeps it for the next program of that role. */
void query_send(struct query *q, enum role role, const struct buf *packet,
    int mail);

/* Whose answer this is, closed now; NULL where nobody waits for it. */
struct query *query_take(const struct chan *c, uint32_t number);

/* Closes it: nobody waits for its answer any more. */
void query_drop(struct query *q);

/* A peer is there: what waits for it goes out.  A peer is gone: what it was
 * asked fails. */
void query_peer(struct chan *c);
void query_peer_ended(struct chan *c);
