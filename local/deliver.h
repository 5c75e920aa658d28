/*
 * deliver - what the delivery programs share: one message, one place for it,
 * and what became of it.
 *
 * All that delivers runs in a child that has become the user; it blocks, and
 * gives its result by filling in a struct deliver_result.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/types.h>

#include "buf.h"
#include "dsn.h"
#include "msg.h"

/* Bytes of a command's output that are kept for the log. */
#define DELIVER_OUTPUT_MAX ((size_t)1000)

/* A .forward file or list may be this long: it fits into one packet. */
#define DELIVER_FORWARD_MAX ((size_t)120000)

struct deliver_result {
	enum outcome outcome;
	char status[DSN_STATUS_MAX];
	struct buf text;
	struct buf answer; /* what stands in a .forward file or list */
	bool by_forward;   /* all this is about such a file */
};

/* A message, its place, and what becomes of it. */
struct deliver_mail {
	struct msg_deliver m;
	int file; /* the message's; -1 for a .forward file */
	struct deliver_result result;
};

/* Who the child is. */
struct deliver_user {
	const char *name; /* "" for a virtual mailbox */
	const char *home;
	const char *shell;
	uid_t uid;
	gid_t gid;
};

/* Fills in the result: printable text, as a format. */
void deliver_say(struct deliver_result *r, enum outcome outcome,
    const char *status, const char *fmt, ...) PRINTFLIKE(4, 5);

/* Fills it in from errno: later, but for a mailbox that would pass its limit
 * (EFBIG).  "what: path: reason". */
void deliver_say_error(struct deliver_result *r, const char *what,
    const char *path);

/* Size of the message as it will be written, at most. */
uint64_t deliver_size(const struct msg_deliver *m);

/* ---- the places ---- */

/* All for one Maildir; what has a result already is left out. */
void deliver_maildir(struct deliver_mail *mails, size_t n);

/* DELIVER_MBOX, and DELIVER_FILE, which may also be /dev/null and whose folder
 * need not let us make a dotlock. */
void deliver_mbox(const struct msg_deliver *m, int mail,
    struct deliver_result *r);

void deliver_command(const struct msg_deliver *m, int mail,
    const struct deliver_user *user, struct deliver_result *r);

/* The first file of the list of paths that is there and, where it is strict,
 * that nobody else could have written.  OUTCOME_NONE: none is there. */
void deliver_forward(const char *paths, bool strict,
    const struct deliver_user *user, struct deliver_result *r);

/* ---- the child ---- */

/* Becomes the user that the request names, for good; root is nobody's mailbox.
 * False where the result says why not. */
bool deliver_become(const struct msg_deliver *m, struct deliver_user *user,
    struct deliver_result *r);

/* Delivers, as that user.  Several are of one kind and for one place. */
void deliver_as(struct deliver_mail *mails, size_t n,
    const struct deliver_user *user);

/* Whether it needs the group of the mail spool, whose folder it may write. */
bool deliver_in_spool(const struct msg_deliver *m);

void deliver_put_result(struct buf *out, uint32_t stream,
    const struct deliver_result *r);
