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

struct smtpd_question;

/* Asks: calls back later, and gives the question; or NULL where the answer is
 * known now, in *found and *value (until the next call). */
MUST_CHECK struct smtpd_question *smtpd_ask(enum lookup_kind kind,
    const char *key, smtpd_ask_fn *fn, void *owner, enum found *found,
    const char **value);

/* The question is not answered any more; NULL is none. */
void smtpd_ask_drop(struct smtpd_question **q);

/* What arrives from the lookup program. */
chan_fn smtpd_ask_answered;
