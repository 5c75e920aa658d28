/*
 * smtp_request - what qmgr asks for, and what is kept of it until it is over.
 * Inner part of smtp_job.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "list.h"
#include "msg.h"
#include "query.h"
#include "smtp_conn.h"
#include "smtp_resolve.h"

/* What a recipient is besides what the engine knows. */
struct place {
	uint32_t index; /* qmgr's number */
	const char *orig;
	const char *relay; /* who said the fate */
	struct dsn kept;   /* what the hosts before said */
	const char *kept_relay;
};

struct job {
	struct list link;
	struct arena arena;
	struct chan *from; /* NULL: nobody to report to */
	uint32_t stream;
	const char *id, *nexthop;
	int64_t arrived, queued, started; /* wall clock */
	bool probe;
	bool tell_hosts;    /* qmgr wants to know which, before one is tried */
	bool asking;        /* it was told, and has not answered yet */
	const char *via;    /* the alias that all recipients came from, or "" */
	bool forwarded;     /* all of them, or none */
	struct query query; /* to seal, about that */
	uint64_t head_at, head_len; /* where the fields in front lie */
	int fd;
	struct smtp_mail mail;
	struct place *places; /* beside mail.rcpts */
	struct smtp_conn *conn;
	struct smtp_resolve resolve;
	bool resolving, resolved;
	size_t lacking; /* hosts that cannot do what the message insists on */
	size_t next;    /* host to try */
	int64_t addresses, sessions;
	const char *visited;  /* address of the idle connection that was used */
	struct dsn unreached; /* why the last host could not be reached */
	const char *said;     /* the last reason that was logged */
};

/* Takes the recipients, records job_rcpt.  False: they are malformed, or there
 * is none. */
MUST_CHECK bool smtp_request_rcpts(struct job *j, struct slice records);

/* Reads the header fields that stand in front of the content (they lie behind
 * it in the file), and with them the content of a small message.  False: it
 * cannot be read. */
MUST_CHECK bool smtp_request_message(struct job *j, const struct msg_job *m);

/* Header fields in front of all others. */
void smtp_request_put_on_top(struct job *j, struct slice fields);
