/*
 * auth_dovecot - the client's side of Dovecot's authentication protocol
 * (version 1), as a pure engine: lines in, lines out.
 *
 * One connection carries all dialogues, each by a number that we choose.  What
 * Dovecot says is checked line by line: a line that is malformed or too long is
 * the end of the connection, commands that we do not know are passed over, as
 * the protocol wants it.
 *
 * All that clients say travels as base64, and lines are kept shorter than the
 * oldest Dovecot takes: no client can end the connection of all others.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "msg.h"

/* Bytes of a line of Dovecot's, and of ours with its end. */
#define DOVECOT_LINE_MAX ((size_t)32768)
#define DOVECOT_SAID_MAX ((size_t)8192)

/* What Dovecot says of a dialogue. */
struct dovecot_answer {
	uint32_t id;
	enum auth_verdict verdict;
	struct slice challenge; /* AUTH_MORE: octets */
	const char *user;       /* as far as it is told; "" */
	const char *why;        /* AUTH_NO, AUTH_LATER */
};

struct dovecot_calls {
	void (*ready)(void *owner); /* the mechanisms are known */
	void (*answered)(void *owner, const struct dovecot_answer *a);
};

/* All zero but for calls, owner, out and perhaps before is a connection that
 * begins. */
struct dovecot {
	const struct dovecot_calls *calls;
	void *owner;
	struct buf *out;  /* where lines for Dovecot go; the owner's */
	struct buf mechs; /* records auth_mech */
	/* Those of the connection before, if any: dialogues may begin by them
	 * until Dovecot has said its own. */
	struct buf before;
	bool versioned;    /* Dovecot has told its version */
	bool ready;        /* and its mechanisms */
	const char *fault; /* static; why the connection is over, or NULL */
};

void dovecot_greet(struct dovecot *d, uint32_t pid);
void dovecot_free(struct dovecot *d);

/* Takes whole lines and tells how many bytes that were; with d->fault set, the
 * rest is of no use. */
MUST_CHECK size_t dovecot_input(struct dovecot *d, const char *bytes, size_t n);

/* Begins a dialogue, or carries it on; false, and nothing is said, where that
 * is not possible: the mechanism is none of Dovecot's, or the line would be too
 * long. */
MUST_CHECK bool dovecot_begin(struct dovecot *d, uint32_t id,
    const struct msg_auth_begin *m);
MUST_CHECK bool dovecot_continue(struct dovecot *d, uint32_t id,
    struct slice response);

/* Nobody waits for it any more. */
void dovecot_cancel(struct dovecot *d, uint32_t id);
