/*
 * smtpd_verify - may this client use its sender (SPF)?
 *
 * The program seal is asked at MAIL.  With `spf_policy = reject` MAIL waits for
 * the answer; with `mark` or `hold` nothing waits before the end of the
 * message, and then no longer than VERIFY_MARK_PATIENCE where it is for a mark
 * alone.  A seal that is dead, or does not answer in time, has said
 * "temperror": with `reject` that is 451, never 550.
 *
 * Nobody is asked about local programs, mynetworks, this host itself and
 * spf_exempt_clients, nor where master.conf has no section for seal.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "smtpd_session.h"

#define VERIFY_PATIENCE      ((int64_t)45000)
#define VERIFY_MARK_PATIENCE ((int64_t)5000)

struct smtpd_conn;

enum verify_wait {
	VERIFY_NOBODY,
	VERIFY_MAIL, /* the answer to MAIL */
	VERIFY_END,  /* that to the end of the data */
};

/* Part of a connection; about its transaction.  All zero: nothing asked. */
struct smtpd_verify {
	const struct chan *to; /* NULL: no question is open */
	struct loop_timer timer;
	uint32_t question;
	enum verify_wait waits;
	bool failed;         /* the client may not use its sender */
	const char *results; /* for Authentication-Results; NULL: not known */
	uint8_t result;      /* enum spf_result, and the domain that it is of */
	const char *domain;  /* NULL: not known */
};

/* Before the rights are given up.  Ends in log_fatal where a list is wrong, or
 * spf_policy is "reject" or "hold" and there is nobody to ask. */
void smtpd_verify_open(void);

/* At MAIL: asks, and answers later (smtpd_conn_answer()) where MAIL waits. */
struct smtpd_verdict smtpd_verify_mail(struct smtpd_conn *c);

/* At the end of the data: later (smtpd_conn_verified()) where the answer is
 * still to come. */
struct smtpd_verdict smtpd_verify_end(struct smtpd_conn *c);

/* What fails is to be kept back. */
bool smtpd_verify_holds(void);

/* The transaction is over. */
void smtpd_verify_drop(struct smtpd_conn *c);

/* What arrives from seal, and its end. */
chan_fn smtpd_verify_answered;
void smtpd_verify_peer_ended(const struct chan *chan);
