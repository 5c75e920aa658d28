/*
 * smtpd_ask - questions to the lookup program.
 *
 * Every question has a deadline; a lookup program that dies fails what it was
 * asked.  Whoever exists is remembered for a short while; that somebody does
 * not exist is asked anew each time, so that a new account works at once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "msg.h"

#define ASK_PATIENCE ((int64_t)10000)

/* value is that of msg.h's lookup_kind, "" where nothing was found. */
typedef void smtpd_ask_fn(void *owner, enum found found, const char *value);

/* Asks: calls back later, and gives the number of the question; or 0 where the
 * answer is known now, in *found and *value (until the next call). */
MUST_CHECK uint32_t smtpd_ask(enum lookup_kind kind, const char *key,
    smtpd_ask_fn *fn, void *owner, enum found *found, const char **value);

/* The question is not answered any more; 0 is none. */
void smtpd_ask_drop(uint32_t *question);

/* What arrives from the lookup program, and its end. */
chan_fn smtpd_ask_answered;
void smtpd_ask_peer_ended(const struct chan *c);
