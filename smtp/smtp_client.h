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
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"
#include "pump.h"
#include "smtp_content.h"
#include "smtp_mail.h"
#include "smtp_reply.h"
#include "smtp_stage.h"
#include "trace.h"

enum smtp_state {
	SMTP_BUSY,
	SMTP_IDLE, /* greeted, and no mail in hand */
	SMTP_CLOSED,
};

enum smtp_client_tls {
	SMTP_CLIENT_CLEAR,
	SMTP_CLIENT_TLS_MAY,  /* where it is offered */
	SMTP_CLIENT_TLS_MUST, /* nothing is sent in clear */
};

struct smtp_setup {
	const char *host;       /* "mx.example.org[192.0.2.1]", for texts */
	const char *nexthop;    /* for texts */
	const char *helo;       /* our name */
	const char *other_self; /* a host that calls itself this is us, and mail
				   would loop; NULL: not looked at */
	enum smtp_client_tls tls;
	bool wrapped;       /* TLS comes first, and all else under it */
	const char *tls_by; /* whose wish that is, behind a text; or NULL */
	const char *note;   /* said of mail that is delivered; or NULL */
	bool log_in;        /* by AUTH, before the first mail */
	bool nameless;      /* our certificate could not be shown */
};

/* AUTH (smtp_auth.h); all zero where nothing is under way. */
struct smtp_auth {
	enum smtp_auth_wish {
		SMTP_AUTH_NOTHING,
		SMTP_AUTH_BEGIN, /* how to log in to this host? */
		SMTP_AUTH_NEXT,  /* what to answer to the challenge? */
	} wish;                  /* the owner takes it back */
	struct buf challenge;
	struct buf held; /* what is to be said next */
	bool holds;      /* it waits for an empty challenge */
	bool open;       /* AUTH was said and has no final reply */
	bool proved;     /* there is nothing left that the host has to prove */
};

struct smtp_client {
	struct port port;
	int64_t now;
	enum smtp_state state;
	struct smtp_setup setup;
	struct trace *trace; /* NULL: not traced */
	struct smtp_mail *mail;

	enum smtp_stage saying, hearing;
	size_t say_rcpt, hear_rcpt; /* the two cursors' places in the list */
	size_t pending;             /* commands without an answer */
	bool last_waits;            /* the last one said wants its answer
				       before more is said */
	bool greeted;               /* past EHLO or HELO */
	bool secured;               /* under TLS */
	bool reused;                /* has carried a mail before */
	bool answered;              /* the server said something to this one */
	size_t accepted;            /* recipients */
	struct smtp_offer offer;
	struct smtp_auth auth;
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

/* STARTTLS was agreed on (port.tls): hands are being shaken; they were shaken,
 * and all begins anew; the host is of no use, and this is why: what was to be
 * sent is deferred. */
bool smtp_client_is_shaking(const struct smtp_client *c);
void smtp_client_secured(struct smtp_client *c);
void smtp_client_fail(struct smtp_client *c, const char *status,
    const char *text);

/* The answer to auth.wish. */
void smtp_client_login(struct smtp_client *c, const struct msg_login_say *said);

void smtp_client_free(struct smtp_client *c);
