/*
 * smtpd_session - the SMTP server (RFC 5321) as a pure engine.
 *
 * Bytes of the client go in by smtpd_input(), bytes for it come out in
 * s->port.out, and what only the program can know is asked through struct
 * smtpd_calls.  Nothing here touches a socket, a channel or a table, so that
 * whole dialogues are unit tests.
 *
 * An answer may come later: a call returns SMTPD_LATER, the port is paused,
 * and the program says smtpd_answer() when it knows; then, and after every
 * other call from outside the pump, it kicks the pump.  At most one question
 * of a session is open at a time.
 *
 * A transaction has one way to end, smtpd_forget(), whatever ended it; the
 * program learns of it by calls->forget(), which is the only place where it
 * gives a transaction up.
 *
 * An idle session owns no memory but this struct and four short strings.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "addr.h"
#include "arena.h"
#include "pump.h"
#include "smtpd_calls.h"
#include "trace.h"

/* Commands have one column in the counts of the log's last line. */
#define SMTPD_COMMANDS 16

enum smtpd_state {
	SMTPD_CONNECT = 1 << 0, /* the greeting has not been said */
	SMTPD_START = 1 << 1,   /* no HELO or EHLO yet, and one is required */
	SMTPD_HELLO = 1 << 2,   /* no transaction */
	SMTPD_MAIL = 1 << 3,    /* a sender, no recipient */
	SMTPD_RCPT = 1 << 4,    /* at least one recipient */
	SMTPD_DATA = 1 << 5,    /* content is read */
	SMTPD_QUIT = 1 << 6,    /* all was said; the connection closes */
	SMTPD_AUTH = 1 << 7,    /* the next line answers a challenge */
};

/* Where the next byte of the content stands. */
enum smtpd_place {
	AT_START,  /* at the start of a line */
	AT_DOT,    /* behind a dot that began a line */
	AT_DOT_CR, /* behind a dot that began a line, and CR */
	AT_TEXT,   /* within a line */
	AT_CR,     /* behind CR */
	AT_LF,     /* behind an LF without CR that is let pass */
};

/* Whether TLS is offered, and whether anything is taken in clear. */
enum smtpd_tls_policy {
	SMTPD_TLS_NONE,
	SMTPD_TLS_MAY,
	SMTPD_TLS_MUST
};

/* Who is at the other end; filled in before smtpd_greet(). */
struct smtpd_client {
	char *name;      /* confirmed by the DNS, or "unknown" */
	char *reverse;   /* the same, but not confirmed; NULL: as name */
	char *addr;      /* as inet_ntop(3) writes it; "" for a local one */
	char *peer;      /* "NAME[ADDR]", for the log */
	uint16_t port;   /* of TCP */
	bool name_doubt; /* "unknown" because the DNS did not say */
	bool reverse_doubt;
	bool quiet;   /* no connect and disconnect lines */
	bool lenient; /* no error limits: a program of this host */
};

/* The transaction: all zero outside of one. */
struct smtpd_transaction {
	struct arena arena;
	const char *sender; /* internal form, "" for the null sender */
	const char *rcpt;   /* the one that is being asked about */
	const char *id;     /* the queue id, once the program has made one */
	uint64_t announced; /* SIZE=, 0 where it was not said */
	uint64_t size;      /* of the content so far */
	uint32_t flags;     /* enum mail_flag */
	uint32_t rcpts;     /* accepted */
	uint32_t excess;    /* refused as too many */
	struct smtpd_verdict spoilt; /* why it cannot succeed; code 0 else */
};

struct smtpd_command;

struct smtpd_session {
	struct port port;
	const struct smtpd_calls *calls;
	void *owner; /* the program's */
	struct smtpd_client client;
	char *helo; /* as the client said it, NULL before */
	char *tls;  /* "TLSv1.3 with cipher ...", NULL while in clear */
	enum smtpd_tls_policy tls_policy;
	struct trace *trace; /* NULL: not traced */
	uint8_t faults;      /* what went wrong: 1 << enum smtpd_fault */
	char *user;          /* who it is, by AUTH; NULL before */
	char *mech;          /* how it was shown: "PLAIN" */
	bool authenticates;  /* AUTH is there */
	struct smtpd_transaction tx;
	const struct smtpd_command *asked; /* waits for smtpd_answer() */
	const char *where; /* the last command, for the log; static */
	struct buf held;   /* a reply to a client that errs too often */
	uint32_t errors;   /* since the last message */
	uint32_t junk;     /* commands that move nothing since then */
	uint8_t state;     /* enum smtpd_state */
	uint8_t place;     /* enum smtpd_place */
	bool esmtp;        /* said EHLO */
	bool too_long;     /* passing over the rest of a command line */
	bool held_back;    /* `held` goes out when the deadline passes */
	bool muddled;      /* pipelined where it must not; said once */
	bool excused;      /* this refusal is not counted as an error */
	uint16_t unknown;  /* commands that are in no row */
	struct {
		uint16_t all, good;
	} counts[SMTPD_COMMANDS];
};

/* Zeroed, with calls and owner; nothing is said yet. */
void smtpd_start(struct smtpd_session *s, const struct smtpd_calls *calls,
    void *owner);

/* The client is known: logs it and says the greeting, or refuses with a
 * verdict and closes; that is possible later too. */
void smtpd_greet(struct smtpd_session *s);
void smtpd_turn_away(struct smtpd_session *s, struct smtpd_verdict v);

/* The engine's side of struct pump_engine. */
size_t smtpd_input(struct smtpd_session *s, const char *bytes, size_t n);
void smtpd_timeout(struct smtpd_session *s);

/* Hands were shaken: all that follows comes under TLS. */
void smtpd_secured(struct smtpd_session *s, const char *how);

/* The connection is gone: logs why and frees what the session owns. */
void smtpd_end(struct smtpd_session *s, enum pump_end how);

/* The answer to what was put off. */
void smtpd_answer(struct smtpd_session *s, struct smtpd_verdict v);

/* Content may come again, after calls->content paused the port. */
void smtpd_resume(struct smtpd_session *s);

/* The transaction is lost: the rest of the content is passed over, and this is
 * the reply to its end.  Outside of the content it is the answer to the next
 * thing that is asked. */
void smtpd_spoil(struct smtpd_session *s, struct smtpd_verdict v);

/* Ends an idle session politely (421 4.3.2): this process wants to end. */
void smtpd_dismiss(struct smtpd_session *s);

/* No transaction and no question is open. */
bool smtpd_is_idle(const struct smtpd_session *s);

/* The queue id, or "NOQUEUE"; the protocol as the log names it, and as
 * Received does (RFC 3848). */
const char *smtpd_id(const struct smtpd_session *s);
const char *smtpd_protocol(const struct smtpd_session *s);
const char *smtpd_with(const struct smtpd_session *s);
