/*
 * smtp_client - the client's side of SMTP, as an engine without a socket.
 *
 *	smtp_client_start(c, &setup)     expects the greeting
 *	smtp_client_send(c, &mail)       as soon as it likes
 *	smtp_client_input(c, ...)        what the server says
 *	    until mail.over              every recipient has its fate
 *	    and c->state is SMTP_IDLE    then the next mail, or
 *	smtp_client_quit(c)
 *
 * Output and deadline are in c->port; `now` is set by the owner before each
 * call.  The connection is over when c->state is SMTP_CLOSED: what was not yet
 * decided is decided then.
 *
 * The fate of a recipient: SENT and BOUNCE are final; DEFER may be tried at the
 * next host.  `fault` is FAULT_DESTINATION where the host could not be talked
 * with at all, FAULT_MESSAGE where it did not want this.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dsn.h"
#include "pump.h"
#include "smtp_content.h"
#include "smtp_reply.h"

enum smtp_stage {
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_READY, /* between messages */
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY,
	SMTP_RSET,
	SMTP_STAGES,
};

enum smtp_state {
	SMTP_BUSY,
	SMTP_IDLE, /* greeted, and no mail in hand */
	SMTP_CLOSED,
};

/* Extensions of the server (RFC 5321 2.2). */
enum smtp_extension {
	SMTP_EXT_SIZE = 1 << 0,
	SMTP_EXT_PIPELINING = 1 << 1,
	SMTP_EXT_8BITMIME = 1 << 2,
};

struct smtp_rcpt {
	const char *address; /* internal form */
	struct dsn fate;     /* OUTCOME_NONE: to be tried */
	bool accepted;       /* by RCPT */
	bool tried;          /* is part of this attempt */
};

struct smtp_mail {
	const char *sender; /* internal form, "" is null */
	uint64_t size;
	struct smtp_source source;
	struct smtp_rcpt *rcpts;
	size_t n_rcpts;
	struct arena *arena; /* for texts of fates */
	int64_t began;       /* when MAIL was said; 0: not yet */
	bool over;
	bool stale; /* the connection was an old one and ended before the
		       server said anything to this mail: try a fresh one */
};

struct smtp_setup {
	const char *host;       /* "mx.example.org[192.0.2.1]", for texts */
	const char *nexthop;    /* for texts */
	const char *helo;       /* our name */
	const char *other_self; /* a host that calls itself this is us, and mail
				   would loop; NULL: not looked at */
};

struct smtp_client {
	struct port port;
	int64_t now;
	enum smtp_state state;
	struct smtp_setup setup;
	struct smtp_mail *mail;

	enum smtp_stage saying, hearing;
	size_t say_rcpt, hear_rcpt; /* the two cursors' places in the list */
	size_t pending;             /* commands without an answer */
	bool last_waits;            /* the last one said wants its answer
				       before more is said */
	bool greeted;               /* past EHLO or HELO */
	bool reused;                /* has carried a mail before */
	bool answered;              /* the server said something to this one */
	size_t accepted;            /* recipients */
	uint32_t extensions;
	uint64_t size_limit; /* 0: none said */
	struct smtp_reply reply;
	struct smtp_content content;
};

/* The strings of setup are borrowed. */
void smtp_client_start(struct smtp_client *c, const struct smtp_setup *setup);

/* The mail is borrowed until it is over. */
void smtp_client_send(struct smtp_client *c, struct smtp_mail *mail);

/* Says QUIT and wishes to close. */
void smtp_client_quit(struct smtp_client *c);

/* The pump's events.  Input is always taken whole. */
void smtp_client_input(struct smtp_client *c, const char *bytes, size_t n);
void smtp_client_drained(struct smtp_client *c);
void smtp_client_timeout(struct smtp_client *c);
void smtp_client_lost(struct smtp_client *c);

void smtp_client_free(struct smtp_client *c);
