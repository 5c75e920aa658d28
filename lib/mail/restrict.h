/*
 * restrict - lists of restrictions, such as smtpd_sender_restrictions.
 *
 *	permit_mynetworks, check_client_access lmdb:/etc/clients, reject
 *
 * Names and replies are Postfix's.  The items are judged in order until one
 * decides; what comes behind is not looked at.  A table that cannot answer
 * refuses for now, and never lets pass.  permit_tls_clientcerts asks the tables
 * of relay_clientcerts.
 *
 * What an access table says of a client or domain (access(5)):
 *
 *	OK, or digits alone       permit
 *	DUNNO                     the next item decides
 *	REJECT [text]             554 5.7.1
 *	DEFER [text]              450 4.7.1
 *	4NN [status] [text]       so
 *	5NN [status] [text]
 *
 * Nothing here waits: what only the DNS or another host can say is asked by the
 * caller, and then the list goes on.
 *
 * A list is opened before the rights are given up; nothing is opened after.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "dsn.h"
#include "table.h"

struct restrictions;

/* NULL with why, until the next call, naming the item that is wrong.  A table
 * that only the lookup program can answer is wrong here. */
MUST_CHECK struct restrictions *restrictions_open(const char *list,
    const char **why);
void restrictions_close(struct restrictions **r);

/* Whether an item of the list refuses what goes elsewhere: without one this
 * host is an open relay. */
bool restrictions_refuse_relay(const struct restrictions *r);

/* Whether an item of the list may have to ask the DNS or another host. */
bool restrictions_ask(const struct restrictions *r);

/* What the DNS is asked for an item. */
enum restrict_question {
	RESTRICT_MAIL_DOMAIN, /* can mail be sent to the domain: MX, A, AAAA */
	RESTRICT_HOST,        /* is there such a host: A, AAAA, MX */
	RESTRICT_LISTED,      /* a name of a list of hosts or domains: A, TXT */
};

struct restrict_found {
	enum found found;      /* FAILED: the DNS does not say */
	bool null_mx;          /* the domain takes no mail (RFC 7505) */
	const char *addresses; /* of RESTRICT_LISTED: parted by blanks */
	const char *text;      /* what its TXT record says, or "" */
};

/* What is judged.  Where a pointer is NULL, restrictions about it decide
 * nothing. */
struct restrict_case {
	const char
	    *client_name; /* "unknown" where the DNS does not confirm one */
	const char *reverse_name; /* the same, but not confirmed */
	bool name_doubt;          /* "unknown" because the DNS did not say */
	bool reverse_doubt;
	const char *client_addr;
	enum found trusted;  /* in mynetworks, or local */
	bool tls;            /* nobody else can listen */
	bool cert_trusted;   /* its certificate is, by smtpd_tls_CAfile */
	const char *cert;    /* fingerprint of that; NULL: none was shown */
	const char *key;     /* fingerprint of its public key */
	const char *stage;   /* as replies name it: "Etrn command" */
	const char *subject; /* what the stage is about: a domain, an address */
	const char *user;    /* who logged in; NULL: nobody did */
	const char *helo;
	const char *sender;          /* internal form, "" is null */
	const char *rcpt;            /* the same */
	enum found ours;             /* mail for rcpt is taken from anybody */
	const struct tables *owners; /* smtpd_sender_login_maps */
	/* What was asked for the item that is judged first, or NULL. */
	const struct restrict_found *found;
};

enum restrict_answer {
	RESTRICT_NONE, /* none of them decided */
	RESTRICT_PERMIT,
	RESTRICT_REFUSE,
	RESTRICT_ASK_RCPT, /* whether a host has the recipient: if so, go on */
	RESTRICT_ASK_DNS,  /* reply->question of the name in reply->text: go on
			      with what was found */
	RESTRICT_WARN,     /* it would refuse, but is only to be told: go on */
};

/* The reply of a refusal. */
struct restrict_reply {
	int code;
	char status[DSN_STATUS_MAX];
	struct buf text; /* not made printable */
	enum restrict_question question;
};

/* Fills in the (zeroed) reply where it refuses. */
enum restrict_answer restrictions_judge(const struct restrictions *r,
    const struct restrict_case *c, struct restrict_reply *reply);

/* The same from item *at on, which becomes the one behind that which decided:
 * after a question was answered well, this goes on.  RESTRICT_ASK_DNS leaves it
 * at the item that asks. */
enum restrict_answer restrictions_go_on(const struct restrictions *r,
    const struct restrict_case *c, size_t *at, struct restrict_reply *reply);
