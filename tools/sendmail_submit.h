/*
 * sendmail_submit - hands a message to the running system over its submission
 * socket, by SMTP.  The kernel tells the server which user is at this end.
 *
 * Blocking, with a time limit for each reply.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "sendmail_mail.h"

enum submit_result {
	SUBMIT_LATER, /* nobody there, or it cannot take it now */
	SUBMIT_TAKEN,
	SUBMIT_REFUSED, /* text says why */
};

struct submit {
	enum submit_result result;
	size_t refused;  /* recipients */
	struct buf text; /* what the server said: a line for each refusal, or of
			    what went wrong */
};

void submit_free(struct submit *s);

/* Connects to run_directory/submit; -1 with errno. */
MUST_CHECK int submit_connect(void);

/* Sends the content, canonical lines, to the recipients that are not refused.
 * Takes the socket over. */
void submit_mail(struct submit *s, int sock, const struct sendmail_mail *m,
    const struct buf *content);

/* Carries bytes between standard input and output and the socket until the
 * server ends it (-bs).  -1 with errno. */
MUST_CHECK int submit_relay(int sock);
