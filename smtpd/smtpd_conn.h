/*
 * smtpd_conn - one connection: a session, its pump, and what the program keeps
 * with it.
 *
 * Order of events: opened, name asked for, greeting, commands (whose questions
 * go to smtpd_policy and smtpd_feed), end.  Everything that belongs to a
 * connection is dropped in one place when its pump has ended.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "fd.h"
#include "list.h"
#include "pump.h"
#include "query.h"
#include "smtpd_cert.h"
#include "smtpd_domain.h"
#include "smtpd_name.h"
#include "smtpd_restrict.h"
#include "smtpd_session.h"
#include "smtpd_verify.h"

struct login;
struct smtpd_question;
struct smtpd_vetting;
struct smtpd_feed;

#define SMTPD_NO_UID UINT32_MAX

struct smtpd_conn {
	uint32_t magic;
	struct smtpd_session s;
	struct pump pump;
	struct list link;   /* among all */
	struct list choked; /* among those that wait for cleanup to read */
	struct smtpd_name name;
	struct smtpd_verify verify;
	struct smtpd_domain domain;
	struct smtpd_passing passing;
	struct smtpd_feed *feed; /* of the transaction, or NULL */
	struct smtpd_cert *cert; /* that the client has shown, or NULL */
	struct smtpd_question *question; /* to the lookup program, or NULL */
	struct smtpd_vetting *vetting;   /* the same to callout */
	uint32_t wake;                   /* to qmgr, 0 none */
	const char *asked;               /* the address it is about */
	const char *then;                /* the user to ask for next, or NULL */
	uint8_t class;                   /* enum route_class of the recipient */
	struct query srs;                /* to seal */
	const char *stands_for; /* the recipient's true address, or NULL */
	struct login *login;    /* the dialogue with auth, or NULL */
	uint32_t uid;           /* of a local client, else SMTPD_NO_UID */
	char *user;             /* its name, NULL where it is not known */
	bool local;             /* came by the submission socket */
	enum found networks;    /* whether it is in mynetworks, or local */
	bool limited;           /* the limits of clients hold for it */
	bool counted;           /* among the connections of its address */
	bool over_limit; /* its user has sent too much: for this message */
	bool verifying;  /* the open question is VRFY's */
	bool unlisted;   /* a list that is not the last word has not
				    the recipient that is asked about */
};

/* Take a connected socket over: from the net, and from the submission
 * socket. */
void smtpd_conn_open(int fd, struct fd_address from);
void smtpd_conn_open_local(int fd, uint32_t uid);

/* What is said of the recipient that was asked about, and of the message. */
void smtpd_conn_judged(struct smtpd_conn *c, struct smtpd_verdict v);
void smtpd_conn_answer(struct smtpd_conn *c, struct smtpd_verdict v);

/* The end of the message waited for what is known of its sender. */
void smtpd_conn_verified(struct smtpd_conn *c);

/* Takes content again. */
void smtpd_conn_resume(struct smtpd_conn *c);

/* One of ours: it may send mail anywhere, and is not judged as a stranger. */
bool smtpd_conn_is_ours(const struct smtpd_conn *c);

/* How many there are. */
size_t smtpd_conn_count(void);

/* Ends those that have no transaction. */
void smtpd_conn_dismiss_idle(void);
