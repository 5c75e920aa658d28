/*
 * smtp_mime - content with bytes above 127, made fit for a server that takes
 * only 7 bits (RFC 6152 3, RFC 2045, RFC 2046).
 *
 * Lines go in, lines come out.  Each leaf part that has such bytes, or with a
 * limit lines that are longer, is encoded:
 * text as quoted-printable, the rest as base64; its Content-Transfer-Encoding
 * is replaced, and the label of what holds it becomes 7bit.  A message without
 * MIME becomes one (RFC 1428).  Header fields pass as they are.
 *
 * The content is read twice, because a part's header goes out before its body
 * is seen: smtp_mime_scan() learns which parts need it, and finds what cannot
 * be converted; then the same lines are given again.  All zero is ready for the
 * scan.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_encode.h"

#define MIME_DEPTH_MAX    50
#define MIME_HEADER_MAX   ((size_t)256 * 1024) /* of one part */
#define MIME_BOUNDARY_MAX 256

enum mime_where {
	MIME_HEADER,  /* of a part; collected until it ends */
	MIME_BETWEEN, /* around the parts of a multipart */
	MIME_LEAF,    /* in a part that passes as it is */
	MIME_LEAF_QP, /* in one that is being encoded */
	MIME_LEAF_B64,
};

struct mime_level {
	char boundary[MIME_BOUNDARY_MAX];
	size_t len;
	bool digest; /* parts are messages unless they say otherwise */
};

struct smtp_mime {
	bool converting; /* the second time */
	bool in_part;    /* the header in hand is a part's, not a
				      message's */
	bool opaque;     /* the leaf in hand cannot be encoded */
	bool line_due;   /* base64: the last line's end is not yet
				      encoded, it may belong to a boundary */
	enum mime_where where;
	struct mime_level *levels; /* of multiparts, outermost first */
	size_t depth;
	struct buf header; /* of the part in hand */
	struct buf needs;  /* a byte a leaf: why it must be encoded */
	size_t limit;      /* of a line, set in front of the scan; 0: none */
	size_t column;     /* of the line in hand */
	bool needed;       /* something is to be converted */
	size_t leaf;       /* number of the leaf in hand, from 1 */
	struct smtp_encoder encoder;
	const char *why; /* what cannot be converted; static */
};

/* A line or a piece of one, without its CRLF; first and last say whether the
 * line begins and ends here.  Nothing comes out before smtp_mime_convert(). */
void smtp_mime_line(struct smtp_mime *m, const char *bytes, size_t n,
    bool first, bool last, struct buf *out);

/* The same of bytes, cut anywhere; in_line begins as false, and says whether
 * the last line has not ended. */
void smtp_mime_bytes(struct smtp_mime *m, const char *bytes, size_t n,
    bool *in_line, struct buf *out);

/* All lines were given. */
void smtp_mime_end(struct smtp_mime *m, struct buf *out);

/* After the first time: false with the reason where it is not possible, else
 * ready for the lines again. */
MUST_CHECK bool smtp_mime_convert(struct smtp_mime *m, const char **why);

void smtp_mime_free(struct smtp_mime *m);
