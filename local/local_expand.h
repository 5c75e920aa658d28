/*
 * local_expand - what a local recipient means: aliases(5), .forward(5), luser
 * relay, or the mailbox of a user.
 *
 * A pure engine: it asks for what only others know and goes on with the answer.
 *
 *	local_expand_start(&e, &arena, &world, &rcpt);
 *	for (;;)
 *		switch (local_expand_next(&e)) {
 *		case EXPAND_USER:	local_expand_user(&e, found, value);
 *		case EXPAND_FILE:	local_expand_file(&e, ...);
 *		case EXPAND_DONE:	e.fate, e.members
 *		}
 *
 * A user may have a name with a recipient_delimiter in it: the whole local part
 * is asked for first, then the part before the delimiter.
 *
 * The end is one of three: e.fate.outcome is set (unknown user, later); or
 * there is one member of kind RCPT_MAILBOX and e.direct, which is the
 * recipient's own mailbox; or there are members, which take the recipient's
 * place.
 *
 * Aliases within aliases are expanded in one go.  A member who is unknown
 * becomes a recipient too, the mailbox of a user who is not there, and has a
 * fate of his own; what cannot be known now makes the whole recipient wait.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "dsn.h"
#include "list.h"
#include "local_user.h"
#include "map.h"
#include "msg.h"

enum expand_want {
	EXPAND_DONE,
	EXPAND_USER, /* who is e->user? */
	EXPAND_FILE, /* what is in the first of e->paths, read as e->user? */
};

/* What the engine knows of the world without waiting. */
struct expand_world {
	/* The alias's value, and whose rights its commands have. */
	enum found (*alias)(struct arena *a, const char *name,
	    const char **value, const char **rights);

	/* The addresses that an item stands for, completed and with virtual
	 * aliases put in; none where it is no address. */
	size_t (*addresses)(struct arena *a, const char *item,
	    const char *const **out);

	/* FOUND_ONE: it is delivered here, its local part is *name. */
	enum found (*local_name)(struct arena *a, const char *address,
	    const char **name);

	/* FOUND_ONE: another transport takes the mail for this user's mailbox
	 * (RCPT_MAILBOX), or for one who is not here (RCPT_NOBODY). */
	enum found (*elsewhere)(struct arena *a, enum rcpt_kind kind,
	    const char *user, const char *address);
};

struct expand_member {
	const char *address;
	enum rcpt_kind kind;
	const char *user;   /* whose rights; "" with a command or file that is
			       not allowed there */
	const char *sender; /* "" for the message's */
};

/* A name, list or file that is still to be looked at. */
struct expand_node;

struct expand {
	struct arena *arena;
	const struct expand_world *world;
	const char *address; /* the recipient */
	const char *domain;
	struct list todo;
	struct expand_node *node; /* that an answer is waited for */
	struct map seen;
	struct expand_member *members;
	size_t n, room;
	size_t steps;
	bool direct;
	bool luser;            /* the luser relay has been used */
	struct local_user who; /* the last user asked for */
	struct dsn fate;
	const char *warning; /* for the log: a .forward that is not used ... */
	const char *user;    /* of a question */
	const char *paths;
};

/* The address is in internal form. */
void local_expand_start(struct expand *e, struct arena *a,
    const struct expand_world *world, const char *address);
enum expand_want local_expand_next(struct expand *e);

/* As lookup answers. */
void local_expand_user(struct expand *e, enum found found, const char *value);

/* As deliver answers DELIVER_FORWARD or, where local_expand_wants_include(),
 * DELIVER_INCLUDE. */
void local_expand_file(struct expand *e, enum outcome outcome,
    const char *status, const char *text, struct slice content);
bool local_expand_wants_include(const struct expand *e);

/* True where the question is for the .forward file of the recipient himself
 * (e->who): without one, the mail is for his mailbox, and he who can look can
 * deliver it at once. */
bool local_expand_may_be_direct(const struct expand *e);

void local_expand_free(struct expand *e);
