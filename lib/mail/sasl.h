/*
 * sasl - mechanisms of authentication (RFC 4422) as pure engines, both sides.
 *
 *	server:	s = sasl_server_create(SASL_PLAIN, &facts);
 *		step = sasl_server_next(s, initial or NULL, &challenge);
 *		... one call an answer of the client, while SASL_MORE
 *	client:	c = sasl_client_create(SASL_PLAIN, &login);
 *		step = sasl_client_next(c, NULL, &initial);
 *		... one call a challenge, while SASL_MORE
 *
 * Engines take and give octets; base64 and cancelling are the protocol's.
 * What a server has to say at the end (SCRAM) is one more challenge, which
 * the client answers with nothing (RFC 4422 4), as SMTP and Dovecot do it.
 *
 * Names and passwords are UTF-8 without control characters, 255 and 1,024
 * octets at most, compared octet by octet: of SASLprep (RFC 4013) what it
 * forbids in ASCII is kept, and nothing is normalised.
 *
 * Secrets are wiped when an engine is destroyed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "scram.h"
#include "str.h"

#define SASL_USER_MAX     ((size_t)255)
#define SASL_PASSWORD_MAX ((size_t)1024)
#define SASL_MESSAGE_MAX  ((size_t)8192) /* octets of one message */

enum sasl_mech {
	SASL_NONE,
	SASL_PLAIN,      /* RFC 4616 */
	SASL_LOGIN,      /* in no RFC: asks for user and password in turn */
	SASL_SCRAM,      /* SCRAM-SHA-256: RFC 5802, RFC 7677 */
	SASL_SCRAM_PLUS, /* the same, bound to the TLS channel */
	SASL_EXTERNAL,   /* RFC 4422 A: who the certificate says */
	SASL_MECHS,
};

/* "SCRAM-SHA-256-PLUS", and the mechanism of a name in any case (SASL_NONE). */
const char *sasl_name(enum sasl_mech mech);
enum sasl_mech sasl_mech(struct slice name);

/* What Postfix's smtpd_sasl_security_options asks about; a mechanism of ours,
 * and one that Dovecot describes, have them. */
enum sasl_trait {
	SASL_PLAINTEXT = 1 << 0,  /* the password itself goes over the line */
	SASL_DICTIONARY = 1 << 1, /* who listens can try passwords */
	SASL_ACTIVE = 1 << 2,     /* open to one in the middle */
	SASL_ANONYMOUS = 1 << 3,
	SASL_FORWARD = 1 << 4, /* a password learned later opens nothing */
	SASL_MUTUAL = 1 << 5,  /* the server proves itself too */
};
uint32_t sasl_traits(enum sasl_mech mech);

/* A list such as "noanonymous, noplaintext": traits that a mechanism must not
 * have, and such that it must.  False with why. */
MUST_CHECK bool sasl_parse_options(const char *list, uint32_t *without,
    uint32_t *with, const char **why);

/* Whether a name, or a password, is one that is taken (see above). */
bool sasl_is_user(struct slice user);
bool sasl_is_password(struct slice password);

/* What binds a dialogue to its TLS channel; empty where there is none. */
struct sasl_bindings {
	struct slice exporter;  /* tls-exporter, RFC 9266; of TLS 1.3 */
	struct slice end_point; /* tls-server-end-point, RFC 5929 */
};
bool sasl_can_bind(const struct sasl_bindings *b);
/* The octets of a type's name; empty where it is not known or not there. */
struct slice sasl_binding(const struct sasl_bindings *b, struct slice type);

enum sasl_step {
	SASL_FAILED, /* it is over: sasl_..._why() */
	SASL_MORE,   /* say what is in the buffer, and hear an answer */
	SASL_CHECK,  /* server: the password of the user is to be checked */
	SASL_DONE,   /* server: it is the user.  client: say what is in the
			buffer; the server may now say that it is well */
};

/* ---- the server (sasl_server.c) ---- */

struct sasl_server;

/* All is copied; the channel's octets too. */
struct sasl_serving {
	struct sasl_bindings bindings;
	const char *certificate; /* name in a proved certificate, or "" */
	/* The user's verifier; where there is no such user one that nobody
	 * can use, but always the same one, and false. */
	bool (*find)(void *arg, const char *user, struct scram_verifier *out);
	void *arg;
	const char *nonce; /* for tests; NULL: a random one */
};

/* Not for SASL_NONE. */
MUST_CHECK struct sasl_server *sasl_server_create(enum sasl_mech mech,
    const struct sasl_serving *facts);
void sasl_server_destroy(struct sasl_server **s);

/* The initial response (NULL: the client gave none), then each answer. */
MUST_CHECK enum sasl_step sasl_server_next(struct sasl_server *s,
    const struct slice *response, struct buf *challenge);

/* As far as they are known; "" before. */
const char *sasl_server_user(const struct sasl_server *s);
const char *sasl_server_password(const struct sasl_server *s);
/* For the log; static. */
const char *sasl_server_why(const struct sasl_server *s);

/* ---- the client (sasl_client.c) ---- */

struct sasl_client;

/* All is copied. */
struct sasl_login {
	struct sasl_bindings bindings;
	const char *user;
	const char *password;
	const char *nonce; /* for tests; NULL: a random one */
};

/* Whether the mechanism's first message can come with AUTH itself. */
bool sasl_has_initial(enum sasl_mech mech);

MUST_CHECK struct sasl_client *sasl_client_create(enum sasl_mech mech,
    const struct sasl_login *login);
void sasl_client_destroy(struct sasl_client **c);

/* NULL: the initial response; then each challenge.  Only after SASL_DONE may
 * the server's word that it is well be believed. */
MUST_CHECK enum sasl_step sasl_client_next(struct sasl_client *c,
    const struct slice *challenge, struct buf *response);
const char *sasl_client_why(const struct sasl_client *c);

/* ---- shared by both (sasl.c) ---- */

/* A random nonce of printable characters without a comma. */
void sasl_nonce(struct buf *out);
