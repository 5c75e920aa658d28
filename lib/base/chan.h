/*
 * chan - one end of a packet socket to another of our programs.
 *
 * A packet is a message: 32 bits type, then its fields (lib/mail/msg.h),
 * and at most one descriptor.  What is sent in a round of the loop goes out
 * together at its end (sendmmsg); what arrives is taken in batches.  A full
 * socket is waited for; the queue of a chan is bounded by its user looking
 * at chan_waiting().
 *
 * The receiving program has a table: which message, from whom.  A message that
 * is malformed, unknown or not allowed closes this chan, calls ended and is
 * logged; it never ends the receiving process.
 *
 * ended is called once, at the end of the round, after everything that the peer
 * had sent was handled; the chan is closed by then and may be freed inside.
 *
 * A message whose descriptor could not be received because this process has no
 * more is handled with -1.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "list.h"
#include "loop.h"

#define CHAN_PACKET_MAX ((size_t)131072)

struct chan;

/* The handler takes the descriptor over (or -1), and gives false where the
 * message is not acceptable. */
typedef bool chan_fn(struct chan *c, const void *body, size_t len, int fd);

struct chan_rule {
	uint32_t type;
	uint32_t from; /* bits of roles that may send it: 1u << enum role */
	chan_fn *answer;
};

struct chan {
	struct loop_watch watch;
	struct list link;  /* for the owner's list of peers */
	struct list dirty; /* among those with something to send */
	const struct chan_rule *rules;
	size_t n_rules;
	void (*ended)(struct chan *c); /* the peer is gone; the owner frees */
	void *owner;                   /* what the program keeps with it */
	const char *name;              /* of the peer, for the log; static */
	uint32_t role;                 /* who is at the other end */
	struct list packets;           /* waiting to go out */
	size_t waiting;                /* bytes of them */
	int fd;
	bool open;
	bool full;   /* waiting until the socket can be written */
	bool paused; /* nothing is read */
	bool deaf;   /* the peer takes nothing more; what it sent is read */
	bool broken; /* ended is due at the end of the round */
};

/* Takes the socket (non-blocking) over.  Keeps c->link and c->owner. */
void chan_start(struct chan *c, int fd, uint32_t role, const char *name,
    const struct chan_rule *rules, size_t n_rules,
    void (*ended)(struct chan *c));

/* Queues a packet; the descriptor (or -1) is duplicated by the kernel when it
 * goes out: with `give` the chan closes it afterwards, else the caller keeps it
 * open until the end of the round at least.  To a peer that is gone nothing is
 * sent, and ended tells of it. */
void chan_send(struct chan *c, const struct buf *packet, int fd, bool give);

/* Bytes that wait to go out. */
size_t chan_waiting(const struct chan *c);

/* Reads nothing for a while: the peer's packets wait in the socket, and then
 * with the peer.  What had been read in this round still comes. */
void chan_pause(struct chan *c, bool pause);

/* Sends what it can now. */
void chan_flush(struct chan *c);

/* Closes without calling ended, and without sending what waits.  Allowed at any
 * time, also in a handler, in ended and twice; c may be freed after it. */
void chan_stop(struct chan *c);

/* For the rare question whose answer must be waited for inside of an event:
 * says one packet now, and hears until one of the type comes (its whole
 * packet) or the monotonic clock says `until`.  What else comes is handled
 * by the rules; that must not lead to another such question. */
MUST_CHECK bool chan_say_now(struct chan *c, const struct buf *packet);
MUST_CHECK bool chan_hear_now(struct chan *c, uint32_t type, int64_t until,
    struct buf *packet);

/* A connected pair of packet sockets, close-on-exec, non-blocking, with room
 * for big packets; -1 with errno. */
MUST_CHECK int chan_pair(int fds[2]);

/* Blocking use, for commands: one packet out, one packet in within a time in
 * milliseconds (-1: for ever); -1 with errno (ETIMEDOUT, EPIPE at the end).
 * *fd is the descriptor that came with the packet, or -1. */
MUST_CHECK int chan_send_now(int sock, const struct buf *packet, int fd);
MUST_CHECK int chan_get_now(int sock, struct buf *packet, int *fd,
    int64_t wait);
