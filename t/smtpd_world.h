/*
 * The world of an SMTP session under test: a client that cuts its bytes
 * anywhere, a program that answers at once or later, a clock that is moved.
 *
 *	struct world w = { 0 };
 *	world_open(&w);
 *	world_say(&w, "EHLO me\r\n", 0);
 *	world_codes(&w, out);
 *	world_close(&w);
 *
 * The program refuses recipients called "unknown", finds those called "slow"
 * later, and "full" never has room for the content.  ETRN is fine but for
 * "other.test", and "slow.test" is answered later.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

struct world {
	struct smtpd_session s;
	struct buf kept;            /* what the engine did not take */
	struct buf said;            /* what the client heard */
	struct buf content;         /* of the transaction */
	struct buf mails;           /* of all transactions: "<from> content|" */
	struct smtpd_verdict later; /* the answer to what was put off */
	bool end_later;             /* the end is answered later */
	bool spoil;                 /* the content is lost */
	bool no_tls;                /* there is no certificate */
	uint32_t auth_drops;        /* dialogues that were dropped */
};

/* Sets the parameters that the engine reads to their defaults. */
void world_params(void);

/* A session that was greeted; its clock is world_now. */
extern int64_t world_now;
void world_open(struct world *w);
void world_close(struct world *w);

/* The client sends n bytes, `piece` at a time (0: at once). */
void world_send(struct world *w, const char *bytes, size_t n, size_t piece);
void world_say(struct world *w, const char *text, size_t piece);

/* Time passes; deadlines fall due. */
void world_wait(struct world *w, int64_t ms);

/* The reply codes heard since the last call, parted by blanks. */
void world_codes(struct world *w, struct buf *out);

/* The log since the last world_log_clear(). */
extern struct buf world_log;
void world_log_clear(void);
