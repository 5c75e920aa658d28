/*
 * recipients - lists of a domain's recipients, carried from its primary to its
 * backup (posthouse recipients).
 *
 * The file is text:
 *
 *	posthouse-recipients 1
 *	form plain                         or
 *	form hashed pbkdf2-sha256 1000 0123456789abcdef0123456789abcdef
 *	domain example.org complete        or partial: some could not be listed
 *	alice@example.org                  or 64 hexadecimal digits
 *	@example.org                       every recipient
 *	domain ...
 *	end 2                              entries in all
 *
 * Lines that begin with # are comments.  All is in lower case; an address is
 * hashed with its domain, by PBKDF2 with HMAC-SHA-256, the file's own random
 * salt, and so many rounds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "str.h"

#define RECIPIENTS_SALT       ((size_t)16)
#define RECIPIENTS_HASH       ((size_t)32)
#define RECIPIENTS_ROUNDS     1000 /* half a millisecond: a client waits */
#define RECIPIENTS_ROUNDS_MAX 20000

/* How the addresses of a list stand there. */
struct recipients_form {
	bool hashed;
	int64_t rounds;
	uint8_t salt[RECIPIENTS_SALT];
};

struct recipients_domain {
	const char *name;
	bool complete;
	size_t n, room;
	const char **at; /* addresses, or hexadecimal digits */
};

struct recipients {
	struct arena arena; /* what all point to */
	struct recipients_form form;
	struct recipients_domain *domains;
	size_t n, room;
};

/* A whole file, or false with the number of the line that is wrong and why
 * (static); r is to be freed in either case. */
MUST_CHECK bool recipients_parse(struct recipients *r, struct slice text,
    size_t *line, const char **why);
void recipients_free(struct recipients *r);
#define CLEAN_RECIPIENTS CLEANUP(recipients_free)

/* Adds a domain, and an entry to it: the address in lower case, or its hash. */
struct recipients_domain *recipients_add_domain(struct recipients *r,
    const char *name);
void recipients_add(struct recipients *r, struct recipients_domain *d,
    const char *address);

/* The file's text. */
void recipients_put(struct buf *out, const struct recipients *r);

/* How an address stands in a list of this form.  Ends in log_fatal where the
 * library has no such hash. */
void recipients_key(struct buf *out, const struct recipients_form *f,
    const char *address);

/* ---- the lists in force ---- */

enum listed {
	LISTED_NO_LIST, /* of that domain there is none */
	LISTED_YES,
	LISTED_NO,    /* but the list is not the last word */
	LISTED_NEVER, /* it is */
	LISTED_FAILED,
};

/* Before the rights are given up; a table that is not there is no list.  False
 * with why where there is one that cannot be read: no list is in force then. */
MUST_CHECK bool recipients_open(const char **why);

/* An address without its extension, and its domain as a whole, count too. */
enum listed recipients_find(struct arena *a, const char *address);

/* Puts the lists of a file in the place of those of its domains, and leaves
 * others alone; `final` makes them the last word.  Takes the list of a domain
 * out.  In force at once where the table was there when programs began. */
MUST_CHECK bool recipients_install(const struct recipients *r, bool final,
    int64_t now, const char **why);
MUST_CHECK enum found recipients_remove(const char *domain, const char **why);

/* What is known of a list in force. */
struct recipients_info {
	struct recipients_form form;
	bool final, complete;
	int64_t when; /* wall clock */
	int64_t n;
};

/* Each domain with a list; false where the table cannot be read. */
typedef void recipients_fn(void *arg, const char *domain,
    const struct recipients_info *info);
MUST_CHECK bool recipients_each(recipients_fn *fn, void *arg, const char **why);
