/*
 * msg - the messages between our programs, from one list.
 *
 *	struct msg_mail_end m = { .stream = 7 };
 *	msg_put_mail_end(&packet, &m);            type and fields
 *	struct msg_mail_end m;
 *	if (!msg_get_mail_end(&m, body, len))     fields, after the type
 *		return false;
 *
 * Strings and blobs of a decoded message point into the packet.  Records
 * (records.def) are the same without a type: rec_put_env_rcpt(), and
 * rec_get_env_rcpt() from a struct wire, so that many can stand in a row.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "msg_words.h"
#include "wire.h"

enum msg_type {
	MSG_NONE,
#define FIELD(type, name)
#define MESSAGE(name, ...) MSG_##name,
#include "msg.def"
	MSG_TYPES,
};

#define FIELD(type, name) wire_##type name;
#define MESSAGE(name, ...)    \
	struct msg_##name {   \
		uint8_t none; \
		__VA_ARGS__   \
	};
#include "msg.def"

#define FIELD(type, name)
#define MESSAGE(name, ...)                                                     \
	void msg_put_##name(struct buf *out, const struct msg_##name *m);      \
	MUST_CHECK bool msg_get_##name(struct msg_##name *m, const void *body, \
	    size_t len);
#include "msg.def"

#define FIELD(type, name) wire_##type name;
#define MESSAGE(name, ...)  \
	struct rec_##name { \
		__VA_ARGS__ \
	};
#include "records.def"

#define FIELD(type, name)
#define MESSAGE(name, ...)                                                \
	void rec_put_##name(struct buf *out, const struct rec_##name *r); \
	MUST_CHECK bool rec_get_##name(struct rec_##name *r, struct wire *w);
#include "records.def"

/* The type's name, and a whole packet as text, for log_debug. */
const char *msg_name(uint32_t type);
void msg_show(struct buf *out, const void *packet, size_t len);

/* Flags of a message (mail_begin.flags, env.flags, job.flags). */
enum mail_flag {
	MAIL_LOCAL = 1 << 0,     /* submitted on this host by sendmail */
	MAIL_AUTH = 1 << 1,      /* submitted with authentication */
	MAIL_NOTICE = 1 << 2,    /* written by bounce */
	MAIL_8BIT = 1 << 3,      /* the content has bytes above 127 */
	MAIL_BODY_8BIT = 1 << 4, /* announced with BODY=8BITMIME */
	MAIL_SMTPUTF8 = 1 << 5,  /* announced with SMTPUTF8 */
	MAIL_UTF8_HEADER = 1 << 6,
	MAIL_DOTS = 1 << 7,    /* a line of the content begins with a dot */
	MAIL_TRUSTED = 1 << 8, /* from mynetworks */
	MAIL_FORWARDED = 1 << 9,
	MAIL_SPF_FAIL = 1 << 10, /* its client may not use its sender */
	MAIL_DMARC_FAIL = 1 << 11,
	MAIL_BACKUP = 1 << 12, /* job.flags: we stand in for its next hop */
	MAIL_REPORT = 1 << 13, /* written by report: nothing of it is counted */
	MAIL_REQUIRETLS = 1 << 14,   /* never without verified TLS (RFC 8689) */
	MAIL_TLS_OPTIONAL = 1 << 15, /* TLS-Required: No (RFC 8689 4.3) */
	MAIL_OVER_LIMIT = 1 << 16,   /* its user sends more than he may */
	MAIL_HOLD = 1 << 17, /* to be kept back as soon as it is there */
};

/* Who is at the other end of a channel; also the rows of the rights table. */
enum role {
	ROLE_NONE,
	ROLE_MASTER,
	ROLE_SMTPD,
	ROLE_CLEANUP,
	ROLE_QMGR,
	ROLE_SMTP,
	ROLE_LOCAL,
	ROLE_DELIVER,
	ROLE_BOUNCE,
	ROLE_LOOKUP,
	ROLE_SCRIBE,
	ROLE_PICKUP,
	ROLE_CALLOUT,
	ROLE_KEYS,
	ROLE_VERIFY, /* seal, verifying */
	ROLE_SIGN,   /* seal, signing */
	ROLE_STS,
	ROLE_REPORT,
	ROLE_AUTH,
	ROLE_ADMIN, /* a command of ours; its uid comes from the socket */
	ROLES,
};

/* The program's name ("smtpd"), and the role of a name in a section of
 * master.conf (ROLE_NONE): seal signs in the section of that name, and verifies
 * in any other. */
const char *role_name(enum role role);
enum role role_of(const char *name, const char *section);
