/*
 * smtp_conn - a connection to a host: socket, pump and engine together; and the
 * connections that lie idle, waiting for the next mail to the same next hop.
 *
 * A connection has an owner while a mail is in its hands; the owner is told
 * once how that ended and forgets the connection then.  What becomes of it
 * after is decided here: it is kept for a while, or closed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "list.h"
#include "pump.h"
#include "smtp_client.h"
#include "smtp_hosts.h"
#include "smtp_login.h"
#include "smtp_plan.h"

struct smtp_pool;

/* Exactly one of them is called for each mail. */
struct smtp_conn_calls {
	/* No connection came about; error is an errno. */
	void (*unreachable)(void *owner, int error);

	/* mail->over. */
	void (*over)(void *owner);
};

struct smtp_conn {
	struct pump pump;
	struct smtp_client client;
	struct list link;       /* in the pool while idle */
	struct smtp_pool *pool; /* NULL while not idle */
	const struct smtp_conn_calls *calls;
	void *owner;            /* NULL while nobody's */
	struct smtp_mail *mail; /* the owner's */
	struct arena arena;     /* for the strings here */
	struct smtp_host host;
	const char *nexthop;
	const char *name;        /* "mx.example.org[192.0.2.1]" */
	const char *note;        /* for the line of a delivery, or NULL */
	const char *relay;       /* the same with ":25" behind */
	const char *our_address; /* where the outcome of TLS is told, or "" */
	int64_t born;
	int64_t mails;
	struct smtp_plan plan; /* what is asked of the host */
	struct smtp_login login;
	bool connected;
	bool told;     /* the outcome of TLS */
	bool once;     /* not kept for another mail */
	bool in_clear; /* the handshake has failed once */
};

/* A connection to be; nothing happens before smtp_conn_start(), which may tell
 * its owner before it returns. */
MUST_CHECK struct smtp_conn *smtp_conn_new(const char *nexthop,
    const struct smtp_host *host, struct smtp_mail *mail,
    const struct smtp_conn_calls *calls, void *owner);
void smtp_conn_start(struct smtp_conn *c);

/* An idle one to that next hop, or NULL; and the next mail on it. */
struct smtp_conn *smtp_conn_take(const char *nexthop, enum smtp_wish wish);
void smtp_conn_send(struct smtp_conn *c, struct smtp_mail *mail,
    const struct smtp_conn_calls *calls, void *owner);

/* The answer to the engine's wish to log in. */
void smtp_conn_login(struct smtp_conn *c, const struct msg_login_say *said);

/* True while the content has not begun to go out: giving up costs nothing. */
bool smtp_conn_harmless(const struct smtp_conn *c);

/* Closes at once without telling the owner. */
void smtp_conn_abort(struct smtp_conn *c);

/* Closes what lies idle, and keeps nothing from now on. */
void smtp_conn_drain(void);
