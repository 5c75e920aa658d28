/*
 * callout_vet - questions of smtpd about recipients, answered from the cache or
 * by a probe.
 *
 * A good answer of the cache is used at once, and asked for again behind the
 * client's back once it is old; an old bad one is asked for again first, so
 * that a new account works as soon as it is known, and holds where no host
 * answers.
 * Questions about the same address are one probe.  Each asker gets an answer
 * within the patience of address_verify_poll_*: VETTED_UNKNOWN where the probe
 * takes longer, whose result is kept all the same.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"

/* The rules' handlers: vet of smtpd, probe_done of smtp. */
bool callout_vet_ask(struct chan *c, const void *body, size_t len, int fd);
bool callout_vet_probed(struct chan *c, const void *body, size_t len, int fd);

void callout_vet_peer_ended(struct chan *c);

/* Questions and probes that are open. */
size_t callout_vet_open(void);
