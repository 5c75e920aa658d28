/*
 * smtp_forward - what is changed in mail that is forwarded
 * (lib/mail/forward.h), before it is sent.
 *
 * The signing seal says who its sender is at the next host, and what is put
 * on top of it.  Nothing of that is kept: the queue has the true sender, to
 * whom our own notifications go.  Where seal does not answer the mail
 * waits.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_request.h"

/* Asks, and calls then() later: why is NULL where all is done, and else says
 * what is wrong.  False: there is nothing to be asked. */
typedef void smtp_forward_fn(struct job *j, const char *why);
MUST_CHECK bool smtp_forward_ask(struct job *j, smtp_forward_fn *then);

/* What arrives from seal. */
chan_fn smtp_forward_answered;
