/*
 * sendmail_mail - what a local program hands to sendmail: its text made
 * canonical, its recipients, its header completed.
 *
 * Pure but for sendmail_read().
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "arena.h"
#include "buf.h"
#include "lines.h"

struct sendmail_mail {
	struct arena arena;
	const char *sender; /* internal form, "" is the null sender */
	const char *fullname;
	const char **rcpts; /* internal form */
	size_t n_rcpts, room;
	struct buf bad; /* what was no address, for an error message */

	struct buf text; /* canonical lines */
	struct lines lines;
	size_t line;   /* where the line under way begins */
	bool dot_ends; /* a line with a dot alone ends the text */
	bool over;     /* it came */
};

void sendmail_free(struct sendmail_mail *m);

/* Adds the recipients of a command line's argument or a field's value,
 * completed (append_at_myorigin ...); false where a part of it is no address.
 */
MUST_CHECK bool sendmail_add_rcpts(struct sendmail_mail *m, struct slice value);

/* The sender of -f: an address, "" or "<>". */
MUST_CHECK bool sendmail_set_sender(struct sendmail_mail *m, const char *value);

/* More of the text; nothing behind the end is taken. */
void sendmail_add_text(struct sendmail_mail *m, const char *bytes, size_t n);

/* All of it from a descriptor, at most `limit` bytes (0: any number).  -1
 * with errno, EFBIG where there is more. */
MUST_CHECK int sendmail_read(struct sendmail_mail *m, int fd, uint64_t limit);

/* The text as it is sent: a line of mbox in front of the header is left out,
 * a missing From field put in; with `extract` (-t) the recipients of To, Cc
 * and Bcc are added, or of their Resent- forms where there are any, and Bcc
 * is left out.  False with why. */
MUST_CHECK bool sendmail_compose(struct sendmail_mail *m, bool extract,
    struct buf *out, const char **why);

/* A display name as a header field has it: RFC 5322 phrase or RFC 2047. */
void sendmail_put_name(struct buf *out, const char *name);
