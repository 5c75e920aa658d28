/*
 * seal_verdict - what becomes of a message, by the wish of its From domain
 * (DMARC, RFC 7489), once all is known about it.
 *
 * `dmarc_policy = mark` says so in Authentication-Results and no more.  With
 * `enforce` what fails is refused or held as its domain wishes; where the wish
 * or a proof cannot be asked for now, the answer is "later", never "no".  A
 * chain of trusted ARC sealers that saw a pass stands for one, and what comes
 * from dmarc_exempt_clients is only marked.  dkim_verify may ask for more: that
 * of the signatures of a message one is good.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_verify.h"
#include "msg.h"
#include "seal_arc.h"
#include "seal_dmarc.h"

/* What is known, all of it borrowed. */
struct seal_case {
	const char *id;
	const char *client;
	const char *sender; /* "" is null */
	enum spf_result spf;
	const char *spf_domain;
	const struct dkim_verify *dkim;
	const struct seal_dmarc *dmarc;
	const struct arc *arc;
};

/* Before the rights are given up; ends in log_fatal where a list is wrong. */
void seal_verdict_open(void);

/* Whether doubt about a message puts it off. */
bool seal_verdict_enforces(void);

/* Appends the results of ARC and DMARC, and fills in what is to be done; text
 * lives in the arena. */
void seal_verdict(const struct seal_case *c, struct arena *a,
    struct buf *results, struct msg_judged *out);
