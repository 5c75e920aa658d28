/*
 * pump - moves bytes between a stream socket and a protocol engine.
 *
 * An engine is given bytes and a clock and gives bytes and wishes; it never
 * touches the socket.  It shares a struct port with its pump: it appends to
 * port.out and sets the wishes, and the pump carries them out after each call
 * into the engine (or pump_kick(), when the engine was moved by something else:
 * an answer from another process).
 *
 * The receive buffer belongs to the process, not to the connection; what an
 * engine does not take is kept for it and given again with more behind.  Output
 * of one call is sent with one send; nothing stays allocated for an idle
 * connection.
 *
 * An engine that agrees on TLS with its peer (STARTTLS) wishes port.tls behind
 * its last word in clear: when that has gone out, the pump asks for the TLS
 * connection by secure(), shakes hands, and calls secured(); what the engine
 * sees is plain bytes before and after.  It is given nothing in between, and
 * what the peer sent in clear behind the agreement ends the connection: nobody
 * can slip words in front of those that were sent under TLS.
 *
 * Order of the wishes: out first, then the file, then out_tail, then tls or
 * closing.  A deadline that is not met by then ends a closing connection too.
 *
 * The peer's end is told when the engine is not paused, has had every byte and
 * all output has gone out: a client that says all it has to say and closes its
 * side gets its answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/types.h>
#include <sys/types.h>

#include "buf.h"
#include "loop.h"

#define PUMP_CHUNK    ((size_t)65536)   /* the receive buffer of the process */
#define PUMP_KEPT_MAX ((size_t)1 << 20) /* more than any engine may leave */
#define PUMP_GRACE    (10 * (int64_t)1000) /* for a farewell, milliseconds */
#define PUMP_LINGER   (2 * (int64_t)1000)

enum pump_end {
	PUMP_END_PEER,  /* the peer closed in order */
	PUMP_END_ERROR, /* reset, or a failing read or write; see errno text */
	PUMP_END_TIMEOUT, /* the port's deadline passed */
	PUMP_END_TLS,     /* no agreement on TLS, or a broken record: see the
			     pump's `why` */
	PUMP_END_CLOSED,  /* the engine wished it, and all output was sent */
};

struct port {
	struct buf out; /* bytes for the peer */
	int file;       /* with file_left > 0: sent after out; borrowed */
	off_t file_at;
	uint64_t file_left;
	struct buf out_tail; /* bytes behind the file */
	int64_t deadline;    /* loop_now() when the engine's timeout is called;
				0 is never */
	bool paused;         /* take no input for now */
	bool closing;        /* close when all is sent */
	bool tls;    /* shake hands when all is sent; the pump takes it back */
	bool linger; /* with closing: the peer may still be talking; throw that
			away for a while, because closing with unread input
			resets the connection and takes our last words with
			it.  Set by the pump itself where input is left. */
};

struct pump_engine {
	/* Bytes from the peer, at least one: gives how many were taken.  What
	 * is not taken comes again when more has come, or when a pause ends. */
	size_t (*input)(void *engine, const char *bytes, size_t n);

	/* All output has gone out (asked for when the engine has a long output
	 * to give piece by piece); may be NULL. */
	void (*drained)(void *engine);

	/* The deadline passed.  An engine that still wants to speak appends to
	 * out and sets closing; one that gives itself more time moves the
	 * deadline; NULL, or nothing done, ends with PUMP_END_TIMEOUT. */
	void (*timeout)(void *engine);

	/* port.tls was wished: gives the connection, with its side set, which
	 * the pump will free.  NULL, or no such call, ends with
	 * PUMP_END_TLS. */
	SSL *(*secure)(void *engine);

	/* Hands were shaken (pump.ssl tells how); may be NULL. */
	void (*secured)(void *engine);

	/* The last call: the pump has closed the socket and forgets the
	 * engine, which may be freed with the pump. */
	void (*ended)(void *engine, enum pump_end how, int error);
};

struct pump {
	struct loop_watch watch;
	struct loop_timer timer;
	const struct pump_engine *calls;
	void *engine;
	struct port *port;
	void (*connected)(void *engine);
	struct buf kept; /* input that the engine has not taken */
	int fd;
	bool connecting;
	bool *gone;       /* inside a call of the engine: no re-entry */
	bool offer;       /* kept is to be given again when a pause ends */
	bool held;        /* input has come during a pause */
	bool owed;        /* drained() is to be called */
	bool peer_done;   /* the peer sent its end */
	bool lingering;   /* all is sent; waiting for the peer to fall silent */
	int send_error;   /* sending failed; what can be read still is */
	SSL *ssl;         /* NULL: in clear */
	struct buf stuck; /* given to TLS, which could not send it yet */
	const char *why;  /* of PUMP_END_TLS; static */
	bool shaking;     /* hands are not shaken yet */
	bool more;        /* TLS may hold input that no event announces */
	uint8_t tls_reads;  /* what reading and writing wait for, as */
	uint8_t tls_writes; /* enum loop_want bits: TLS may need the other */
	uint64_t got, sent; /* bytes, for figures */
};

/* Takes the connected socket (non-blocking) over.  The port and the engine must
 * live until ended() was called, which may be before this returns. */
void pump_start(struct pump *p, int fd, struct port *port,
    const struct pump_engine *calls, void *engine);

/* The same for a socket whose connect() is under way: the first call of the
 * engine is connected() at success, ended() with PUMP_END_ERROR else. */
void pump_start_connecting(struct pump *p, int fd, struct port *port,
    const struct pump_engine *calls, void *engine,
    void (*connected)(void *engine));

/* Carries out what the port wishes now; ended() may be called.  Inside a call
 * of the same engine it does nothing: that call's end does it. */
void pump_kick(struct pump *p);

/* Closes at once without calling the engine; what the port held is freed.
 * Allowed at any time, also inside a call of the engine and twice. */
void pump_abort(struct pump *p);
