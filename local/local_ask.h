/*
 * local_ask - questions to lookup and deliver that are open.
 *
 * A question has a number of ours until its answer comes, its time is over, or
 * its peer is gone; in the two latter cases failed() is called, once.  Where
 * there is no peer, because it is being started again, the question waits for
 * the next one.
 *
 *	m.stream = local_ask_open(&x->ask, wait, failed);
 *	msg_put_ask(&packet, &m);
 *	local_ask_send(&x->ask, ROLE_LOOKUP, &packet, -1);
 *	...
 *	struct local_ask *q = local_ask_take(c, answer.stream);
 *
 * A struct local_ask stands in its owner; all zero is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "msg.h"

struct local_ask {
	struct loop_timer timer;
	void (*failed)(struct local_ask *q, const char *why);
	struct chan *to; /* NULL: it waits for one */
	struct buf held; /* the packet that waits */
	enum role role;  /* for whom it is */
	uint32_t number; /* 0: none is open */
	int mail;        /* goes with it, borrowed; -1 none */
};

/* Opens it, for `wait` milliseconds; gives its number. */
uint32_t local_ask_open(struct local_ask *q, int64_t wait,
    void (*failed)(struct local_ask *q, const char *why));

/* Sends it, or keeps it for the next program of that role. */
void local_ask_send(struct local_ask *q, enum role role,
    const struct buf *packet, int mail);

/* Whose answer this is, closed now; NULL where nobody waits for it. */
struct local_ask *local_ask_take(const struct chan *c, uint32_t number);

/* Closes it: nobody waits for its answer any more. */
void local_ask_drop(struct local_ask *q);

/* A peer is there: what waits for it goes out.  A peer is gone: what it was
 * asked fails. */
void local_ask_peer(struct chan *c);
void local_ask_peer_ended(struct chan *c);
