/*
 * http - one HTTP/1.1 request and its answer (RFC 9112), as an engine without a
 * socket.
 *
 *	http_get(h, "mta-sts.example.org", "/.well-known/mta-sts.txt", 65536)
 *	http_input(h, ...)     what the server says
 *	    until h->state is HTTP_DONE or HTTP_FAILED (h->why)
 *
 * Strict: one answer and no other behind it, its length told by Content-Length
 * or by chunks (TLS does not prove the end of a body that only ends with the
 * connection), no coding but chunked, nothing longer than the limits.  A
 * redirection is an answer like any other and is not followed.
 *
 * Output is in h->port, which is closing when all is over.  Zero is one that
 * was not started.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "pump.h"
#include "str.h"

#define HTTP_HEAD_MAX ((size_t)16384) /* of the answer */

enum http_state {
	HTTP_BUSY,
	HTTP_DONE,   /* an answer with a status of 200 to 299 */
	HTTP_FAILED, /* another status, or what was said is no answer */
};

enum http_step {
	HTTP_STATUS,
	HTTP_FIELDS,
	HTTP_BODY,
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
};

struct http {
	struct port port;
	enum http_state state;
	const char *why; /* of HTTP_FAILED; static */
	int status;
	struct buf body;
	struct buf type; /* Content-Type's media type in lower case, without
			    its parameters */

	enum http_step step;
	struct buf line; /* one that has not come whole */
	size_t head;     /* bytes of status line and fields */
	size_t limit;    /* of the body */
	uint64_t left;   /* of the body or the chunk */
	bool chunked, measured, typed;
	bool headed; /* the head is all that is wanted */
};

void http_get(struct http *h, const char *host, const char *path, size_t limit);

/* Sends the body.  Of the answer the status counts, and nothing behind the
 * head is read. */
void http_post(struct http *h, const char *host, const char *path,
    const char *type, struct slice body);

/* Bytes of the answer; all are taken. */
void http_input(struct http *h, const char *bytes, size_t n);

/* The connection is over. */
void http_lost(struct http *h);

void http_free(struct http *h);
