/*
 * pump_parts - what a pump is made of, beside pump.c: what goes out, and the
 * records of TLS.
 *
 * pump_tls_... give bytes, or -1 with errno: EAGAIN where TLS waits for it
 * (p->tls_reads and p->tls_writes then say what for), EPROTO with p->why where
 * the connection is of no more use.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/uio.h>

#include "pump.h"

/* Something waits to go out. */
bool pump_output_waits(const struct pump *p);
void pump_forget_output(struct pump *p);

/* Nothing is to be heard any more when all is sent: the socket is closed. */
bool pump_ends_with_output(const struct pump *p);

/* Sends until all is gone or the socket is full; p->send_error then tells of a
 * failure.  A peer that has closed may have said why before: what it sent is
 * still read. */
void pump_send_all(struct pump *p);

/* Takes the connection over for the pump's socket; false where there is none,
 * or no memory for it. */
MUST_CHECK bool pump_tls_start(struct pump *p, SSL *ssl);

/* A step of the handshake: done, waiting, or failed (with p->why). */
MUST_CHECK enum match pump_tls_shake(struct pump *p);

/* Input, at most n bytes; 0 at the peer's end.  p->more tells that there is
 * more which no event will announce. */
MUST_CHECK ssize_t pump_tls_recv(struct pump *p, char *bytes, size_t n);

/* One record of what the parts hold, or of what is stuck from the last call.
 * What could not be sent yet is kept in p->stuck and counts as given. */
MUST_CHECK ssize_t pump_tls_send(struct pump *p, const struct iovec *parts,
    size_t n);
MUST_CHECK ssize_t pump_tls_flush(struct pump *p);

/* Tells the peer in order that nothing more comes, as far as that goes without
 * waiting. */
void pump_tls_goodbye(struct pump *p);

void pump_tls_free(struct pump *p);
void pump_tls_drop(SSL *ssl);
