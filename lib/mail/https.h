/*
 * https - one HTTPS request to a host named by a URL: the DNS, the connection,
 * TLS with a certificate for the name (RFC 9110 4.3.4), and the answer.
 *
 *	https_open(CA file)                   before the rights are given up
 *	https_start(r, &want, done, owner)    done(owner) is called once
 *	    r->ok, r->http, r->fault, r->why
 *	https_free(r)
 *
 * Needs the DNS (dns_start()) and the loop.  Zero is one that was not started.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/types.h>

#include "arena.h"
#include "dns.h"
#include "http.h"

#define HTTPS_PORT      443
#define HTTPS_ADDRESSES ((size_t)6) /* that are tried */

struct https_want {
	const char *host; /* a name; what the certificate is for */
	uint16_t port;    /* 0: HTTPS_PORT */
	const char *path; /* "/..." with its query */
	const char *type; /* of a body that is posted; NULL: a GET */
	struct slice body;
	size_t limit; /* of the answer's body */
	int64_t time; /* milliseconds for all of it */
};

/* How far it came. */
enum https_fault {
	HTTPS_NO_HOST,    /* the DNS has no address */
	HTTPS_NO_CONNECT, /* nobody answers there */
	HTTPS_NO_TLS,     /* no agreement on TLS */
	HTTPS_BAD_CERT,   /* not for the name, too old, of nobody we trust */
	HTTPS_NO_ANSWER,  /* http.why */
	HTTPS_TOO_LATE,
};

typedef void https_fn(void *owner);

struct https {
	bool ok;
	enum https_fault fault;
	const char *why; /* of not ok; in the arena or static */
	struct http http;

	struct arena arena;
	struct pump pump;
	struct loop_timer timer;
	struct https_want want;
	https_fn *done;
	void *owner;
	struct dns_query *queries[2];
	size_t waiting; /* for so many of them */
	const char *addresses[HTTPS_ADDRESSES];
	size_t n, next;
	const char *trouble; /* the last one on the way to a connection */
	SSL *ssl;            /* NULL before the handshake */
	bool shook;          /* hands */
	bool over;
};

/* The CAs that are trusted; false with why where they cannot be read: then
 * nobody is. */
bool https_open(const char *ca_file, const char **why);

/* Copies what is wanted.  done may come before this returns. */
void https_start(struct https *r, const struct https_want *want, https_fn *done,
    void *owner);

/* Allowed at any time, also in done; it is not called any more. */
void https_free(struct https *r);

/* "https://HOST[:PORT]/PATH" taken apart; the rest of *out is left alone. */
MUST_CHECK bool https_parse_url(struct arena *a, struct slice url,
    struct https_want *out);
