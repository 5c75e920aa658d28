/*
 * msg_words - what the numbers in fields of messages mean (msg.h).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

enum notice_kind {
	NOTICE_BOUNCE,
	NOTICE_DELAY,
	NOTICE_SUCCESS,
	NOTICE_POSTMASTER, /* a double bounce */
	NOTICE_HELD,       /* to the postmaster: it is kept in hold */
};

enum wake_kind {
	WAKE_ETRN,
	WAKE_CLIENT,
};

/* Addresses in a watch, at most. */
#define WATCH_MAX ((size_t)1024)

enum rcpt_kind {
	RCPT_ADDRESS,
	RCPT_MAILBOX, /* the mailbox of `user`, without alias or .forward */
	RCPT_FILE,    /* address is a path */
	RCPT_COMMAND, /* address is a command line */
	RCPT_NOBODY,  /* `user` has neither an account nor an alias here */
	RCPT_KINDS,
};

/* Bytes of an address, path, command or name in a job_member: a recipient
 * always fits into a packet, with all that is said of him. */
#define MEMBER_FIELD_MAX ((size_t)8192)

/* DSN NOTIFY (RFC 3461 4.1); 0 is "not said". */
enum rcpt_notify {
	NOTIFY_NEVER = 1 << 0,
	NOTIFY_SUCCESS = 1 << 1,
	NOTIFY_FAILURE = 1 << 2,
	NOTIFY_DELAY = 1 << 3,
};

/* DSN RET (RFC 3461 4.3). */
enum mail_ret {
	RET_NONE,
	RET_FULL,
	RET_HDRS,
};

enum deliver_kind {
	DELIVER_MBOX,    /* target: path */
	DELIVER_MAILDIR, /* target: folder, ends in a slash */
	DELIVER_FILE,    /* target: path named by an alias or .forward */
	DELIVER_COMMAND, /* target: command line */
	DELIVER_FORWARD, /* the text of a .forward file: target has paths
			    parted by newlines, the first that exists counts.
			    SENT: answer is the text, text the path; BOUNCE:
			    none is there (no text), or it is not to be used */
	DELIVER_INCLUDE, /* the same for an :include: list, whoever owns it */
};

enum lookup_kind {
	LOOKUP_USER, /* login name; value "name:uid:gid:home:shell:gecos" */
	LOOKUP_UID,  /* key: the uid in decimal; value the same */
};

/* What is to become of a message that was judged. */
enum judge_action {
	JUDGE_TAKE,
	JUDGE_HOLD, /* take it, and keep it back */
	JUDGE_REJECT,
	JUDGE_LATER,
};

enum seal_verdict {
	SEAL_NONE, /* not signed: no key is for its From */
	SEAL_SIGNED,
	SEAL_CONVERT, /* it would be, but has to become 7-bit before */
	SEAL_FAILED,
};

/* What the program auth says of logging in to another host. */
enum login_verdict {
	LOGIN_SAY,       /* the bytes */
	LOGIN_STRANGERS, /* no password is kept for it: there is no need */
	LOGIN_NO_MECH,   /* it offers nothing that could be used */
	LOGIN_FAILED,    /* not now: text says why */
};

/* By whose word a host has to prove itself (RFC 8460 4.2). */
enum tls_policy {
	TLS_POLICY_NONE,
	TLS_POLICY_STS,
	TLS_POLICY_TLSA,
};

/* Why a policy of MTA-STS that is announced cannot be had (RFC 8460 4.3). */
enum sts_fault {
	STS_FAULT_NONE,
	STS_FAULT_FETCH,
	STS_FAULT_INVALID,
	STS_FAULT_WEBPKI, /* the certificate of its HTTPS server */
};

enum auth_verdict {
	AUTH_LATER, /* nobody can say */
	AUTH_MORE,
	AUTH_OK,
	AUTH_NO,
};

/* What is known of a recipient whose mailbox is elsewhere. */
enum vetted {
	VETTED_UNKNOWN, /* nobody could say, or nobody was asked */
	VETTED_GOOD,
	VETTED_BAD,     /* its host says that there is none */
	VETTED_LIMITED, /* not asked: there are too many questions */
};
